//! Operations in traces that others began: by hand, by a header, by a span's field or another layer's data; and what
//! exporters and a second reader make of it.

use std::io::Write as _;
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tests::program::{self, Program, boards, debug, inspect};
use tests::{build, python, wait};

const SOON: Duration = Duration::from_secs(20);
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

fn ops(pid: u32) -> Vec<Value> {
    let mut board = boards(&["ops", "-p", &pid.to_string(), "--ended"]).remove(0);
    let mut all = Vec::new();
    for field in ["ops", "ended_ops"] {
        all.extend(board[field].take().as_array().expect("a list").iter().cloned());
    }
    all
}

fn of<'a>(all: &'a [Value], kind: &str) -> &'a Value {
    let found: Vec<_> = all.iter().filter(|op| op["kind"] == kind).collect();
    assert_eq!(found.len(), 1, "{kind}: {found:?}");
    found[0]
}

#[test]
fn a_trace_is_said_by_hand_and_is_of_that_operation_and_its_parts_alone() {
    let (program, _) = Program::behave(&program::name("traced"), &["traced"]);
    let all = ops(program.pid());
    let request = &of(&all, "request")["trace"];
    assert_eq!(
        (&request["trace_id"], &request["parent_span_id"], &request["remote"], &request["sampled"]),
        (&TRACE.into(), &CALLER.into(), &true.into(), &true.into())
    );
    let (part, within) = (&of(&all, "part")["trace"], &of(&all, "part of it")["trace"]);
    for (one, above) in [(part, request), (within, part)] {
        assert_eq!((&one["trace_id"], &one["remote"]), (&TRACE.into(), &false.into()));
        assert_eq!(one["parent_span_id"], above["span_id"], "{one}");
    }
    let ids = [request, part, within].map(|one| one["span_id"].as_str().expect("an id"));
    assert!(ids.iter().all(|id| id.len() == 16) && ids[0] != ids[1] && ids[1] != ids[2]);
    // The last that was said counts; a trace alone has no span.
    let again = &of(&all, "again")["trace"];
    assert_eq!(again["trace_id"], format!("{:032x}", 7));
    assert_eq!((&again["parent_span_id"], &again["sampled"]), (&Value::Null, &false.into()));
    assert_eq!(of(&all, "ended")["trace"]["trace_id"], TRACE);
    // No other operation has any, also where its record had.
    assert_eq!(of(&all, "plain")["trace"], Value::Null);

    // Found by it, and said in the detail.
    let pid = program.pid().to_string();
    let found = &boards(&["ops", "-p", &pid, "--filter", TRACE])[0]["ops"];
    assert_eq!(found.as_array().map(Vec::len), Some(3), "{found}");
    let id = of(&all, "request")["id"].as_str().expect("an id");
    let said = inspect(&["ops", "-p", &pid, "--history", id]).stdout;
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(said.contains(&format!("trace {TRACE} span {} under {CALLER}", ids[0])), "{said}");
}

#[test]
fn a_second_reader_finds_the_same_traces() {
    if !build::needs("python3", "python3") {
        return;
    }
    let (program, _) = Program::behave(&program::name("traced-second"), &["traced"]);
    let path = program::board(program.pid())["path"].as_str().expect("a path").to_owned();
    let script = build::root().join("tests/second_reader.py");
    let text = build::run(Command::new("python3").arg(script).arg(path));
    let second: Value = serde_json::from_str(&text).expect("JSON");
    let all = ops(program.pid());
    let said = second["traces"].as_array().expect("traces");
    let known = all.iter().filter(|op| op["trace"]["remote"] == true);
    assert_eq!(said.len(), known.clone().count(), "{said:#?}");
    for op in known {
        let same = said.iter().find(|one| one["id"] == op["id"]).expect("the same operation");
        let trace = &op["trace"];
        assert_eq!((&same["trace"], &same["sampled"]), (&trace["trace_id"], &trace["sampled"]));
        let span = trace["parent_span_id"].as_str().unwrap_or("0000000000000000");
        assert_eq!(same["span"], span);
    }
}

/// What a decoder made from the published schema reads of spans: trace, span, the span above, flags, kind.
const SPANS: &str = r#"
import json, sys
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest as R
r = R(); r.ParseFromString(open(sys.argv[1], "rb").read())
print(json.dumps([{"name": s.name, "trace": s.trace_id.hex(), "id": s.span_id.hex(), "parent": s.parent_span_id.hex(), "flags": s.flags, "kind": s.kind}
    for of in r.resource_spans for scope in of.scope_spans for s in scope.spans]))
"#;

/// The annotations of operations in a trace for Perfetto.
const PERFETTO: &str = r#"
import json, sys
from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import Trace
t = Trace(); t.ParseFromString(open(sys.argv[1], "rb").read())
print(json.dumps([{a.name: a.string_value for a in p.track_event.debug_annotations} for p in t.packet if p.track_event.debug_annotations]))
"#;

#[test]
fn spans_and_perfetto_carry_the_trace() {
    let Some(python) = python::python() else { return };
    let (program, _) = Program::behave(&program::name("traced-out"), &["traced"]);
    let pid = program.pid().to_string();
    let directory = tempfile::tempdir().expect("a directory");
    let path = |name: &str| directory.path().join(name).to_str().expect("a path").to_owned();
    let export = |arguments: &[&str], to: &str| {
        let output = inspect(&[&["export"], arguments, &["-p", &pid, "-o", to]].concat());
        assert!(output.status.success(), "{output:?}");
    };
    let read = |script: &str, from: &str| -> Vec<Value> {
        serde_json::from_str(&python::run(&python, script, &[from])).expect("JSON")
    };

    export(&["otlp", "--spans", "--pending"], &path("spans"));
    let spans = read(SPANS, &path("spans"));
    let named = |name: &str| {
        let found = spans.iter().find(|one| one["name"] == name);
        found.unwrap_or_else(|| panic!("no {name} in {spans:#?}"))
    };
    let all = ops(program.pid());
    let ended = named("ended");
    assert_eq!((&ended["trace"], &ended["parent"]), (&TRACE.into(), &CALLER.into()));
    assert_eq!(ended["id"], of(&all, "ended")["trace"]["span_id"]);
    // Sampled, and the span above is known to be another's; served for somebody.
    assert_eq!((&ended["flags"], &ended["kind"]), (&0x301.into(), &2.into()));
    for kind in ["request", "part", "part of it"] {
        let pending = named(&format!("{kind} (in flight)"));
        assert_eq!(pending["trace"], TRACE, "{kind}");
        assert_eq!(pending["parent"], of(&all, kind)["trace"]["span_id"], "{kind}");
    }
    assert_ne!(named("plain (in flight)")["trace"], TRACE);

    export(&["perfetto", "-d", "300ms"], &path("perfetto"));
    let notes = read(PERFETTO, &path("perfetto"));
    let request = notes.iter().find(|one| one["parent_span_id"] == CALLER);
    let request = request.unwrap_or_else(|| panic!("none of the caller in {notes:#?}"));
    assert_eq!(request["trace_id"], TRACE);
}

#[test]
fn a_request_belongs_to_the_trace_that_its_header_names() {
    let name = program::name("traced-web");
    let mut command = Command::new(debug("fixture-web"));
    let mut program = Program::start(command.arg(&name).arg("."), &name);
    let address = program.until_ready().remove(0);
    let header = format!("traceparent: 00-{TRACE}-{CALLER}-00\r\n");
    let mut clients = Vec::new();
    for (headers, traced) in
        [(header.as_str(), true), ("traceparent: nonsense\r\n", false), ("", false)]
    {
        let mut stream = TcpStream::connect(&address).expect("it listens");
        write!(stream, "GET /never HTTP/1.1\r\nhost: test\r\n{headers}\r\n").expect("a connection");
        clients.push(stream);
        let so_far = clients.len();
        let all = wait::until("its request", SOON, || {
            let all: Vec<_> =
                ops(program.pid()).into_iter().filter(|op| op["kind"] == "request").collect();
            (all.len() == so_far).then_some(all)
        });
        let with: Vec<_> = all.iter().filter(|op| op["trace"].is_object()).collect();
        assert_eq!(with.len(), 1, "{headers:?} {traced}: {all:#?}");
        let trace = &with[0]["trace"];
        assert_eq!((&trace["trace_id"], &trace["parent_span_id"]), (&TRACE.into(), &CALLER.into()));
        assert_eq!(trace["sampled"], false);
    }
}

#[test]
fn a_span_belongs_to_the_trace_of_its_field_or_of_another_layer() {
    let name = program::name("traced-spans");
    let mut command = Command::new(debug("fixture-spans"));
    let mut program = Program::start(command.args([&name, "traced"]), &name);
    program.until_ready();
    let all = ops(program.pid());
    let field = of(&all, "by a field");
    assert_eq!((&field["trace"]["trace_id"], &field["label"]), (&TRACE.into(), &"path=/".into()));
    let later = of(&all, "by a field later");
    assert_eq!(later["trace"]["trace_id"], TRACE.replacen('f', "e", 1));
    let kept = &of(&all, "kept by another")["trace"];
    assert_eq!(kept["trace_id"], format!("{:032x}", 0xabc));
    assert_eq!(kept["parent_span_id"], format!("{:016x}", 0xdef));
    assert_eq!(of(&all, "none")["trace"], Value::Null);
}
