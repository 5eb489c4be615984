//! The documentation of `config` against the schema: every key has its row, and every default that is written there is
//! the one that stands where the key is left out.

use super::Config;

const REFERENCE: &str = include_str!("../mod.rs");

/// No key, and like none.
const UNKNOWN: &str = "zzzzzzzzzzzz";

/// The types of destinations whose keys stand in the documentation's text, with what they need.
const TYPES: &[(&str, &str)] = &[
    ("sqlite", ""),
    ("file", "path = 'hits.jsonl'"),
    ("ga4", "measurement_id = 'G-ABC123DEF4'\napi_secret = 's3cret'"),
    ("ga-v1", "tracking_id = 'UA-1-1'"),
    ("callback", ""),
    ("celery", "tracking_id = 'UA-1-1'"),
];

/// A row: its section, the type of destination whose own key it is, the key, and its default of pages and of an API.
struct Row {
    section: String,
    kind: String,
    key: String,
    defaults: Vec<String>,
}

fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    let (mut section, mut columns) = (String::new(), Vec::new());
    for line in REFERENCE.lines().map_while(|line| line.strip_prefix("//!")) {
        let line = line.trim();
        if let Some(heading) = line.strip_prefix("# ") {
            let is_table = heading.starts_with("`[");
            section = if is_table { heading.replace(['`', '[', ']'], "") } else { String::new() };
        }
        let cells: Vec<_> = line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
        match (line.starts_with('|'), cells[0].as_str()) {
            (false, _) => columns.clear(),
            (true, "key" | "type") => columns = cells,
            (true, first) if first.starts_with("---") || columns.is_empty() => {}
            (true, _) => {
                let at = |name: &str| columns.iter().position(|column| column == name).unwrap();
                let kind = if columns[0] == "type" { cells[0].clone() } else { String::new() };
                let defaults = cells[at("default")..at("meaning")].to_vec();
                for key in cells[at("key")].split('`').skip(1).step_by(2) {
                    let (section, kind) = (section.clone(), kind.clone());
                    rows.push(Row { section, kind, key: key.to_owned(), defaults: defaults.clone() });
                }
            }
        }
    }
    rows
}

/// What is told of a document that has an unknown key: the keys that there are beside it.
fn known_beside(toml: &str, path: &str) -> Option<Vec<String>> {
    let error = Config::builder().toml(toml).build().expect_err(toml);
    let told = error.mistakes().find(|(told, _)| *told == path)?.1.to_owned();
    let keys = told.strip_prefix("unknown key; the keys here are ").unwrap_or_else(|| panic!("{told}"));
    Some(keys.split(", ").map(str::to_owned).collect())
}

/// All keys below `prefix`, those of tables in it by their whole names.
fn keys(prefix: &str, before: &str, path: &str, found: &mut Vec<String>) {
    let Some(known) =
        known_beside(&format!("{before}{prefix}{UNKNOWN} = 1"), &format!("{path}{prefix}{UNKNOWN}"))
    else {
        found.push(prefix.trim_end_matches('.').to_owned());
        return;
    };
    for key in known {
        if prefix.is_empty() && key == "destination" {
            continue;
        }
        keys(&format!("{prefix}{key}."), before, path, found);
    }
}

#[test]
fn every_key_has_its_row() {
    let rows = rows();
    let mut found = Vec::new();
    keys("", "", "", &mut found);
    assert!(found.len() > 40, "{found:?}");
    for key in found {
        let (section, name) = key.rsplit_once('.').unwrap_or(("", &key));
        assert!(rows.iter().any(|row| row.section == section && row.key == name), "{key} has no row");
    }
    for (kind, needs) in TYPES {
        let mut found = Vec::new();
        keys("", &format!("[[destination]]\ntype = '{kind}'\n{needs}\n"), "destination[0].", &mut found);
        assert!(found.len() >= 13, "{kind}: {found:?}");
        for key in found {
            let is_row = |row: &Row| {
                row.section == "destination" && row.key == key && (row.kind.is_empty() || row.kind == *kind)
            };
            assert!(rows.iter().any(is_row), "{kind}: {key} has no row");
        }
    }
}

/// What is built of a document, to the last field; none after a mistake.
fn built(toml: &str) -> String {
    let config = Config::builder().toml(toml).build();
    format!("{:?}", config.unwrap_or_else(|error| panic!("{toml}\n{error}")))
}

#[test]
fn every_default_that_is_written_is_in_force() {
    let mut count = 0;
    for row in rows() {
        for (n, cell) in row.defaults.iter().enumerate() {
            // What is no value, such as "none" or "the type", is told in words, and that of another key by its name.
            let default = cell.strip_prefix('`').and_then(|cell| cell.split('`').next());
            let Some(default) = default.filter(|default| *default != "privacy.ip") else {
                continue;
            };
            let Row { section, kind, key, .. } = &row;
            let mut base = String::from("consent.policy = 'none'\n");
            if n == 1 {
                base += "track.count = 'api'\n";
            }
            if section == "proxy" && key == "header" {
                base += "proxy.hops = 1\n";
            }
            let line = if section == "destination" {
                let kind = if kind.is_empty() { "sqlite" } else { kind };
                let (_, needs) = TYPES.iter().find(|(known, _)| *known == kind).unwrap();
                base += &format!("[[destination]]\ntype = '{kind}'\n{needs}\n");
                format!("{key} = {default}\n")
            } else if section.is_empty() {
                format!("{key} = {default}\n")
            } else {
                format!("{section}.{key} = {default}\n")
            };
            assert_eq!(built(&format!("{base}{line}")), built(&base), "{section} {kind} {key} = {default}");
            count += 1;
        }
    }
    assert!(count > 45, "{count}");
}
