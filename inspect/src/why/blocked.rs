//! What is said of a thread that the kernel keeps from moving: in which call, and what to look at next.

use super::finding::{Finding, command};
use super::seen::{Call, Seen};
use crate::model::{BoardReport, ThreadReport};

/// How sure it is that a thread is blocked whose call is known.
const SURE: f64 = 0.85;

/// A finding of a thread that stands, with where the kernel has it.
pub(super) fn told(
    finding: Finding,
    report: &BoardReport,
    seen: &Seen,
    one: &ThreadReport,
) -> Finding {
    let task = format!("/proc/{}/task/{}", report.pid, one.tid);
    let Some(call) = seen.calls.get(&one.tid).filter(|call| is_told(call)) else {
        return finding.next(command("waits", report)).next(format!("grep State {task}/status"));
    };
    let mut finding = finding;
    // Whoever is ready may be in a call all the same.
    if matches!(call.state, Some('S' | 'D')) {
        finding.confidence = finding.confidence.max(SURE);
    }
    if let Some(name) = &call.name {
        let file = call.file.as_ref().map(|file| format!(" of {file}")).unwrap_or_default();
        finding.title.push_str(&match name.as_str() {
            "none" => ", in no system call: it waits for a page of memory".to_owned(),
            name => format!(", in {name}{file}{}", meaning(name)),
        });
        finding = finding.with("system call", format!("{name}{file}").as_str(), None);
    }
    if let Some(at) = &call.at {
        finding = finding.with("in the kernel at", at.as_str(), None);
    }
    if let Some(state) = call.state {
        finding = finding.with("state", in_words(state), None);
    }
    for command in next(call, report, &task) {
        finding = finding.next(command);
    }
    finding
}

fn is_told(call: &Call) -> bool {
    call.name.is_some() || call.at.is_some()
}

/// What a call is for, where its name does not tell.
fn meaning(name: &str) -> &'static str {
    match name {
        "futex" => ": a lock, a condition or a thread's end that has no probe",
        "nanosleep" | "clock_nanosleep" => ": it sleeps",
        "wait4" | "waitid" => ": it waits for a child process",
        _ => "",
    }
}

fn in_words(state: char) -> &'static str {
    match state {
        'S' => "S, sleeps",
        'D' => "D, sleeps and cannot be woken: a disk or a network file system, mostly",
        'R' => "R, runs or is ready",
        'T' | 't' => "T, stopped",
        _ => "another",
    }
}

/// Who or what could end the call.
fn next(call: &Call, report: &BoardReport, task: &str) -> Vec<String> {
    let name = call.name.as_deref().unwrap_or_default();
    let file = call.file.as_deref().unwrap_or_default();
    let inode = |kind: &str| {
        let number = file.strip_prefix(kind)?.strip_prefix(":[")?.strip_suffix(']')?;
        number.parse::<u64>().ok()
    };
    if let Some(inode) = inode("pipe") {
        // Who has the other end.
        return vec![format!("find /proc/[0-9]*/fd -lname 'pipe:\\[{inode}\\]' 2>/dev/null")];
    }
    if let Some(inode) = inode("socket") {
        return vec![format!("ss -anpe | grep -w {inode}")];
    }
    match name {
        "wait4" | "waitid" => vec![format!("ps -o pid,stat,etime,args --ppid {}", report.pid)],
        // The holder's pid stands beside it.
        "flock" | "fcntl" => vec!["lslocks".to_owned(), format!("cat {task}/stack")],
        // Who holds it, if anybody says so; and where in the program that is, for which a debugger stops it a moment.
        "futex" => vec![
            command("waits", report),
            format!("gdb -p {} -batch -ex 'thread apply all backtrace'", report.pid),
        ],
        // The kernel's own calls, the innermost first: which file system, which driver. Root may read them.
        _ => vec![format!("cat {task}/stack"), command("waits", report)],
    }
}

/// That the kernel does not show where threads stand that are told as blocked.
pub(super) fn not_known(report: &BoardReport, seen: &Seen, found: &[Finding]) -> Option<String> {
    let blocked = found.iter().filter(|finding| finding.id == "thread-blocked");
    let mut tids = blocked.filter_map(|finding| finding.places.first()?.tid);
    let tid = tids.find(|tid| !seen.calls.get(tid).is_some_and(is_told))?;
    let pid = report.pid;
    Some(format!(
        "in which call a thread is blocked: /proc/{pid}/task/{tid} shows wchan and syscall to its own user and to root"
    ))
}
