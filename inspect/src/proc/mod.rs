//! What the kernel says of a process, read from `/proc` and nowhere else.

mod host;
mod mapping;
mod mounts;
mod namespace;
mod process;
mod sockets;
mod tasks;
mod vitals;

pub use self::host::host_name;
pub use self::mapping::{links, maps_nameless, maps_to_write};
#[cfg(test)]
pub(crate) use self::mounts::parse as parse_mounts;
pub use self::mounts::{Mount, mounts};
pub use self::namespace::{
    BOOT_ID, boot_id, boot_id_or, boot_time_offset, find_in_namespace, namespace, namespace_or,
    numbers_as_we_do,
};
pub use self::process::{Process, TICKS, inner_pid, pids, process, stat, uids};
pub use self::tasks::{task_name, tasks, tasks_inside};
pub use self::vitals::{limit, usage, vitals};
