//! What every request is answered from.

use std::sync::Arc;

use super::askers::Askers;
use super::grown::Grown;
use super::reply::Refusal;
use super::runs::Runs;
use super::settings::{Listen, Settings};
use super::shown::Shown;
use super::view::View;
use super::watch::Watch;

/// Handed to every request.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) settings: Arc<Settings>,
    pub(super) watch: Watch,
    /// What grows without an end.
    pub(super) grown: Arc<Grown>,
    /// Profiles under way.
    pub(super) runs: Runs,
    /// Who asks other hosts, where their boards are served.
    pub(super) askers: Askers,
    /// Where it listens: the port that was given for 0.
    pub(super) at: Listen,
}

impl Shared {
    /// A look at the boards.
    ///
    /// # Errors
    /// There is none yet, and none comes.
    pub(super) async fn view(&self) -> Result<Arc<View>, Refusal> {
        let view = self.watch.view().await;
        view.ok_or_else(|| Refusal::busy("no board could be looked at in time", 1))
    }
}

/// The boards that are meant, at least one.
///
/// # Errors
/// There is none of that name.
pub(super) fn meant<'a>(view: &'a View, text: &str) -> Result<Vec<&'a Arc<Shown>>, Refusal> {
    let found = view.meant(text);
    if found.is_empty() {
        return Err(Refusal::missing("no such board: /api/v1/boards lists those there are"));
    }
    Ok(found)
}
