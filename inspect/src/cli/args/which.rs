//! Which board is meant, after a verb.

use clap::Args;

/// A bare target after a verb.
#[derive(Clone, Debug, Args)]
pub struct Which {
    /// Board name, pid or path.
    #[arg(value_name = "TARGET", id = "which")]
    pub target: Option<String>,
}
