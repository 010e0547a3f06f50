//! `top`: the live screen. One loop waits for keys, signals and time; what is drawn is made from a report
//! of the board and a histogram of its lines, and from nothing else.
//!
//! ```text
//! watch (board, sampler, history) ─► Seen ─┐
//! terminal ─► key ─► state ────────────────┴─► view ─► terminal
//! ```

pub mod cursor;
pub mod histogram;
pub mod history;
#[cfg(feature = "serve")]
pub mod hosts;
pub mod keys;
pub mod sampling;
pub mod state;
pub mod terminal;
pub mod view;
pub mod watch;
mod way;

use std::time::Instant;

use nix::sys::signal::Signal;

use state::{Action, State};
use terminal::{Event, Screen};
use view::Ink;
use watch::Watch;
use way::{BETWEEN, FASTEST};
pub use way::{Options, TopError};

/// Shows boards until the user has seen enough. Returns the signal that ended it, if one did: the
/// terminal is given back by then, and the caller may let the signal have its way.
///
/// # Errors
/// [`TopError`]; the terminal is given back before.
pub fn run(
    watch: impl FnOnce() -> std::io::Result<Watch>,
    mut state: State,
    options: &Options,
) -> Result<Option<Signal>, TopError> {
    let ink = Ink { color: options.color };
    let interval = options.interval.max(FASTEST);
    let mut screen = Screen::enter()?;
    // After the screen: threads that are started now leave its signals to it.
    let mut watch = watch()?;
    let mut seen = watch.look(state.window())?;
    let mut next_look = Instant::now() + interval;
    let mut rounds = 1;
    let mut drawn = None::<Instant>;
    let mut dirty = true;
    loop {
        let now = Instant::now();
        if dirty && drawn.is_none_or(|at| now >= at + BETWEEN) {
            screen.draw(|frame| view::draw(frame, &seen, &mut state, ink))?;
            (drawn, dirty) = (Some(now), false);
        }
        if options.count.is_some_and(|count| rounds >= count) && !dirty {
            return Ok(None);
        }
        let until = match drawn {
            Some(at) if dirty => next_look.min(at + BETWEEN),
            _ => next_look,
        };
        let mut look = false;
        match turn(screen.wait(until)?, &mut state, &mut screen, &mut watch)? {
            Turn::Nothing => {}
            Turn::Draw => dirty = true,
            Turn::Look => look = true,
            Turn::End(signal) => return Ok(signal),
        }
        let now = Instant::now();
        if now >= next_look || look {
            if now >= next_look {
                // Never a burst to catch up.
                next_look = (next_look + interval).max(now);
                rounds += 1;
            }
            // While it is paused the board is watched on, so that nothing is missing afterwards.
            match watch.look(state.window()) {
                Ok(new) if !state.paused || look => (seen, dirty) = (new, true),
                Ok(_) => {}
                // What was read before is still worth seeing.
                Err(error) => (seen.trouble, dirty) = (Some(error.to_string()), true),
            }
            if watch.broke() {
                return Err(TopError::Sampler(terminal::panicked().unwrap_or_default()));
            }
        }
    }
}

/// What an event comes to.
enum Turn {
    Nothing,
    /// The screen is not what it should be.
    Draw,
    /// The board is to be read now.
    Look,
    /// The user has seen enough, or this signal came.
    End(Option<Signal>),
}

/// What becomes of an event.
fn turn(
    event: Event,
    state: &mut State,
    screen: &mut Screen,
    watch: &mut Watch,
) -> Result<Turn, TopError> {
    Ok(match event {
        Event::Time | Event::News => Turn::Nothing,
        Event::Redraw => Turn::Draw,
        Event::Suspend => {
            screen.suspend()?;
            Turn::Draw
        }
        Event::End(Signal::SIGINT) => Turn::End(None),
        Event::End(signal) => Turn::End(Some(signal)),
        Event::Key(key) => match state.key(key) {
            Action::None => Turn::Nothing,
            Action::Draw => Turn::Draw,
            Action::Look => Turn::Look,
            Action::Redraw => {
                screen.forget()?;
                Turn::Draw
            }
            Action::Board(by) => {
                watch.turn(by)?;
                Turn::Look
            }
            Action::Suspend => {
                screen.suspend()?;
                Turn::Draw
            }
            // Of screens over hosts.
            Action::Cancel(_) => Turn::Draw,
            Action::Quit => Turn::End(None),
        },
    })
}
