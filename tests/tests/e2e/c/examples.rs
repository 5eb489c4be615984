//! What the programs that end by themselves print.

use std::process::Command;

use trackside_tests::folder::Folder;

use super::example;
use crate::kit::rows;

fn output(name: &str, folder: &Folder) -> Vec<String> {
    let output = Command::new(example(name)).current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn minimal_prints_the_verdict_and_leaves_nothing() {
    let folder = Folder::new().unwrap();
    let lines = output("minimal", &folder);
    let [notice, verdict, cookie, cache, left] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!(notice, "notice: www.example.com uses a cookie to count visits.");
    assert_eq!(verdict, "tracked");
    assert!(cookie.starts_with("Set-Cookie: trackside=") && cookie.contains("; Secure"), "{cookie}");
    assert_eq!(cache, "Cache-Control: private");
    assert_eq!(left, "left: 0 queued, 0 in flight, 0 spooled");
    let [row] = rows(&folder.join("trackside.db")).try_into().unwrap();
    assert_eq!((row.path.as_str(), row.query.as_deref()), ("/walks/", Some("utm_source=newsletter")));
    assert_eq!((row.title.as_deref(), row.ip.as_deref()), (Some("Twelve walks"), Some("203.0.113.0")));
}

#[test]
fn custom_transport_prints_the_requests_and_the_fields() {
    let folder = Folder::new().unwrap();
    let lines = output("custom_transport", &folder);
    let request = lines.iter().position(|line| line == "-- request").unwrap();
    assert_eq!(
        lines[request + 1],
        "POST https://www.google-analytics.com/mp/collect?measurement_id=G-ABC1234567&api_secret=***"
    );
    // A page and its event, of one visitor: one request.
    assert_eq!(lines.iter().filter(|line| *line == "-- request").count(), 1);
    let body = lines.iter().find(|line| line.starts_with('{')).unwrap();
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    let names: Vec<_> = body["events"].as_array().unwrap().iter().map(|event| &event["name"]).collect();
    assert_eq!(names, ["page_view", "map_opened"]);

    let hits: Vec<_> = lines.split(|line| line == "-- hit").skip(1).collect();
    let has = |hit: usize, line: &str| hits[hit].iter().any(|it| it == line);
    assert_eq!(hits.len(), 2);
    assert!(has(0, "kind: page") && has(0, "path: /walks/") && has(0, "title: Twelve walks"), "{lines:?}");
    assert!(has(0, "address: 203.0.113.0") && has(0, "site: www.example.com"), "{lines:?}");
    assert!(has(1, "kind: event") && has(1, "name: map_opened") && has(1, "value: 2.5"), "{lines:?}");
    for name in ["ga4", "mine"] {
        let goodbye = format!("-- the sink of {name} is gone");
        assert_eq!(lines.iter().filter(|line| **line == goodbye).count(), 1);
    }
}
