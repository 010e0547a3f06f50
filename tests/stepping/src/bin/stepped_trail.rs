//! [`stepped`] with trails: a program of its own, so that neither is built over the other.

#[path = "stepped.rs"]
#[expect(unsafe_code, reason = "as there")]
mod stepped;

fn main() {
    stepped::main();
}
