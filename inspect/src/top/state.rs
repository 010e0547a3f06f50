//! What the keys have made of the screen so far: view, order, filter, selection. Pure: keys in, wishes
//! out; it knows no terminal and no board.

use std::time::Duration;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::cursor::Cursor;
use crate::render::Sort;
use crate::words::glob::glob;
use crate::words::label::Label;

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// A little of everything.
    Overview,
    /// Threads.
    Threads,
    /// Queues.
    Queues,
    /// Counters, gauges, ratios, heartbeats, progress, histograms, facts.
    Numbers,
    /// The line histogram.
    Lines,
    /// Operations.
    Ops,
}

/// A view's place on the screen: another view is another line here and a page in `view`.
pub struct Tab<V = View> {
    /// The key that leads there.
    pub key: char,
    /// What it is called.
    pub name: &'static str,
    /// The view.
    pub view: V,
    /// The orders that it can be in; the first is how it begins.
    pub sorts: &'static [&'static str],
    /// What Enter lays over it, of the row that is selected.
    pub opens: fn(u64) -> Over,
}

/// Every view, in order.
pub const TABS: &[Tab] = &[
    Tab {
        key: '1',
        name: "overview",
        view: View::Overview,
        sorts: THREAD_SORTS,
        opens: Over::Thread,
    },
    Tab {
        key: '2',
        name: "threads",
        view: View::Threads,
        sorts: THREAD_SORTS,
        opens: Over::Thread,
    },
    Tab {
        key: '3',
        name: "queues",
        view: View::Queues,
        sorts: &["board", "depth", "oldest", "rate", "wait", "load"],
        opens: Over::Thread,
    },
    Tab {
        key: '4',
        name: "numbers",
        view: View::Numbers,
        sorts: &["board", "name", "rate", "value"],
        opens: Over::Thread,
    },
    Tab {
        key: '5',
        name: "lines",
        view: View::Lines,
        sorts: &["samples", "place", "hits", "class"],
        opens: Over::Thread,
    },
    Tab {
        key: '6',
        name: "ops",
        view: View::Ops,
        sorts: &["active", "age", "status", "kind"],
        opens: Over::Op,
    },
];

const THREAD_SORTS: &[&str] = &["first", "slot", "name", "load", "since", "line"];

/// The same orders for the plain table's sorting.
const THREAD_ORDERS: [Sort; 6] = Sort::THREADS;

/// Windows of the line histogram, seconds.
const WINDOWS: [u64; 6] = [1, 3, 10, 20, 30, 60];

/// Characters of a filter.
const MAX_FILTER: usize = 100;

/// What is laid over the view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// Nothing.
    Nothing,
    /// The keys.
    Help,
    /// One thread, by its id.
    Thread(u64),
    /// One operation, by its number.
    Op(u64),
    /// A board, an operation or a host of many hosts, by its number.
    Row(u64),
}

/// What a key asks of the rest of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing: the key means nothing here.
    None,
    /// Draw.
    Draw,
    /// Look at the board again at once and draw.
    Look,
    /// Everything on the screen anew.
    Redraw,
    /// Show another board.
    Board(isize),
    /// Request that this operation be cancelled: the user is sure.
    Cancel(u64),
    /// Stop the process, as Ctrl-Z does.
    Suspend,
    /// End.
    Quit,
}

/// The state of the screen.
#[derive(Clone)]
pub struct State<V: 'static = View> {
    /// Every view, in order.
    pub tabs: &'static [Tab<V>],
    /// Index of the view in them.
    pub tab: usize,
    /// What is over it.
    pub over: Over,
    /// Nothing on the screen moves.
    pub paused: bool,
    /// Only what contains this, or matches it when it has `*` or `?`.
    pub filter: String,
    /// The filter is being typed.
    pub typing: bool,
    /// Numbers that were never used too.
    pub all: bool,
    /// Idle samples count.
    pub idle: bool,
    /// Index of the window of the line histogram.
    wide: usize,
    sort: Vec<usize>,
    reverse: Vec<bool>,
    cursors: Vec<Cursor>,
    /// Of the text that is over the view.
    pub text: Cursor,
    /// Rows of a page, for the keys that go by pages.
    pub page: usize,
    /// Enter was pressed: the next picture opens what is selected, which only it knows.
    pub opening: bool,
    /// The key that cancels was pressed: the next picture asks whether what is selected is meant.
    pub cancelling: bool,
    /// The operation whose cancellation waits for a yes.
    pub asked: Option<u64>,
}

impl State {
    /// How the screen of a board begins.
    pub fn new(sort: Sort, filter: Option<&str>, all: bool) -> Self {
        let order = THREAD_ORDERS.iter().position(|one| *one == sort).unwrap_or(0);
        let mut state = Self::of(TABS, filter, all);
        let threads = TABS.iter().map(|tab| tab.sorts == THREAD_SORTS);
        state.sort = threads.map(|threads| if threads { order } else { 0 }).collect();
        state
    }

    /// The order of threads, in the views that have them.
    pub fn threads_sort(&self) -> Sort {
        THREAD_ORDERS[self.sort[self.tab].min(THREAD_ORDERS.len() - 1)]
    }
}

impl<V: Copy + PartialEq> State<V> {
    /// How a screen of these views begins.
    pub fn of(tabs: &'static [Tab<V>], filter: Option<&str>, all: bool) -> Self {
        Self {
            tabs,
            tab: 0,
            over: Over::Nothing,
            paused: false,
            filter: filter.unwrap_or_default().chars().take(MAX_FILTER).collect(),
            typing: false,
            all,
            idle: false,
            wide: 2,
            sort: vec![0; tabs.len()],
            reverse: vec![false; tabs.len()],
            cursors: vec![Cursor::default(); tabs.len()],
            text: Cursor::default(),
            page: 10,
            opening: false,
            cancelling: false,
            asked: None,
        }
    }

    /// The view.
    pub fn view(&self) -> V {
        self.tabs[self.tab].view
    }

    /// The order of the view: its name, and whether it is turned round.
    pub fn sort(&self) -> (&'static str, bool) {
        (self.tabs[self.tab].sorts[self.sort[self.tab]], self.reverse[self.tab])
    }

    /// The order that a view is in, as its place among those that it can be in.
    pub fn sort_of(&self, tab: usize) -> usize {
        self.sort[tab]
    }

    /// The window of the line histogram.
    pub fn window(&self) -> Duration {
        Duration::from_secs(WINDOWS[self.wide])
    }

    /// The cursor of the view.
    pub fn cursor(&mut self) -> &mut Cursor {
        &mut self.cursors[self.tab]
    }

    /// Whether one of these texts passes the filter.
    pub fn shows(&self, texts: &[&Label]) -> bool {
        if self.filter.is_empty() {
            return true;
        }
        let wanted = self.filter.to_lowercase();
        let wanted = if wanted.contains(['*', '?']) { wanted } else { format!("*{wanted}*") };
        texts.iter().any(|text| glob(&wanted, &text.raw().to_lowercase()))
    }

    /// Opens what is selected, if Enter was pressed. Says whether it did.
    pub fn open(&mut self, selected: Option<u64>) -> bool {
        match selected.filter(|_| std::mem::take(&mut self.opening)) {
            Some(number) => {
                self.lay_over((self.tabs[self.tab].opens)(number));
                true
            }
            None => false,
        }
    }

    /// Takes a key.
    pub fn key(&mut self, key: KeyEvent) -> Action {
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return self.with_control(key.code);
        }
        if self.typing {
            return self.type_filter(key.code);
        }
        // A question that nobody has seen is not asked after other keys.
        self.cancelling = false;
        if let Some(number) = self.asked.take() {
            // Anything but a yes is a no.
            let sure = matches!(key.code, KeyCode::Char('y' | 'Y'));
            return if sure { Action::Cancel(number) } else { Action::Draw };
        }
        match key.code {
            KeyCode::Up | KeyCode::Char('k') => self.go(-1),
            KeyCode::Down | KeyCode::Char('j') => self.go(1),
            KeyCode::PageUp => self.go(-(self.page as isize)),
            KeyCode::PageDown => self.go(self.page as isize),
            KeyCode::Home | KeyCode::Char('g') => self.go(-(isize::MAX / 2)),
            KeyCode::End | KeyCode::Char('G') => self.go(isize::MAX / 2),
            code => self.command(code),
        }
    }

    /// What is no way through a list.
    fn command(&mut self, code: KeyCode) -> Action {
        match code {
            KeyCode::Char('q' | 'Q') | KeyCode::F(10) => Action::Quit,
            KeyCode::Char('?' | 'h') | KeyCode::F(1) => self.lay_over(Over::Help),
            KeyCode::Esc => self.escape(),
            KeyCode::Tab | KeyCode::Right => self.turn(1),
            KeyCode::BackTab | KeyCode::Left => self.turn(-1),
            KeyCode::Enter => {
                self.opening = self.over == Over::Nothing;
                Action::Draw
            }
            KeyCode::Char('/') => {
                (self.typing, self.over) = (true, Over::Nothing);
                Action::Draw
            }
            KeyCode::Char('s') => {
                let orders = self.tabs[self.tab].sorts.len();
                let sort = &mut self.sort[self.tab];
                *sort = (*sort + 1) % orders;
                Action::Draw
            }
            KeyCode::Char('r') => flip(&mut self.reverse[self.tab]),
            KeyCode::Char('p' | ' ') => {
                self.paused = !self.paused;
                if self.paused { Action::Draw } else { Action::Look }
            }
            KeyCode::Char('a') => flip(&mut self.all),
            KeyCode::Char('i') => flip(&mut self.idle),
            KeyCode::Char('w') => self.widen(1),
            KeyCode::Char('W') => self.widen(WINDOWS.len() - 1),
            KeyCode::Char('[') => Action::Board(-1),
            KeyCode::Char(']') => Action::Board(1),
            KeyCode::Char('c') => {
                self.cancelling = true;
                Action::Draw
            }
            KeyCode::Char(char) => match self.tabs.iter().position(|tab| tab.key == char) {
                Some(tab) => {
                    (self.tab, self.over) = (tab, Over::Nothing);
                    Action::Draw
                }
                None => Action::None,
            },
            _ => Action::None,
        }
    }

    fn with_control(&mut self, code: KeyCode) -> Action {
        match code {
            KeyCode::Char('c') => Action::Quit,
            KeyCode::Char('z') => Action::Suspend,
            KeyCode::Char('l') => Action::Redraw,
            KeyCode::Char('u') if self.typing => self.retype(String::new()),
            KeyCode::Char('d') => self.go(self.page as isize / 2),
            KeyCode::Char('u') => self.go(-(self.page as isize / 2)),
            _ => Action::None,
        }
    }

    fn type_filter(&mut self, code: KeyCode) -> Action {
        match code {
            KeyCode::Enter => self.typing = false,
            KeyCode::Esc => {
                self.typing = false;
                self.filter.clear();
            }
            KeyCode::Backspace => drop(self.filter.pop()),
            KeyCode::Char(char) if self.filter.chars().count() < MAX_FILTER => {
                self.filter.push(char)
            }
            _ => return Action::None,
        }
        Action::Draw
    }

    fn retype(&mut self, filter: String) -> Action {
        self.filter = filter;
        Action::Draw
    }

    fn lay_over(&mut self, over: Over) -> Action {
        // The key that shows the help also takes it away.
        self.over = if self.over == over { Over::Nothing } else { over };
        self.text = Cursor::default();
        Action::Draw
    }

    /// One step back: what is over the view, else the filter, else the pause.
    fn escape(&mut self) -> Action {
        if self.over != Over::Nothing {
            self.over = Over::Nothing;
        } else if !self.filter.is_empty() {
            self.filter.clear();
        } else if self.paused {
            self.paused = false;
            return Action::Look;
        } else {
            return Action::None;
        }
        Action::Draw
    }

    fn go(&mut self, by: isize) -> Action {
        match self.over {
            Over::Nothing => self.cursor().step(by),
            _ => self.text.step(by),
        }
        Action::Draw
    }

    fn turn(&mut self, by: isize) -> Action {
        self.tab = (self.tab as isize + by).rem_euclid(self.tabs.len() as isize) as usize;
        self.over = Over::Nothing;
        Action::Draw
    }

    fn widen(&mut self, by: usize) -> Action {
        self.wide = (self.wide + by) % WINDOWS.len();
        if self.paused { Action::None } else { Action::Look }
    }
}

fn flip(what: &mut bool) -> Action {
    *what = !*what;
    Action::Draw
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> State {
        State::new(Sort::Load, None, false)
    }

    fn press(state: &mut State, keys: &str) -> Action {
        let keys = keys.chars().map(|char| match char {
            '\n' => KeyCode::Enter,
            '\x1b' => KeyCode::Esc,
            '\x08' => KeyCode::Backspace,
            char => KeyCode::Char(char),
        });
        keys.fold(Action::None, |_, code| state.key(code.into()))
    }

    #[test]
    fn q_in_a_filter_is_a_letter_and_elsewhere_the_end() {
        for quit in ["q", "Q", "?q", "/x\nq"] {
            assert_eq!(press(&mut state(), quit), Action::Quit, "{quit:?}");
        }
        let mut state = state();
        assert_eq!(press(&mut state, "/qQ?x\x08"), Action::Draw);
        assert_eq!(state.filter, "qQ?");
        let control = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(state.key(control), Action::Quit);
        press(&mut state, "\x1b");
        assert!(state.filter.is_empty() && !state.typing);
    }

    #[test]
    fn a_filter_is_found_anywhere_whatever_its_case_or_is_a_pattern() {
        let mut state = state();
        let label = Label::from("Store-Core");
        for (filter, shown) in
            [("", true), ("core", true), ("core*", false), ("s*e", true), ("x", false)]
        {
            state.filter = filter.to_owned();
            assert_eq!(state.shows(&[&Label::from("other"), &label]), shown, "{filter}");
        }
    }

    #[test]
    fn escape_goes_back_one_step_at_a_time_and_never_ends() {
        let mut state = state();
        press(&mut state, "/x\np\n");
        assert!(!state.open(None) && state.open(Some(7)) && !state.open(Some(8)));
        assert_eq!(state.over, Over::Thread(7));
        let left = |state: &State| (state.over, state.filter.clone(), state.paused);
        press(&mut state, "\x1b");
        assert_eq!(left(&state), (Over::Nothing, "x".into(), true));
        press(&mut state, "\x1b");
        assert_eq!(left(&state), (Over::Nothing, String::new(), true));
        assert_eq!(press(&mut state, "\x1b"), Action::Look);
        assert_eq!(press(&mut state, "\x1b"), Action::None);
    }

    #[test]
    fn each_view_keeps_its_own_order_and_threads_begin_as_asked() {
        let mut state = state();
        assert_eq!(state.sort(), ("load", false));
        press(&mut state, "3sr");
        assert_eq!(state.sort(), ("depth", true));
        press(&mut state, "2");
        assert_eq!((state.sort(), state.threads_sort()), (("load", false), Sort::Load));
        for tab in TABS {
            press(&mut state, &tab.key.to_string());
            assert_eq!(state.view(), tab.view);
            (0..10).for_each(|_| assert_eq!(press(&mut state, "s"), Action::Draw));
        }
    }
}
