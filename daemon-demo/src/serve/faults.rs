//! What `--fault` makes wrong in the threads of the daemon: each is what one rule of `inspect why` is about. Faults of
//! commands, connections and commits are where those are.

use std::fs::File;
use std::io::Read as _;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::args::Fault;
use crate::shared::Shared;

/// Starts the threads that a fault has of its own. They are not waited for at the end: some never come to theirs.
pub(super) fn begin(shared: &Arc<Shared>) {
    match shared.settings.fault {
        Some(Fault::Deadlock) => {
            stray("exporter", shared, |shared| shared.store.index_then_file());
            stray("importer", shared, |shared| shared.store.file_then_index());
        }
        Some(Fault::Convoy) => stray("exporter", shared, |shared| {
            while !shared.is_stopping() {
                shared.store.export();
                probe::tag!(idle, "between two parts of the export");
                thread::sleep(Duration::from_millis(1));
            }
        }),
        Some(Fault::LeakDescriptors) => leak(shared, || {
            let _ = File::open("/dev/null").map(std::mem::forget);
        }),
        // Written, since memory that nobody has written is not there.
        Some(Fault::LeakMemory) => leak(shared, || std::mem::forget(vec![1u8; 512 << 10])),
        Some(Fault::LeakThreads) => leak(shared, || {
            let _ = thread::Builder::new().spawn(thread::park);
        }),
        Some(Fault::Abort) => stray("aborts", shared, |_| {
            probe::tag!(idle, "until it aborts, as asked for");
            thread::sleep(Duration::from_secs(1));
            std::process::abort();
        }),
        _ => {}
    }
}

/// Something is taken four times a second, and never given back.
fn leak(shared: &Arc<Shared>, take: fn()) {
    stray("scanner", shared, move |shared| {
        while !shared.is_stopping() {
            take();
            probe::tag!(idle, "between two looks");
            thread::sleep(Duration::from_millis(250));
        }
    });
}

fn stray(name: &str, shared: &Arc<Shared>, body: impl FnOnce(&Shared) + Send + 'static) {
    let shared = Arc::clone(shared);
    let _ = thread::Builder::new().name(name.to_owned()).spawn(move || body(&shared));
}

/// What is wrong with the expiry job; whether it is not to do anything else.
pub(super) fn of_expiry(fault: Option<Fault>) -> bool {
    match fault {
        Some(Fault::Spin) => {
            probe::tag!("spins, as asked for");
            loop {
                std::hint::spin_loop();
            }
        }
        Some(Fault::Block) => {
            let pipe = std::io::pipe();
            probe::tag!("blocks, as asked for");
            // Its other end is open and never written to.
            let _ = pipe.map(|(mut reader, _writer)| reader.read(&mut [0]));
        }
        Some(Fault::SkipExpiry) => return true,
        Some(Fault::Panic) => {
            let _ = std::panic::catch_unwind(|| panic!("as asked for"));
        }
        Some(Fault::LeakOperations) => {
            let begun = thread::spawn(|| std::mem::forget(probe::op!("export", "forgotten")));
            let _ = begun.join();
        }
        _ => {}
    }
    false
}
