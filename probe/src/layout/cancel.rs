//! What goes through the cancel socket, beside the board: the request to cancel an operation.

/// First bytes of a request and of an answer.
const MAGIC: [u8; 8] = *b"SCOREBC1";

/// Abstract name of the socket of a run of the daemon.
pub fn cancel_name(instance: u64) -> String {
    format!("scoreboard-cancel-{instance:016x}")
}

/// Cancellation of one operation is requested. Numbers travel as little-endian bytes, behind a magic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CancelRequest {
    /// The run of the daemon that is meant ([`super::Header::instance`]).
    pub instance: u64,
    /// The operation, as [`super::op_id`] has it.
    pub id: u64,
}

impl CancelRequest {
    /// Bytes of a request.
    pub const BYTES: usize = 24;

    /// As it travels.
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        let parts = [MAGIC, self.instance.to_le_bytes(), self.id.to_le_bytes()];
        bytes.copy_from_slice(&parts.concat());
        bytes
    }

    /// What arrived, if it is a request.
    pub fn from_bytes(bytes: &[u8; Self::BYTES]) -> Option<Self> {
        let ([magic, instance, id], []) = bytes.as_chunks::<8>() else { return None };
        (*magic == MAGIC)
            .then(|| Self { instance: u64::from_le_bytes(*instance), id: u64::from_le_bytes(*id) })
    }
}

/// What the daemon says to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum CancelAnswer {
    /// The operation was told; it ends when it looks.
    Asked = 1,
    /// No such operation is in flight: it ended, or never was.
    Gone = 2,
    /// Not by this user, or not a request.
    Refused = 3,
}

impl CancelAnswer {
    /// Bytes of an answer.
    pub const BYTES: usize = 9;

    /// As it travels.
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        let (magic, code) = bytes.split_at_mut(MAGIC.len());
        magic.copy_from_slice(&MAGIC);
        code.fill(self as u8);
        bytes
    }

    /// What arrived, if it is an answer.
    pub fn from_bytes(bytes: &[u8; Self::BYTES]) -> Option<Self> {
        match bytes.strip_prefix(&MAGIC)? {
            [1] => Some(Self::Asked),
            [2] => Some(Self::Gone),
            [3] => Some(Self::Refused),
            _ => None,
        }
    }
}
