//! What the manual says beside the options: examples, what the columns mean, and what is common to all.

/// A page's own part.
pub(super) struct Page {
    /// Of which verb; of the whole, nothing.
    pub(super) verb: &'static str,
    /// Paragraphs, apart by empty lines.
    pub(super) says: &'static str,
    /// A command line, and what it does.
    pub(super) examples: &'static [(&'static str, &'static str)],
    /// Lists of terms, each with its title.
    pub(super) columns: &'static [(&'static str, Rows)],
}

type Rows = &'static [(&'static str, &'static str)];

const OF_BOARD: Rows = &[
    (
        "second line",
        "what is the matter, the worst first, or that all is well: stalled threads, leaked operations, overdue heartbeats, \
         operations and queues that take a second or longer, a worker without a moment to spare.",
    ),
    (
        "heartbeat",
        "time since the keeper, a thread of the probes, last looked at the other threads.",
    ),
    (
        "lost",
        "what found no room on the board, by kind; `torn` and `retries` say how hard the board was to read.",
    ),
    (
        "THREAD",
        "name, as the kernel has it. `!` before it: stalled, that is, not idle, and for a second it neither moved nor ran.",
    ),
    ("STATE", "class of the line that it is at: work, wait or idle."),
    (
        "1s 10s 60s",
        "load: share of that time with a job in hand. `-`: not a worker, or not yet known.",
    ),
    (
        "LAST CHANGE",
        "for how long it has been at that line. `<`: at most. It came there after the last look, or it uses the processor: it comes \
         there again and again, or nobody can tell. On narrow screens CHANGED.",
    ),
    (
        "WHERE",
        "file, line, function, label and argument; who holds what it waits for, or serves the queue that it waits in.",
    ),
    (
        "QUEUE",
        "depth, age of the first, completions a second (COMPL/s on narrow screens), quantiles of waiting and of service over the time in the heading, load of its workers, highest depth.",
    ),
    (
        "HEARTBEATS",
        "time since each periodic job ran, and how often it should; OVERDUE after twice that.",
    ),
    ("COUNTERS", "the total, and growth a second over the time in the heading."),
    ("GAUGES", "the level, and the highest so far."),
    ("HISTOGRAM", "how many values, and their quantiles over the time in the heading."),
];

const OF_OPERATIONS: Rows = &[
    ("OP", "id: record and generation. No other operation of that process ever has it."),
    ("KIND", "what the daemon calls it. `!` before the row: suspected leaked."),
    ("AGE", "since it began."),
    ("STATUS, FOR", "what it is in now, and for how long."),
    ("WHAT AND WHERE", "its label and peer, the thread that works on it, file and line."),
    (
        "SHARE",
        "of --by status: of the time of all operations that were not idle. What the parts of an operation tell by statuses of their own counts once.",
    ),
];

const OF_SAMPLES: Rows = &[
    (
        "SHARE",
        "of the samples that are not idle (with --idle of all); the range beside it is a 95 % interval.",
    ),
    ("SAMPLES", "times that a thread was seen there."),
    ("HITS", "passes, where the line counts them."),
    ("STATE", "class of the line: work, wait or idle."),
    ("WHERE", "file, line, function and label."),
];

/// Every page.
pub(super) const PAGES: &[Page] = &[
    Page {
        verb: "",
        says: "Without a verb the only live board is shown as one plain table, or the list of boards when there are several. \
               The daemon is not touched: nothing is written to its board, no signal is sent, it is not asked.

TARGET is a name (with * and ?), a process id, or the path of a saved board or a recording. A name that is also a verb's is \
said with -n. A path of a recording shows its report.",
        examples: &[
            ("inspect", "the only live board"),
            ("inspect recordd", "the boards of that name"),
            ("watch inspect recordd", "the same, again and again; the table stands still"),
            ("inspect -p 4711 --json", "one document for a program"),
            ("inspect --interval 1s --jsonl recordd", "a document a second, each on a line"),
            ("inspect --filter 'io-*' recordd", "only what has such a name"),
        ],
        columns: &[("COLUMNS", OF_BOARD)],
    },
    Page {
        verb: "list",
        says: "One row for each board that may be seen on this host, also in containers. On a wide terminal what is the matter \
               stands beside it, on a narrow one below it, where something is.",
        examples: &[
            ("inspect list", "all boards"),
            ("inspect list --json", "the same for a program"),
            ("inspect list --wait 10s recordd", "waits until there is one of that name"),
        ],
        columns: &[(
            "COLUMNS",
            &[
                ("STATE", "live, stopped, dead, or unreachable: it may not be read."),
                ("UP", "from the making of the board to now, or to the last sign of life."),
                ("HEARTBEAT", "since its keeper last looked."),
                ("THREADS", "threads that have a line."),
                ("SIZE", "of the board in memory."),
            ],
        )],
    },
    Page {
        verb: "top",
        says: "Threads, queues, numbers, the line histogram of the last seconds, and operations. The second line from above says what is \
               the matter. `?` shows the keys.",
        examples: &[
            ("inspect top recordd", "the screen"),
            ("inspect top -r 100 recordd", "with a hundred samples a second instead of a thousand"),
            ("inspect top -f recordd.board", "a saved board, to walk about in"),
        ],
        columns: &[("COLUMNS", OF_BOARD), ("COLUMNS OF OPERATIONS", OF_OPERATIONS)],
    },
    Page {
        verb: "dump",
        says: "The file begins with the board as it was. `inspect -f FILE`, `top -f FILE`, `ops -f FILE` and `diff` read it, on any host.",
        examples: &[
            ("inspect dump recordd -o before.board", "saves it"),
            ("inspect dump recordd -o - | ssh host 'cat > b.board'", "passes it on; a terminal is refused"),
            ("inspect diff before.board recordd", "what changed since"),
        ],
        columns: &[],
    },
    Page {
        verb: "record",
        says: "Until Ctrl-C, --duration, or the end of the process. With --when the last seconds are kept in memory and written when a \
               condition comes true, also when the process ends.",
        examples: &[
            ("inspect record recordd -d 10s -o a.rec", "ten seconds at 1,000 Hz"),
            ("inspect record recordd --when 'stalled>2s' --when ended", "the half minute before it stood still or died"),
            ("inspect record recordd --when 'oldest(jobs)>500ms' --count 5 -o slow.rec", "slow-1.rec to slow-5.rec"),
        ],
        columns: &[(
            "CONDITIONS",
            &[
                ("stalled>TIME, stalled(GLOB)>TIME", "a thread (of that name) has stood at one line that is not idle for longer."),
                ("load>PERCENT, load(GLOB)>PERCENT", "a worker's load of the last second; also with <."),
                ("oldest>TIME, oldest(GLOB)>TIME", "the first item of a queue has waited longer."),
                ("over>TIME, over(GLOB)>TIME", "an operation (of that kind) has been active for longer."),
                ("rate(NAME)>N", "a counter's growth a second, over the last second; also with <."),
                ("NAME>N, value(NAME)>N", "a counter's or gauge's value, a family's added up; also with <."),
                ("ended", "a sampled process ended."),
            ],
        )],
    },
    Page {
        verb: "profile",
        says: "`record` and `report` in one. Several processes of a name are sampled together, on one clock.",
        examples: &[
            ("inspect profile recordd --weight parallel", "what runs alone first"),
            ("inspect profile recordd --blame", "the time of waiters, at the holders' lines"),
            ("inspect profile recordd", "ten seconds, by line"),
            ("inspect profile recordd -d 3s --by function", "three seconds, by function"),
            ("inspect profile recordd --stall 200ms", "also every time at one line from 200 ms on"),
        ],
        columns: &[("COLUMNS", OF_SAMPLES)],
    },
    Page {
        verb: "report",
        says: "Reads what `inspect record` wrote.",
        examples: &[
            ("inspect report a.rec", "by line"),
            ("inspect report a.rec --by stack --idle", "by stack, idle time too"),
            ("inspect report a.rec --timeline", "how each thread moved over time"),
        ],
        columns: &[("COLUMNS", OF_SAMPLES)],
    },
    Page {
        verb: "export",
        says: "Of a recording, or of the next ten seconds (--duration) of a living process. Pictures are files of their own: they load \
               nothing, and are dark where the reader's screen is.",
        examples: &[
            ("inspect export svg a.rec -o a.svg", "a flame graph"),
            ("inspect export timeline a.rec -o t.svg", "threads over time"),
            ("inspect export pprof recordd -d 5s > a.pb.gz", "for go tool pprof; a terminal is refused"),
            ("inspect export folded a.rec | flamegraph.pl", "stacks for other tools"),
            ("inspect export perfetto recordd -d 5s -o a.trace", "for ui.perfetto.dev"),
            ("inspect export otlp --spans --every 5s --endpoint http://localhost:4318", "operations to a collector"),
            ("inspect export prom", "what every board counts, for Prometheus"),
            ("inspect export prom -o /var/lib/prometheus/node-exporter/scoreboard.prom --every 15s", "for a collector of text files"),
        ],
        columns: &[(
            "FORMATS",
            &[
                ("folded", "a stack a line, with its samples."),
                ("svg", "a flame graph for any browser."),
                ("timeline", "how each thread moved, load and stalls, for any browser."),
                ("speedscope", "JSON for speedscope.app."),
                ("pprof", "packed protobuf for go tool pprof."),
                ("csv", "a row for each thread and stack."),
            ],
        )],
    },
    Page {
        verb: "annotate",
        says: "Beside each line with a probe: its share, samples and passes.",
        examples: &[
            ("inspect annotate a.rec", "with the sources where they were compiled"),
            ("inspect annotate a.rec --source ~/src/recordd", "with the sources there"),
        ],
        columns: &[("COLUMNS", OF_SAMPLES)],
    },
    Page {
        verb: "diff",
        says: "Two recordings are compared line by line, with what is more than noise marked. Two boards, living or saved, number by number.",
        examples: &[
            ("inspect diff before.rec after.rec", "how shares moved"),
            ("inspect diff before.rec after.rec --svg d.svg", "the same as a picture"),
            ("inspect diff before.board recordd", "what happened since it was saved"),
            ("inspect diff recordd recordd --interval 5s", "what happens in five seconds"),
        ],
        columns: &[],
    },
    Page {
        verb: "ops",
        says: "Those longest active come first (since they began or were last idle), idle ones last.",
        examples: &[
            ("inspect ops recordd", "all in flight"),
            ("inspect ops recordd --over 1s", "active for a second or longer"),
            ("inspect ops recordd --by status", "where the time of all of them goes"),
            ("inspect ops recordd --why-slow command", "where the slowest spend more than all"),
            ("inspect ops recordd --history 17-42", "the statuses of one"),
            ("inspect ops cancel 17-42 recordd", "asks one to end, and says when it did"),
        ],
        columns: &[("COLUMNS", OF_OPERATIONS)],
    },
    Page {
        verb: "why",
        says: "Findings, the worst first; of equals what causes before what follows. Each has its evidence with what that was held against, the places concerned, and what to run next; `perhaps` where the evidence is thin. What could not be seen is said below. It looks twice, half a second apart, at what the kernel says of the threads.\n\nWith --json at most 6,000 bytes of one board, on one line. The guide docs/why.md has every rule, its source and its limits; docs/agents.md is for programs that ask.",
        examples: &[
            ("inspect why recordd", "what is wrong"),
            ("inspect why -p 4711 --json", "the same for a program"),
            ("inspect why -f DUMP", "of a saved or dead board"),
        ],
        columns: &[],
    },
    Page {
        verb: "waits",
        says: "Each chain goes from a victim to the last one who could act; those with most waiting time behind them come first. A deadlock is said only where every wait in it is without a limit that can be seen and everybody who could end it is known, and two looks found the same (one look, of a dead process); a future that waits may be given up, so one that is in it makes it a warning for ten seconds. A wait with a question mark was not confirmed so.\n\nLocks and channels are those of probe::sync, probe::parking_lot, probe::crossbeam and probe::tokio, and the waits that a program tells by tags: tag!(wait, \"lock\", key) beside a scope with the same key. Who is in a status, or at a line, of class wait that is called as a queue is waits in that queue, for the threads that serve it. A circle through a queue is a deadlock if nobody else serves it.",
        examples: &[
            ("inspect waits recordd", "who waits for whom"),
            ("inspect waits recordd --over 1s", "only who has waited for a second"),
            ("inspect waits recordd --by lock", "which lock is waited for most"),
            ("inspect waits recordd --by queue", "who serves the queues in which somebody waits"),
        ],
        columns: &[],
    },
    Page {
        verb: "capacity",
        says: "For each queue with the threads that serve it, and each group of threads that work without one: items ended a second, the busy share of the servers' time, the busy time of an item, and the rate beyond which the queue would grow for ever, with its 95 % interval; headroom is that over the present rate. Where busy periods have a fixed part, as with batches, that is told apart. A line says by what model, or why nothing is foretold.\n\nA queue is `standing` when in nine of ten stretches of 100 ms nobody got through in less than 5 ms (or the time of one item, or batch), `bursty` when some waited longer and others did not, else `empty`. Little's law is held against the queue's own numbers, and said when it does not hold. The guide docs/capacity.md has the methods and their limits.",
        examples: &[
            ("inspect capacity recordd", "how much more it can take"),
            ("inspect capacity recordd -d 10s", "the same, surer"),
            ("inspect capacity -p 4711 --json", "for a program"),
        ],
        columns: &[],
    },
    Page {
        verb: "check",
        says: "One line by the convention of the monitoring plugins: the status, why, and behind a bar the values with their limits. Without limits it asks whether the daemon lives.\n\nIt ends with 0 for OK, 1 for WARNING, 2 for CRITICAL, 3 for UNKNOWN (wrong usage too). Of several boards and limits the worst decides: CRITICAL, then WARNING, then UNKNOWN. A daemon that is dead, stopped or not there is CRITICAL; damaged data, no permission, a directory of boards that does not answer, and what a board does not tell are UNKNOWN.\n\nA limit is WARN or WARN,CRIT, and passed when the value is beyond it. The label of a value is the board's name and the question, so that it stays the same when the process is started anew; of several processes of one name it is the worst value.",
        examples: &[
            ("inspect check recordd", "does it live?"),
            ("inspect check recordd --stalled 5s,30s --overdue", "does it move?"),
            ("inspect check recordd --deadlock", "can it still move?"),
            ("inspect check recordd --owner recordd", "and no other user's board of that name"),
            ("inspect check recordd --load 80,95 --oldest 1s,10s", "has it room left?"),
            ("inspect check recordd --counter 'rate(errors)>1,10' --counter 'connections<1'", "its own numbers"),
        ],
        columns: &[],
    },
    Page {
        verb: "history",
        says: "What was, from a history that `inspect history record` keeps: average active operations (of a program without \
               operations its threads) by status, line, kind or thread, the highest load, items queued, and what a person would \
               have read first. Times are in UTC.",
        examples: &[
            ("inspect history record --history DIR", "keeps it, 64 MiB at most"),
            ("inspect history recordd --since 03:10 --until 03:15 --by line", "what was it doing at 03:12?"),
            ("inspect history --since 1h --svg a.svg", "the last hour as a picture"),
            ("inspect history --since 10m --against 24h", "now beside yesterday"),
        ],
        columns: &[(
            "COLUMNS",
            &[
                ("ACTIVE", "how many were active on average."),
                ("LOAD", "mean load of the busiest thread."),
                ("QUEUED", "items waiting in all queues, the most of any second."),
                ("*", "of --against: more than noise, at 95 %, corrected for the number of keys."),
            ],
        )],
    },
    #[cfg(feature = "serve")]
    Page {
        verb: "serve",
        says: "A page, JSON, a stream of what changes, profiles and /metrics, of every board on this host. It reads boards, and asks no daemon. On loopback unless --listen says otherwise; beyond that it takes TLS and a token. As root it refuses: a user in the group that the daemon's PROBE_GROUP names sees as much. The guide is docs/page.md.",
        examples: &[
            ("inspect serve", "on loopback, at the port that it says"),
            ("inspect serve --listen unix:/run/inspect.sock", "where only those who may open the socket see it"),
            ("inspect serve --history /var/lib/inspect", "remembers, too"),
        ],
        columns: &[],
    },
    #[cfg(feature = "serve")]
    Page {
        verb: "link",
        says: "Prints the address of what the page of `inspect serve` shows: for a ticket, a runbook or a chat. Nothing is asked and nothing is opened.",
        examples: &[
            ("inspect link recordd", "the page of that board"),
            ("inspect link --view ops --over 1s recordd", "its operations that take long"),
        ],
        columns: &[],
    },
    Page {
        verb: "doctor",
        says: "Looks for every reason why a board would not be found or read: probes compiled out, permissions, file systems, limits, clocks, containers.",
        examples: &[
            ("inspect doctor", "of this host"),
            ("inspect doctor recordd", "of a daemon by its name"),
        ],
        columns: &[],
    },
    Page {
        verb: "clean",
        says: "A board is removed when its process is proved dead, never by its age.",
        examples: &[
            ("inspect clean --dry-run", "what would go"),
            ("inspect clean recordd", "the dead of that name"),
        ],
        columns: &[],
    },
    Page {
        verb: "completions",
        says: "The script asks this program at every Tab: for names and process ids of boards, ids of operations, recordings and saved boards.",
        examples: &[
            ("source <(inspect completions bash)", "in ~/.bashrc"),
            ("source <(inspect completions zsh)", "in ~/.zshrc, behind compinit"),
            ("inspect completions fish | source", "in ~/.config/fish/config.fish"),
        ],
        columns: &[],
    },
    Page {
        verb: "man",
        says: "The pages are made from the program itself.",
        examples: &[
            ("inspect man ops | man -l -", "reads a page"),
            ("inspect man --dir /usr/local/share/man/man1", "installs all of them"),
        ],
        columns: &[],
    },
];

/// What stands on the page of the whole; of the exit codes on every page.
pub(super) const COMMON: &[(&str, &str)] = &[
    (
        "TIMES",
        "A time is a number with a unit: us, ms, s, m, h or d (500ms, 1.5s, 2m); without one it is of seconds. \
         It is never negative; where something is to last, not 0.",
    ),
    (
        "ENVIRONMENT",
        "INSPECT_DIRS: more directories to look for boards in, separated by colons.

NO_COLOR, CLICOLOR_FORCE: never, always use colours, where --color does not say.

COLUMNS: columns of the table where stdout is no terminal.

TERM, XDG_RUNTIME_DIR: the terminal of top; a directory to look for boards in.

A daemon reads PROBE, PROBE_BOARD, PROBE_MODE, PROBE_GROUP, PROBE_SIZE, PROBE_KEEP and PROBE_FILTER.",
    ),
    (
        "FILES",
        "/dev/shm/NAME.PID.START: a board. Boards are also looked for in $XDG_RUNTIME_DIR, /run, the directories of INSPECT_DIRS, \
         and where the processes of containers have them.

NAME.rec: a recording, where -o does not say.",
    ),
    (
        "EXIT STATUS",
        "0: done.

1: failed, or what was asked for is not so.

2: wrong usage.

3: no such target.

4: no permission; `serve`: refused as root.

5: not a board or recording, damaged, or of a layout that is not known.",
    ),
];
