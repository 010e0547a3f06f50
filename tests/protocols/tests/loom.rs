//! Every scenario in every order.
#![cfg(not(miri))]

use protocols::under_loom::models;

macro_rules! scenarios {
    ($($name:ident),* $(,)?) => { $(
        #[test]
        fn $name() {
            models::$name();
        }
    )* };
}

include!("scenarios.rs");
