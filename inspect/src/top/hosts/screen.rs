//! The loop: news, keys and time in, pictures out.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::asker::{Asker, News};
use super::look::{About, Aim};
use super::seen::{Seen, Whole};
use super::tabs::View;
use super::view::draw;
use crate::endpoints::{Hosted, List, OpsOf, Trust};
use crate::top::state::{Action, Over, State};
use crate::top::terminal::{Event, Screen, panicked};
use crate::top::view::page::Ink;
use crate::top::way::{BETWEEN, FASTEST, Options, TopError};
use crate::words::term::term;

/// How long it stands what came of a request.
const TOLD: Duration = Duration::from_secs(20);
/// Between two looks at the clock while nothing happens.
const TICK: Duration = Duration::from_millis(500);

/// What is on the screen, and who asks.
struct Live {
    asker: Asker,
    seen: Seen,
    /// What is to be shown when the pause ends.
    behind: Option<Seen>,
    aim: Aim,
    told: Option<(Instant, String)>,
    looks: u64,
}

/// Shows hosts until the user has seen enough. Returns the signal that ended it, if one did: the terminal is given
/// back by then.
///
/// # Errors
/// [`TopError`]; the terminal is given back before.
pub fn run(
    whom: (List, Trust),
    about: About,
    mut state: State<View>,
    options: &Options,
) -> Result<Option<Signal>, TopError> {
    let ink = Ink { color: options.color };
    let mut screen = Screen::enter()?;
    let aim = aim(&state, &Seen::default(), None);
    let asker = Asker::start(whom, about, aim.clone(), options.interval.max(FASTEST))?;
    let mut live = Live { asker, seen: Seen::default(), behind: None, aim, told: None, looks: 0 };
    let (mut drawn, mut dirty) = (None::<Instant>, true);
    loop {
        let now = Instant::now();
        if dirty && drawn.is_none_or(|at| now >= at + BETWEEN) {
            let told = live.told.as_ref().filter(|(at, _)| at.elapsed() < TOLD);
            let told = told.map(|(_, text)| text.as_str());
            let known = live.looks > 0;
            screen.draw(|frame| draw(frame, known.then_some(&live.seen), &mut state, told, ink))?;
            (drawn, dirty) = (Some(now), false);
            live.follow(&state);
        }
        if options.count.is_some_and(|count| live.looks >= count) && !dirty {
            return Ok(None);
        }
        let until = drawn.filter(|_| dirty).map_or(now + TICK, |at| at + BETWEEN);
        match screen.wait_for(until, Some(live.asker.awake()))? {
            Event::Time => {}
            Event::News => dirty |= live.take(state.paused)?,
            Event::Redraw => dirty = true,
            Event::Suspend => {
                screen.suspend()?;
                dirty = true;
            }
            Event::End(Signal::SIGINT) => return Ok(None),
            Event::End(signal) => return Ok(Some(signal)),
            Event::Key(key) => match state.key(key) {
                Action::None => {}
                Action::Quit => return Ok(None),
                action => {
                    live.act(action, &mut screen)?;
                    dirty = true;
                }
            },
        }
    }
}

/// What the hosts are to be asked for, with these keys pressed.
fn aim(state: &State<View>, seen: &Seen, known: Option<&Whole>) -> Aim {
    let sort = match state.tabs[0].sorts[state.sort_of(0)] {
        // Each host's are together anyway.
        "host" => "active",
        sort => sort,
    };
    let whole = match state.over {
        // What is no longer in a list is still looked at.
        Over::Row(number) => {
            known.filter(|one| one.number == number).cloned().or_else(|| seen.whole_of(number))
        }
        _ => None,
    };
    Aim { sort, ended: state.all, whole }
}

impl Live {
    /// Has the hosts asked for what the screen now wants.
    fn follow(&mut self, state: &State<View>) {
        let aim = aim(state, &self.seen, self.aim.whole.as_ref());
        if aim != self.aim {
            self.aim = aim.clone();
            self.asker.aim(aim);
        }
    }

    /// Takes the news, and says whether the screen changes by them.
    fn take(&mut self, paused: bool) -> Result<bool, TopError> {
        let all = self.asker.news();
        let all = all.map_err(|_| TopError::Asker(panicked().unwrap_or_default()))?;
        let mut changed = false;
        for news in all {
            match news {
                News::Told(text) => (self.told, changed) = (Some((Instant::now(), text)), true),
                News::Seen(seen) => {
                    self.looks += 1;
                    if paused {
                        self.behind = Some(*seen);
                    } else {
                        (self.seen, self.behind, changed) = (*seen, None, true);
                    }
                }
            }
        }
        Ok(changed)
    }

    fn act(&mut self, action: Action, screen: &mut Screen) -> Result<(), TopError> {
        match action {
            Action::Look => {
                if let Some(seen) = self.behind.take() {
                    self.seen = seen;
                }
                self.asker.aim(self.aim.clone());
            }
            Action::Redraw => screen.forget()?,
            Action::Suspend => screen.suspend()?,
            Action::Cancel(number) => match self.meant(number) {
                Some(one) => {
                    let id = term(&one.row.op.id);
                    let host = self.seen.short(&one.endpoint);
                    let text = format!("{id} on {host}: requesting its cancellation");
                    self.told = Some((Instant::now(), text));
                    self.asker.cancel(one);
                }
                None => self.told = Some((Instant::now(), "it ended meanwhile".to_owned())),
            },
            Action::None | Action::Draw | Action::Board(_) | Action::Quit => {}
        }
        Ok(())
    }

    /// The operation of a number, as it was when the user said yes.
    fn meant(&self, number: u64) -> Option<Hosted<OpsOf>> {
        let found = self.seen.op(number).cloned();
        found.filter(|one| one.row.op.outcome.is_none())
    }
}
