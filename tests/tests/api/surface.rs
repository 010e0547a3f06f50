//! What a crate offers, from the JSON that rustdoc writes of it: one line for each thing that a program can name, call
//! or rely on.
//!
//! Lines hold rustdoc's own words of a signature with every number of an item replaced by its path, so that two builds
//! which offer the same give the same lines. The format is not stable; a nightly that changes it breaks the reading
//! loudly (no lines), not the comparison.

use std::collections::BTreeSet;

use serde_json::Value;

/// Auto traits that a program can depend on.
const AUTO: [&str; 5] = ["Send", "Sync", "Unpin", "UnwindSafe", "RefUnwindSafe"];

/// The lines of a crate.
pub(crate) fn lines(json: &Value) -> BTreeSet<String> {
    let mut surface = Surface { json, lines: BTreeSet::new() };
    let name = surface.name(&json["root"]);
    surface.module(&json["root"], &name);
    surface.lines
}

struct Surface<'a> {
    json: &'a Value,
    lines: BTreeSet<String>,
}

impl<'a> Surface<'a> {
    fn item(&self, id: &Value) -> Option<&'a Value> {
        self.json["index"].get(id.to_string())
    }

    fn name(&self, id: &Value) -> String {
        self.item(id).and_then(|item| item["name"].as_str()).unwrap_or("?").to_owned()
    }

    /// A module's children; what it only passes on is listed where it passes it on.
    fn module(&mut self, id: &Value, path: &str) {
        let Some(module) = self.item(id) else { return };
        for child in module["inner"]["module"]["items"].as_array().into_iter().flatten() {
            self.child(child, path, None);
        }
    }

    fn child(&mut self, id: &Value, path: &str, called: Option<&str>) {
        let Some(item) = self.item(id) else { return };
        let (kind, inner) = kind(item);
        if kind == "use" {
            let target = &inner["id"];
            match inner["is_glob"].as_bool() {
                Some(true) => self.module(target, path),
                // A name of another crate: the name is all that is known.
                _ if self.item(target).is_none() => {
                    self.lines
                        .insert(format!("{path}::{} (of another crate)", text(&inner["name"])));
                }
                _ => self.child(target, path, inner["name"].as_str()),
            }
            return;
        }
        if item["visibility"] != "public" && called.is_none() {
            return;
        }
        let name = called.or_else(|| item["name"].as_str()).unwrap_or("?");
        let path = format!("{path}::{name}");
        match kind {
            "module" => {
                self.lines.insert(format!("mod {path}"));
                self.module(id, &path);
            }
            "struct" | "enum" | "union" => self.type_of(item, kind, inner, &path),
            "trait" => {
                self.line(kind, &path, inner, &["items", "implementations"]);
                self.members(&inner["items"], &path);
            }
            // Which of the arms are taken is for the forms that must compile; `tests/forms.rs` has them.
            "macro" => _ = self.lines.insert(format!("macro {path}")),
            // Its value is what differs between the builds.
            "constant" => self.line(kind, &path, inner, &["const"]),
            _ => self.line(kind, &path, inner, &[]),
        }
        if let Some(note) = item["attrs"].as_array().filter(|attrs| !attrs.is_empty()) {
            for attribute in note.iter().filter(|it| says_something(it)) {
                self.lines.insert(format!("attribute of {path}: {attribute}"));
            }
        }
        if !item["deprecation"].is_null() {
            self.lines.insert(format!("deprecated {path}: {}", item["deprecation"]["note"]));
        }
    }

    fn type_of(&mut self, item: &'a Value, kind: &str, inner: &'a Value, path: &str) {
        // A private field is nobody's business, also not whether there is one beside a `non_exhaustive`.
        self.line(kind, path, inner, &["impls", "kind", "variants"]);
        self.members(&inner["kind"]["plain"]["fields"], path);
        for variant in inner["variants"].as_array().into_iter().flatten() {
            let name = self.name(variant);
            let Some(variant) = self.item(variant) else { continue };
            self.line(
                "variant",
                &format!("{path}::{name}"),
                &variant["inner"]["variant"],
                &["kind"],
            );
            for field in
                variant["inner"]["variant"]["kind"]["tuple"].as_array().into_iter().flatten()
            {
                let Some(field) = self.item(field) else { continue };
                self.line("field", &format!("{path}::{name}"), &field["inner"], &[]);
            }
        }
        for attribute in item["attrs"].as_array().into_iter().flatten() {
            if says_something(attribute) {
                self.lines.insert(format!("attribute of {path}: {attribute}"));
            }
        }
        for id in inner["impls"].as_array().into_iter().flatten() {
            let Some(item) = self.item(id) else { continue };
            self.implementation(&item["inner"]["impl"], path);
        }
    }

    fn implementation(&mut self, inner: &'a Value, path: &str) {
        let of = &inner["trait"];
        if of.is_null() {
            self.members(&inner["items"], path);
            return;
        }
        // Those that every type has say nothing.
        if !inner["blanket_impl"].is_null() {
            return;
        }
        let name = text(&of["path"]);
        let short = name.rsplit("::").next().unwrap_or(name);
        let negative = if inner["is_negative"] == true { "!" } else { "" };
        if inner["is_synthetic"] == true {
            if AUTO.contains(&short) {
                self.lines.insert(format!("{path}: {negative}{short}"));
            }
            return;
        }
        // Written out, or derived from the fields: the same to a program.
        if AUTO.contains(&short) {
            self.lines.insert(format!("{path}: {negative}{short}"));
            return;
        }
        // What a derive leaves, and a trait that a program cannot name.
        if short == "StructuralPartialEq" || !self.is_public(&of["id"]) {
            return;
        }
        let arguments = self.plain(&of["args"]);
        let generics = self.plain(&inner["generics"]);
        self.lines.insert(format!("{path}: {negative}{short} {arguments} {generics}"));
        for id in inner["items"].as_array().into_iter().flatten() {
            let Some(item) = self.item(id) else { continue };
            // An associated type is what a program gets.
            if let ("assoc_type", inner) = kind(item) {
                let line =
                    format!("type {path}::{} = {}", self.name(id), self.plain(&inner["type"]));
                self.lines.insert(line);
            }
        }
    }

    /// A trait of another crate, or one that is shown.
    fn is_public(&self, id: &Value) -> bool {
        let path = &self.json["paths"][id.to_string()];
        path["crate_id"] != 0 || self.item(id).is_some()
    }

    fn members(&mut self, ids: &'a Value, path: &str) {
        for id in ids.as_array().into_iter().flatten() {
            self.child(id, path, None);
        }
    }

    fn line(&mut self, kind: &str, path: &str, inner: &Value, without: &[&str]) {
        let mut inner = inner.clone();
        for key in without {
            inner.as_object_mut().map(|inner| inner.remove(*key));
        }
        self.lines.insert(format!("{kind} {path} {}", self.plain(&inner)));
    }

    /// The value as text, with paths instead of numbers.
    fn plain(&self, value: &Value) -> String {
        self.named(value).to_string()
    }

    fn named(&self, value: &Value) -> Value {
        match value {
            Value::Object(object) => {
                let is_function = object.contains_key("inputs") && object.contains_key("output");
                let entries = object.iter().filter_map(|(key, inner)| {
                    let inner = match (key.as_str(), inner) {
                        // A path is what it leads to; how it was written is the writer's.
                        ("path", Value::String(_)) if object.contains_key("id") => return None,
                        ("id", id) => Value::String(self.path(id)),
                        // Names of arguments are not part of a call.
                        ("inputs", Value::Array(inputs)) if is_function => inputs
                            .iter()
                            .map(|input| self.named(input.get(1).unwrap_or(input)))
                            .collect(),
                        // How the types in an `impl Trait` were written.
                        ("name", Value::String(name)) if name.starts_with("impl ") => "impl".into(),
                        ("has_body" | "has_stripped_fields" | "has_stripped_variants", _) => {
                            return None;
                        }
                        (_, inner) => self.named(inner),
                    };
                    Some((key.clone(), inner))
                });
                Value::Object(entries.collect())
            }
            Value::Array(values) => values.iter().map(|value| self.named(value)).collect(),
            other => other.clone(),
        }
    }

    /// Of this crate the name: in which room a type stands is not seen from outside.
    fn path(&self, id: &Value) -> String {
        let known = &self.json["paths"][id.to_string()];
        let words = known["path"].as_array().map_or(&[][..], Vec::as_slice);
        let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
        match words.as_slice() {
            [] => self.name(id),
            [.., last] if known["crate_id"] == 0 => (*last).to_owned(),
            words => words.join("::"),
        }
    }
}

/// What an item is, and what is said of it.
fn kind(item: &Value) -> (&str, &Value) {
    let inner = item["inner"].as_object().and_then(|inner| inner.iter().next());
    inner.map_or(("?", &Value::Null), |(kind, inner)| (kind.as_str(), inner))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("?")
}

/// Whether an attribute is part of what a program sees.
fn says_something(attribute: &Value) -> bool {
    let attribute = attribute.to_string();
    ["must_use", "non_exhaustive"].iter().any(|word| attribute.contains(word))
}
