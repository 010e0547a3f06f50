//! What the rows of a report are made by.

use probe::layout::Class;

use crate::recording::SiteInfo;
use crate::words::label::Label;

/// What a row is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
#[non_exhaustive]
pub enum By {
    /// A probed line.
    #[default]
    Line,
    /// A function.
    Function,
    /// A thread.
    Thread,
    /// A label.
    Label,
    /// The open scopes and the line.
    Stack,
}

/// What a share is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
#[non_exhaustive]
pub enum Weight {
    /// Samples of threads.
    #[default]
    Samples,
    /// Ticks, each shared by the threads that work at it (Anderson, Lazowska: Quartz, 1990): what runs alone weighs most.
    Parallel,
}

/// A place in the source, without the board and the column.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Spot {
    /// Source file; empty for an unknown site.
    pub file: Label,
    /// Line.
    pub line: u32,
    /// Function.
    pub function: Label,
    /// Label.
    pub label: Label,
    /// Class.
    pub class: Class,
}

impl Spot {
    /// A place of a source.
    pub fn new(file: Label, line: u32, function: Label, label: Label, class: Class) -> Self {
        Self { file, line, function, label, class }
    }
}

impl From<&SiteInfo> for Spot {
    fn from(site: &SiteInfo) -> Self {
        Self {
            file: site.file.clone(),
            line: site.line,
            function: site.function.clone(),
            label: site.label.clone(),
            class: site.class,
        }
    }
}

/// What makes two samples belong to one row.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Key {
    /// A probed line.
    Line(Spot),
    /// A function, in one class.
    Function(Label, Label, Class),
    /// A label, in one class.
    Label(Label, Class),
    /// A thread: name, process, thread id.
    Thread(Label, u64, u64),
    /// Scopes and line.
    Stack(Vec<Spot>),
    /// Where the thread was could not be read.
    Torn,
}

impl Key {
    /// The line that it is at, where it is one.
    pub fn spot(&self) -> Option<&Spot> {
        match self {
            Self::Line(spot) => Some(spot),
            Self::Stack(spots) => spots.last(),
            _ => None,
        }
    }

    /// The class, where it has one.
    pub fn class(&self) -> Option<Class> {
        match self {
            Self::Function(_, _, class) | Self::Label(_, class) => Some(*class),
            Self::Thread(..) | Self::Torn => None,
            Self::Line(_) | Self::Stack(_) => self.spot().map(|spot| spot.class),
        }
    }

    /// Bytes of all of its texts.
    pub(super) fn weight(&self) -> u64 {
        self.texts().iter().map(|text| text.raw().len() as u64).sum()
    }

    /// Bytes that it takes; its texts are shared.
    pub(super) fn size(&self) -> u64 {
        let more =
            if let Self::Stack(spots) = self { std::mem::size_of_val(&spots[..]) } else { 0 };
        (size_of::<Self>() + more) as u64
    }

    /// Every text in it.
    pub fn texts(&self) -> Vec<&Label> {
        match self {
            Self::Line(spot) => vec![&spot.file, &spot.function, &spot.label],
            Self::Function(file, function, _) => vec![file, function],
            Self::Label(label, _) => vec![label],
            Self::Thread(name, ..) => vec![name],
            Self::Stack(spots) => {
                spots.iter().flat_map(|spot| [&spot.file, &spot.function, &spot.label]).collect()
            }
            Self::Torn => Vec::new(),
        }
    }
}
