//! The OpenAPI document is of the server that there is: the same paths and methods, and each answers as it says.

use std::collections::BTreeSet;

use serde_json::Value;
use tests::build;
use tests::served::Serve;

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
        let answer = serve.ask(&method.to_uppercase(), &asked, &[]);
        let said = &document["paths"][&path][&method]["responses"];
        let status = answer.status.to_string();
        assert!(said[&status].is_object(), "{method} {path}: {status} {}", answer.text());
        let kind = answer.header("content-type").expect("a type");
        let kind = kind.split(';').next().expect("a type");
        assert!(said[&status]["content"][kind].is_object(), "{method} {path}: {status} {kind}");
    }
}
