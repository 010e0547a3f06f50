//! Every number of the daemon's board that is not made at run time.

probe::metrics! {
    /// Updates that writers handed over, flushes of a table included.
    pub(crate) counter SUBMITTED = "jobs_submitted", "jobs";
    /// Updates that a newer one of the same record made needless.
    pub(crate) counter SUPERSEDED = "jobs_superseded", "jobs";
    /// Updates that were queued when their table was flushed.
    pub(crate) counter DROPPED = "jobs_dropped", "jobs";
    /// Updates that went into a waiting write of the same row.
    pub(crate) counter ROLLED_UP = "jobs_rolled_up", "jobs";
    /// Writes of a row, and flushes, that reached the disk.
    pub(crate) counter COMMITTED = "jobs_committed", "jobs";
    /// Share of the updates that cost no write of their own.
    pub(crate) ratio AVOIDED = "writes_avoided", [SUPERSEDED, DROPPED, ROLLED_UP] / [SUBMITTED];

    /// Row writes that wait for the core thread. Commands that wait for them are in a status of this name, which tells
    /// whoever looks that it is this queue that they wait in.
    pub(crate) queue UPDATES = "updates";
    /// Row writes that wait or are being committed; writers are slowed at a limit.
    pub(crate) gauge BACKLOG_JOBS = "backlog_jobs", "jobs";
    /// Memory of the updates that wait or are being committed; writers are slowed at a limit.
    pub(crate) gauge BACKLOG_BYTES = "backlog_bytes", "bytes";
    /// Age of the oldest update not yet on disk, at the last look; writers are slowed at a limit.
    pub(crate) gauge BACKLOG_AGE = "backlog_age_ms", "ms";
    /// Times that a writer had to wait for the backlog.
    pub(crate) counter SLOWED = "writers_slowed", "times";
    /// Connections that wait for the backlog now.
    pub(crate) gauge HELD = "writers_held", "connections";
    /// Replies that wait for their commit now (`--ack durable`).
    pub(crate) gauge UNACKNOWLEDGED = "replies_held", "replies";

    /// Commits.
    pub(crate) counter COMMITS = "commits", "commits";
    /// Commits that failed, and openings of the file.
    pub(crate) counter COMMIT_ERRORS = "commit_errors", "commits";
    /// Commits that were tried again.
    pub(crate) counter COMMIT_RETRIES = "commit_retries", "commits";
    /// Sequence number of the last commit.
    pub(crate) gauge SEQUENCE = "commit_sequence", "commits";
    /// Time of a commit, fsync included.
    pub(crate) histogram COMMIT_TIME = "commit_time", "ns";
    /// Row writes in a commit.
    pub(crate) histogram BATCH_JOBS = "batch_jobs", "jobs";
    /// Rows (records) of each table, as committed.
    pub(crate) gauge family ROWS = "rows", "rows", by "table";
    /// Size of the data file.
    pub(crate) gauge FILE_BYTES = "file_bytes", "bytes";

    /// Commands run, errors included.
    pub(crate) counter COMMANDS = "commands", "commands";
    /// Commands run, by name.
    pub(crate) counter family COMMANDS_BY_NAME = "commands_by_name", "commands", by "command";
    /// Error replies.
    pub(crate) counter ERRORS = "error_replies", "replies";
    /// Connections open now.
    pub(crate) gauge CONNECTIONS = "connections", "connections";
    /// Connections accepted.
    pub(crate) counter ACCEPTED = "connections_accepted", "connections";
    /// Connections refused or closed: too many, malformed requests, HTTP, out of client memory.
    pub(crate) counter REFUSED = "connections_refused", "connections";
    /// Memory of the connections' buffers.
    pub(crate) gauge CLIENT_BYTES = "client_bytes", "bytes";

    /// Records that expired.
    pub(crate) counter EXPIRED = "records_expired", "records";
    /// Looks for expired records.
    pub(crate) heartbeat EXPIRY = "expiry", every 1000 ms;
    /// Brings the gauges up to date that nothing else moves.
    pub(crate) heartbeat STATISTICS = "statistics", every 1000 ms;
    /// Looks whether the data file is worth compacting; it runs every minute unless told otherwise.
    pub(crate) heartbeat COMPACTION = "compaction", every 60000 ms;
    /// Opening the data file, with its check after an unclean end.
    pub(crate) progress REPAIR = "repair", "permille";
}
