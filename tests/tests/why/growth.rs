//! What takes more and more memory or threads: real daemons and what they took, recorded as if each look had been twenty
//! seconds after the one before, since growth is told after ten minutes.

use std::time::{Duration, SystemTime};

use inspect::Target;
use inspect::context::Look;
use inspect::history::{DEFAULT_BYTES, Recorder};
use inspect::locate;
use inspect::open_board::OpenBoard;
use serde_json::Value;
use tests::asked::{ids, is_sound, why};
use tests::demo::Demo;
use tests::program::{self, inspect};

/// Looks, a quarter of a second apart, and what is made of that.
const LOOKS: u64 = 60;
const APART: Duration = Duration::from_millis(250);
const STRETCHED_NS: u64 = 20_000_000_000;

#[test]
fn memory_and_threads_that_grow_without_an_end_are_told_by_the_history() {
    let faults: [(&[&str], Option<&str>); 3] = [
        (&["--fault", "leak-memory"], Some("memory-grows")),
        (&["--fault", "leak-threads"], Some("threads-grow")),
        (&[], None),
    ];
    let data = tempfile::tempdir().expect("a folder");
    let demos: Vec<Demo> = faults
        .iter()
        .zip(["memory", "threads", "well"])
        .map(|((more, _), name)| Demo::start(&program::name(name), &data.path().join(name), more))
        .collect();
    let mut boards: Vec<OpenBoard> = demos
        .iter()
        .map(|demo| {
            let found = locate::find(&Target::Name(demo.board.clone())).expect("a board");
            OpenBoard::open(found.into_iter().next().expect("one"), Look::Usage).expect("readable")
        })
        .collect();
    let directory = tempfile::tempdir().expect("a folder");
    let history = directory.path().to_str().expect("UTF-8");
    let mut recorder = Recorder::open(directory.path(), DEFAULT_BYTES).expect("a recorder");
    let now = SystemTime::UNIX_EPOCH.elapsed().expect("after 1970").as_nanos() as u64;
    for look in 0..LOOKS {
        let reports: Vec<_> = boards
            .iter_mut()
            .map(|board| {
                board.look(Look::Usage);
                board.report().expect("a report")
            })
            .collect();
        let seconds = recorder.seconds(&reports);
        recorder.put(now - (LOOKS - look) * STRETCHED_NS, &seconds).expect("written");
        std::thread::sleep(APART);
    }
    for (demo, (_, id)) in demos.iter().zip(faults) {
        let (answer, bytes) = why(&["-n", &demo.board, "--history", history]);
        is_sound(&answer, bytes);
        assert_eq!(ids(&answer).first().copied(), id, "{answer:#}");
        let not_known = answer["not_known"].as_array().expect("a list");
        let told = |text: &Value| text.as_str().is_some_and(|text| text.contains("grow"));
        assert!(!not_known.iter().any(told), "{answer:#}");
        if id.is_some() {
            assert!(answer["findings"][0]["evidence"].as_array().is_some_and(|it| it.len() >= 3));
            assert!(answer["verdict"].as_str().is_some_and(|text| text.contains("without an end")));
        }
    }
    // Without a history it is not known, which is said; one that was named and is not there is an error.
    let unknown = inspect(&["why", "-n", &demos[0].board, "--json"]);
    assert!(String::from_utf8_lossy(&unknown.stdout).contains("whether memory and threads grow"));
    let missing = inspect(&["why", "-n", &demos[0].board, "--history", "/dev/shm/no-such-history"]);
    assert_eq!(missing.status.code(), Some(3));
    let file = inspect(&["why", "-f", "/dev/null", "--history", history]);
    assert_eq!(file.status.code(), Some(2));
}
