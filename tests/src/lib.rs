//! What the tests about the whole share: building and starting programs, waiting for conditions with a
//! deadline, and looking at compiled code.

pub mod alone;
pub mod asked;
pub mod behind;
pub mod build;
pub mod cgroup;
pub mod code;
pub mod costs;
pub mod demo;
pub mod exported;
pub mod fake;
pub mod format;
pub mod growth;
pub mod http;
pub mod inject;
pub mod journal;
pub mod list;
pub mod merged;
pub mod naive;
pub mod often;
pub mod parallel;
pub mod picture;
pub mod program;
pub mod python;
pub mod ready;
pub mod served;
pub mod session;
pub mod soak;
pub mod terminal;
pub mod wait;
