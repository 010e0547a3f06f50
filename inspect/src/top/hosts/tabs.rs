//! The views of the screen of many hosts.

use crate::top::state::{Over, Tab};

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Operations of all hosts.
    Ops,
    /// Boards of all hosts.
    Boards,
    /// How hosts stand.
    Hosts,
}

/// Every view, in order.
pub const TABS: &[Tab<View>] = &[
    Tab {
        key: '1',
        name: "ops",
        view: View::Ops,
        sorts: &["active", "age", "status", "kind", "host"],
        opens: Over::Row,
    },
    Tab {
        key: '2',
        name: "boards",
        view: View::Boards,
        sorts: &["name", "host", "state", "heartbeat", "up"],
        opens: Over::Row,
    },
    Tab { key: '3', name: "hosts", view: View::Hosts, sorts: &["list", "state"], opens: Over::Row },
];
