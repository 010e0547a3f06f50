//! `kill -9` under load, two hundred times: every board readable, dead, and true.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tests::demo::{Client, Demo};
use tests::program::{self, named};
use tests::{parallel, wait};

/// Kills; `KILL_ROUNDS` asks for another number.
const ROUNDS: u32 = 200;

#[test]
fn a_killed_daemon_leaves_a_board_that_is_right() {
    let rounds = std::env::var("KILL_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(ROUNDS);
    let rounds: Vec<u32> = (0..rounds).collect();
    parallel::each(&rounds, |&round| kill_one(round));
    let rounds = rounds.len();
    eprintln!("{rounds} kills");
}

fn kill_one(round: u32) {
    let data = tempfile::tempdir().expect("a folder");
    let mut demo = Demo::start(&program::name("kill"), data.path(), &[]);
    let (sent, received) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let over = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..3)
        .map(|client| {
            let (sent, received, over) = (sent.clone(), received.clone(), over.clone());
            let address = demo.address.clone();
            std::thread::spawn(move || {
                let Ok(mut connection) = Client::new(&address) else { return };
                let mut key = client;
                while !over.load(Ordering::Relaxed) {
                    key = (key * 31 + 7) % 50;
                    // Counted before it is sent, and after it is answered: the truth lies between.
                    sent.fetch_add(1, Ordering::Relaxed);
                    let word = key.to_string();
                    if connection.send(&["SET", &word, "value"]).is_err()
                        || connection.reply().is_err()
                    {
                        return;
                    }
                    received.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    // A different moment each time.
    let enough = u64::from(20 + round * 7 % 300);
    wait::until("some load", Duration::from_secs(60), || {
        (received.load(Ordering::Relaxed) >= enough).then_some(())
    });
    let pid = demo.child.id();
    demo.kill();
    over.store(true, Ordering::Relaxed);
    for client in clients {
        client.join().expect("a client");
    }

    let boards = program::boards(&["-n", &demo.board]);
    assert_eq!(boards.len(), 1, "round {round}");
    let board = &boards[0];
    assert_eq!(board["pid"], pid);
    assert_eq!(board["state"], "dead", "round {round}: {}", board["verdict"]);
    assert!(board["end"].is_null(), "round {round}: {}", board["end"]);
    assert_eq!(board["reader"]["torn"], 0, "round {round}");
    for thread in board["threads"].as_array().expect("threads") {
        assert!(thread["line"].is_u64(), "round {round}: no line in {thread:#}");
    }
    let (sent, received) = (sent.load(Ordering::Relaxed), received.load(Ordering::Relaxed));
    let counted = named(&board["counters"], "jobs_submitted")["value"].as_u64().expect("a count");
    assert!(
        (received..=sent).contains(&counted),
        "round {round}: {received} replies, {counted} counted, {sent} commands"
    );
}
