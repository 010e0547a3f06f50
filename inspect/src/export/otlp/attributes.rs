//! Attributes, resources and scopes: what all three signals say of where they are from.

use crate::export::protobuf::Message;
use crate::model::BoardReport;
use crate::recording::BoardInfo;
use crate::words::term::term;

/// A value of an attribute.
pub(super) enum Of<'a> {
    Text(&'a str),
    Number(u64),
    Yes(bool),
}

/// An attribute. Text of a daemon is made harmless: what reads it may print it.
pub(super) fn attribute(key: &str, value: &Of<'_>) -> Message {
    let mut any = Message::default();
    match value {
        Of::Text(text) => any.text(1, &term(text)),
        Of::Number(number) => any.sure(3, *number),
        Of::Yes(yes) => any.sure(2, u64::from(*yes)),
    };
    let mut attribute = Message::default();
    attribute.text(1, key).message(2, &any);
    attribute
}

/// A process, as resources have it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct About {
    /// Name of the board, unless the environment names the service.
    pub service: String,
    /// The run of the daemon.
    pub instance: u64,
    /// What was built.
    pub build: String,
    /// Path of the program.
    pub program: String,
    /// Process id.
    pub pid: u64,
    /// Where the board is.
    pub path: String,
    /// Attributes of whoever exports: host, and what `OTEL_RESOURCE_ATTRIBUTES` says.
    pub more: Vec<(String, String)>,
}

impl About {
    /// The process of a report.
    pub fn report(report: &BoardReport, more: &[(String, String)]) -> Self {
        let text = |label: &Option<crate::words::label::Label>| {
            label.as_ref().map(|label| label.raw().to_owned()).unwrap_or_default()
        };
        Self {
            service: report.name.raw().to_owned(),
            instance: report.instance,
            build: text(&report.build),
            program: text(&report.program),
            pid: report.pid,
            path: report.path.clone(),
            more: more.to_vec(),
        }
    }

    /// The process of samples.
    pub fn sampled(board: &BoardInfo, more: &[(String, String)]) -> Self {
        Self {
            service: board.name.raw().to_owned(),
            instance: board.instance,
            build: board.build.raw().to_owned(),
            program: board.program.raw().to_owned(),
            pid: board.pid,
            path: String::new(),
            more: more.to_vec(),
        }
    }

    pub(super) fn resource(&self) -> Message {
        let instance = format!("{:016x}", self.instance);
        let mut all = vec![
            ("service.name", Of::Text(&self.service)),
            ("service.instance.id", Of::Text(&instance)),
            ("service.version", Of::Text(&self.build)),
            ("process.pid", Of::Number(self.pid)),
            ("process.executable.path", Of::Text(&self.program)),
            ("scoreboard.board.path", Of::Text(&self.path)),
        ];
        // What the environment says goes before what we know.
        all.retain(|(key, value)| {
            !matches!(value, Of::Text("")) && !self.more.iter().any(|(said, _)| said == key)
        });
        let mut resource = Message::default();
        for (key, value) in &all {
            resource.message(1, &attribute(key, value));
        }
        for (key, value) in &self.more {
            resource.message(1, &attribute(key, &Of::Text(value)));
        }
        resource
    }
}

/// Who says so.
pub(super) fn scope(more: &[(&str, Of<'_>)]) -> Message {
    let mut scope = Message::default();
    scope.text(1, "scoreboard").text(2, env!("CARGO_PKG_VERSION"));
    for (key, value) in more {
        scope.message(3, &attribute(key, value));
    }
    scope
}
