//! Takes the terminal as `inspect top` does and panics: on the thread that has the screen, or with the
//! argument `beside` on another one. What is left of the terminal is tested.

use std::time::{Duration, Instant};

use inspect::top::terminal::{Event, Screen, panicked};

fn main() -> std::io::Result<()> {
    let mut screen = Screen::enter()?;
    screen.draw(|frame| frame.render_widget("the screen is taken", frame.area()))?;
    // Until a key, so that the test sees the screen taken.
    while !matches!(screen.wait(Instant::now() + Duration::from_secs(60))?, Event::Key(_)) {}
    if std::env::args().nth(1).as_deref() == Some("beside") {
        let ended = std::thread::spawn(|| panic!("beside the screen")).join();
        assert!(ended.is_err());
        screen.draw(|frame| frame.render_widget("the screen is still taken", frame.area()))?;
        while !matches!(screen.wait(Instant::now() + Duration::from_secs(60))?, Event::Key(_)) {}
        drop(screen);
        eprintln!("kept: {}", panicked().unwrap_or_default());
        return Ok(());
    }
    panic!("with the screen taken");
}
