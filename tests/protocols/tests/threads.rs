//! Every scenario on real threads; under Miri, on as many schedules as there are seeds.

use protocols::under_std::models;

macro_rules! scenarios {
    ($($name:ident),* $(,)?) => { $(
        #[test]
        fn $name() {
            models::$name();
        }
    )* };
}

include!("scenarios.rs");
