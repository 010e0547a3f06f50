//! The OpenAPI document is of the server that there is: the same paths and methods, and each answers as it says.

use std::collections::BTreeSet;

use serde_json::Value;
use tests::fake::{Fake, Say};
use tests::served::{self, Serve};
use tests::{build, program};

fn document() -> Value {
    let path = build::root().join("inspect/src/serve/openapi.json");
    serde_json::from_str(&std::fs::read_to_string(path).expect("the document")).expect("JSON")
}

/// Path and method of every operation that is described.
fn described(document: &Value) -> BTreeSet<(String, String)> {
    let paths = document["paths"].as_object().expect("paths");
    let of = |(path, methods): (&String, &Value)| {
        let methods: Vec<String> = methods.as_object().expect("methods").keys().cloned().collect();
        methods.into_iter().map(|method| (path.clone(), method)).collect::<Vec<_>>()
    };
    paths.iter().flat_map(of).collect()
}

#[test]
fn every_route_is_described_and_nothing_else() {
    let source = build::root().join("inspect/src/serve/routes.rs");
    let source = std::fs::read_to_string(source).expect("the routes");
    let routes = source.split(".route(").skip(1).map(|rest| {
        let mut parts = rest.split('"');
        let path = parts.nth(1).expect("a path");
        let method = parts.next().expect("a method").trim_start_matches([',', ' ', '\n']);
        (path.to_owned(), method.split('(').next().expect("a method").to_owned())
    });
    assert_eq!(routes.collect::<BTreeSet<_>>(), described(&document()));
}

#[test]
fn what_is_served_is_the_document_and_every_path_answers_as_it_says() {
    let serve = Serve::start(&[]);
    let document = document();
    assert_eq!(serve.get("/openapi.json"), document);
    for (path, method) in described(&document) {
        // It has no end.
        if path == "/api/v1/stream" {
            continue;
        }
        let asked = path.replace("{board}", "nobody-at-all").replace("{id}", "1-1");
        let longer = format!("{asked}?board={}", "a".repeat(4_096));
        for asked in [&asked, &longer] {
            let answer = serve.ask(&method.to_uppercase(), asked, &[]);
            let said = &document["paths"][&path][&method]["responses"];
            let status = answer.status.to_string();
            assert!(said[&status].is_object(), "{method} {path}: {status} {}", answer.text());
            assert_eq!(status == "414", asked.len() > 4_096, "{method} {path}: {status}");
            let kind = answer.header("content-type").expect("a type");
            let kind = kind.split(';').next().expect("a type");
            assert!(said[&status]["content"][kind].is_object(), "{method} {path}: {status} {kind}");
        }
    }
}

/// A schema of the document, as one that stands alone.
fn schema(document: &Value, of: &Value) -> jsonschema::Validator {
    let mut whole = of.clone();
    whole["components"] = document["components"].clone();
    jsonschema::validator_for(&whole).expect("a schema")
}

/// Whether a schema, or what it refers to, knows a field.
fn knows(document: &Value, schema: &Value, field: &str) -> bool {
    let name = schema["$ref"].as_str().and_then(|text| text.rsplit('/').next());
    let schema = name.map_or(schema, |name| &document["components"]["schemas"][name]);
    schema["properties"][field].is_object()
}

#[test]
fn what_a_server_of_other_hosts_answers_is_described_with_whose_it_is() {
    let name = program::name("described");
    let _program = served::behave(&name, &["operations"]);
    let (serve, silent) = (Serve::start(&[]), Fake::start(|_| Say::Nothing));
    let list = format!("http://{},{}", serve.address, silent.url());
    let merged = Serve::start(&["--endpoints", &list]);
    let document = document();
    let ops = merged.get(&format!("/api/v1/ops?board={name}"));
    let id = ops["ops"][0]["id"].as_str().expect("an operation");
    for (path, method) in described(&document) {
        if path == "/api/v1/stream" || method != "get" {
            continue;
        }
        // Of a board, so that every row is there; a profile is of one host.
        let more = match path.as_str() {
            "/api/v1/ops" | "/api/v1/waits" | "/api/v1/why" => format!("?board={name}"),
            "/api/v1/capacity" => format!("?board={name}&seconds=0.2"),
            "/api/v1/profile" => {
                format!("?board={}~{name}&seconds=0.1", serve.address)
            }
            _ => String::new(),
        };
        let asked = path.replace("{board}", &name).replace("{id}", id) + &more;
        let answer = merged.ask("GET", &asked, &[]);
        let said = &document["paths"][&path]["get"]["responses"][&answer.status.to_string()];
        assert!(said.is_object(), "{asked}: {} {}", answer.status, answer.text());
        let json = &said["content"]["application/json"]["schema"];
        if !path.starts_with("/api/") || answer.status != 200 {
            continue;
        }
        let body = answer.json();
        let wrong: Vec<String> =
            schema(&document, json).iter_errors(&body).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{asked}: {wrong:?}");
        assert!(body["endpoints"].is_array(), "{asked}: {body}");
        assert!(knows(&document, json, "endpoints"), "{path}: its endpoints are not described");
        // A profile is of one host, as it says itself.
        let rows: &[&str] = match path.as_str() {
            "/api/v1/profile" => &[],
            _ => &["boards", "ops", "chains", "findings", "groups"],
        };
        for rows in rows {
            for row in body[rows].as_array().into_iter().flatten() {
                assert!(row["endpoint"].is_string(), "{asked}: {row}");
            }
        }
    }
    let broken = serde_json::json!({ "schema": 1, "taken_at": "2026-01-31T12:00:00Z", "boards": [],
        "endpoints": [{ "endpoint": "x", "state": "gone" }] });
    let boards = serde_json::json!({ "$ref": "#/components/schemas/Boards" });
    assert!(!schema(&document, &boards).is_valid(&broken), "the schema says something");
}

/// What other tools read is JSON as well, and of another form.
#[test]
fn files_for_other_tools_are_described_as_well() {
    let name = program::name("described");
    let _program = served::behave(&name, &["one-job"]);
    let serve = Serve::start(&[]);
    let document = document();
    let of = &document["paths"]["/api/v1/profile"]["get"]["responses"]["200"]["content"];
    let schema = schema(&document, &of["application/json"]["schema"]);
    for format in ["json", "speedscope", "firefox"] {
        let path = format!("/api/v1/profile?board={name}&seconds=0.1&format={format}");
        let answer = serve.get(&path);
        assert!(schema.is_valid(&answer), "{format}: {answer:#}");
    }
    assert!(!schema.is_valid(&serde_json::json!({ "profiles": [] })), "of none of them");
}
