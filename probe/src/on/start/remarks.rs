//! What `probe` has to say, also on the board.
#![expect(unsafe_code, reason = "declares a number, in the section of those that are declared")]

use crate::on::ground::say;
use crate::on::numbers::declared::Declared;
use crate::on::numbers::fact::Fact;

/// The remarks on the board.
static ON_BOARD: Fact = {
    #[used]
    // SAFETY: of the type that is gathered there.
    #[unsafe(link_section = "probe_metrics")]
    static DECLARED: Declared = Declared::Fact(&ON_BOARD);
    Fact::new("probe_remarks")
};

/// Says one thing, once, on stderr and on the board.
pub(crate) fn say(text: &str) {
    say::say(text);
    tell_board();
}

/// Puts all that was said on the board, if there is one.
pub(super) fn tell_board() {
    let text = say::remarks().join("; ");
    if !text.is_empty() {
        ON_BOARD.set(&text);
    }
}
