use super::screen::VERBS;
use super::*;

fn lines(command: &mut Command) -> Vec<String> {
    let text = command.clone().term_width(80).render_help().to_string();
    text.lines().map(str::to_owned).collect()
}

/// Every verb, by its words.
fn verbs() -> Vec<(String, Command)> {
    let mut all = Vec::new();
    let mut command = command();
    command.build();
    for verb in command.get_subcommands() {
        all.push((verb.get_name().to_owned(), verb.clone()));
        for of in verb.get_subcommands() {
            all.push((format!("{} {}", verb.get_name(), of.get_name()), of.clone()));
        }
    }
    all
}

#[test]
fn the_command_line_is_sound() {
    command().debug_assert();
}

#[test]
fn the_help_of_the_whole_names_every_verb() {
    let mut named: Vec<&str> =
        VERBS.iter().flat_map(|(_, verbs)| verbs.iter().map(|(verb, _)| *verb)).collect();
    named.sort_unstable();
    let root = root();
    let mut all: Vec<&str> = root
        .get_subcommands()
        .filter(|verb| !verb.is_hide_set())
        .map(|verb| verb.get_name())
        .collect();
    all.sort_unstable();
    assert_eq!(named, all);
}

#[test]
fn help_is_never_longer_or_wider_than_a_screen() {
    let mut root = command().term_width(80);
    let mut all = vec![("(none)".to_owned(), root.clone())];
    root.build();
    all.extend(verbs());
    for (name, mut verb) in all {
        let lines = lines(&mut verb);
        assert!(lines.len() <= 24, "{name}: {} lines\n{}", lines.len(), lines.join("\n"));
        for line in &lines {
            assert!(line.chars().count() <= 80, "{name}: {line}");
        }
    }
}

/// What a verb is for, and the sentences of options, are folded by clap; this text is ours.
#[test]
fn a_narrow_terminal_has_every_verb_in_full() {
    for columns in [40, 50, 79] {
        let text = super::screen::help(columns);
        assert!(text.lines().all(|line| line.chars().count() <= columns), "{text}");
        for (verb, what) in VERBS.iter().flat_map(|(_, verbs)| verbs.iter()) {
            assert!(text.contains(verb) && text.contains(what), "{verb} at {columns}: {text}");
        }
    }
}

#[test]
fn every_verb_says_which_options_it_takes_and_refuses_the_others() {
    let command = command();
    let globals: Vec<&Arg> = command
        .get_arguments()
        .filter(|arg| arg.is_global_set() && arg.get_id() != "help")
        .collect();
    let values =
        [("pid", "1"), ("wait", "1s"), ("interval", "1s"), ("count", "1"), ("sort", "load")];
    for (name, mut verb) in verbs() {
        let Some((_, takes)) = TAKES.iter().find(|(known, _)| *known == name) else {
            panic!("{name} is not in TAKES");
        };
        let help = lines(&mut verb).join("\n");
        let needed: Vec<&str> = match name.as_str() {
            "dump" => vec!["-o", "x"],
            "export" => vec!["folded"],
            "diff" => vec!["a", "b"],
            "completions" => vec!["bash"],
            "ops cancel" => vec!["1-1"],
            _ => vec![],
        };
        for arg in &globals {
            let id = arg.get_id().as_str();
            let flag = format!("--{}", arg.get_long().expect("a long name"));
            // In the column of options, not in what is said of another.
            let options = help.lines().map(str::trim_start).filter(|line| line.starts_with('-'));
            let shown = options
                .filter_map(|line| line.split("  ").next())
                .any(|option| option.split(' ').any(|word| word == flag));
            assert_eq!(
                shown,
                taken(takes, id) && !arg.is_hide_short_help_set(),
                "{name} {flag}:\n{help}"
            );
            let mut words: Vec<&str> = std::iter::once("inspect").chain(name.split(' ')).collect();
            words.extend(&needed);
            let value =
                values.iter().find(|(known, _)| *known == id).map_or("x", |(_, value)| value);
            let value = if name == "ops" && id == "sort" { "age" } else { value };
            if id.starts_with("endpoints_") && taken(takes, id) {
                words.extend(["--endpoints", "unix:/x"]);
            }
            words.push(&flag);
            if arg.get_action().takes_values() && id != "color" {
                words.push(value);
            }
            if id == "color" {
                words.push("never");
            }
            let read = parse(words.iter().map(OsString::from));
            match read {
                Ok(_) => assert!(taken(takes, id) || id == "color", "{name} takes {flag}"),
                Err(Early::Wrong(failure)) => {
                    assert!(!taken(takes, id), "{name} {flag}: {}", failure.text);
                    assert_eq!(failure.code, 2);
                    assert!(failure.text.contains(&flag), "{}", failure.text);
                    assert_eq!(failure.text.lines().count(), 1);
                }
                Err(Early::Text(text)) => panic!("{name} {flag}: {text}"),
            }
        }
    }
}

fn wrong(line: &str) -> String {
    match parse(std::iter::once("inspect").chain(line.split(' ')).map(OsString::from)) {
        Err(Early::Wrong(failure)) if failure.code == 2 => failure.text,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn what_is_wrong_is_said_on_one_line_with_what_would_be_right() {
    for (line, says) in [
        ("lits recordd", "`lits` is no verb; did you mean `list`?"),
        ("record x -d 0", "a time of nothing"),
        ("record x -d -1s", "cannot be negative"),
        ("profile x -d=-1s", "cannot be negative"),
        ("x --interval 0", "a time of nothing"),
        ("x --wait -5s", "cannot be negative"),
        ("ops --over -1ms", "cannot be negative"),
        ("ops --by", "--by"),
        ("ops --sort load", "invalid value 'load'"),
        ("--sort load ops", "order of threads"),
        ("--sort age", "invalid value 'age'"),
        ("dump x", "--output"),
        ("--nam x", "--name"),
        ("export pproff x", "pprof"),
        ("export prom x -d 5s", "--duration does nothing for `export prom`"),
        ("export prom x -r 10", "--rate"),
        ("export prom x --idle", "--idle"),
        ("export prom x --filter y", "--filter"),
        ("export prom --endpoint http://c", "--endpoint"),
        ("export otlp --metrics -d 5s", "--duration"),
        ("export otlp --spans --thread x", "--thread"),
        ("export otlp --profiles --openmetrics", "--openmetrics"),
        ("ops --history 1-1 --over 1s", "--over"),
        ("why --endpoints unix:/x --history d", "--history"),
        ("ops --by kind --ended", "--ended"),
        ("history --against 1h --svg x", "--svg"),
        ("history --svg x --json", "--json"),
    ] {
        let said = wrong(line);
        assert!(said.contains(says), "{line}: {said}");
        assert!(said.lines().count() == 1 && said.contains("see `inspect "), "{line}: {said}");
    }
}

#[test]
fn verbs_are_found_by_what_they_look_like() {
    for (word, verb) in [("lst", "list"), ("recrod", "record"), ("doc", "doctor"), ("tpo", "top")] {
        assert_eq!(similar(word).as_deref(), Some(verb));
    }
    for word in ["recordd", "x", "store", "47"] {
        let found = similar(word);
        assert!(word == "recordd" || found.is_none(), "{word}: {found:?}");
    }
}
