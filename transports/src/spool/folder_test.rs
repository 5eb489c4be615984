use std::fs;

use trackside_core::{
    Config,
    config::{DestinationBuilder, Policy},
};

use super::*;
use crate::spool::Os;

fn of(builder: DestinationBuilder) -> String {
    let config = Config::builder().consent(Policy::None).destination(builder).build().unwrap();
    let path = folder(Path::new("dir"), &config.destinations()[0]);
    path.strip_prefix("dir").unwrap().to_str().unwrap().to_owned()
}

/// The digits were computed by a script in another language, from the words of the specification.
#[test]
fn a_folder_is_called_by_the_name_and_by_who_is_told_what() {
    let ga4 = |id: &str| Destination::ga4(id, "secret");
    for (builder, name) in [
        (ga4("G-1"), "ga4-a9c6d050"),
        (Destination::ga4("G-1", "another"), "ga4-a9c6d050"),
        (ga4("G-1").name("stats").third_party(false), "stats-a9c6d050"),
        (ga4("G-1").ip(IpPolicy::Full), "ga4-cba7b396"),
        (ga4("G-1").ip(IpPolicy::None), "ga4-5bcb5596"),
        (ga4("G-2"), "ga4-7237bac5"),
        (ga4("G-1").url("https://eu.example/mp"), "ga4-24c5b720"),
        (Destination::of("posthog").with("api_key", "phc_a"), "posthog-4191452e"),
        (Destination::of("posthog").with("api_key", "phc_b"), "posthog-86737b23"),
        (Destination::of("segment").with("write_key", "one"), "segment-1aaa3910"),
        (Destination::of("segment").with("write_key", "two"), "segment-2419745b"),
        (Destination::ga_v1("UA-1"), "ga-v1-42042793"),
        (Destination::celery("UA-1"), "celery-189a1395"),
        (Destination::callback("mine"), "mine-6ab92ae7"),
        (Destination::file("-"), "file-12b8af8a"),
    ] {
        assert_eq!(of(builder), name);
    }
}

#[cfg(unix)]
#[test]
fn a_file_is_told_by_where_it_is() {
    assert_eq!(of(Destination::sqlite("/srv/trackside.db")), "sqlite-15645c44");
    assert_eq!(of(Destination::file("/srv/hits.jsonl")), "file-37693619");
    let here = std::env::current_dir().unwrap();
    assert_eq!(of(Destination::sqlite("a.db")), of(Destination::sqlite(here.join("a.db"))));
    assert_eq!(of(Destination::sqlite("./a.db")), of(Destination::sqlite("a.db")));
    assert_ne!(of(Destination::sqlite("b.db")), of(Destination::sqlite("a.db")));
}

#[test]
fn others_are_those_of_the_name_in_which_the_dead_left_something() {
    let dir = std::env::temp_dir().join(format!("trackside-folder-{}", std::process::id()));
    let disk: Arc<dyn Disk> = Arc::new(Os);
    let leave = |folder: &str, id: u64, segment: bool| {
        let home = Home::new(&disk, &dir.join(folder), id).unwrap();
        if segment {
            fs::write(home.next_segment(), "hits").unwrap();
        }
        home
    };
    for (folder, segment) in
        [("a-b-00000001", true), ("a-b-00000002", false), ("a-00000003", true), ("a-b", true)]
    {
        drop(leave(folder, 1, segment));
    }
    drop(leave("a-b-00000004", 1, false));
    drop(leave("a-b-00000004", 2, true));
    let alive = leave("a-b-00000005", 1, true);
    let found = |folder: &str| {
        let mut others = others(&disk, &dir.join(folder));
        others.sort();
        others.iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(found("a-b-00000000"), ["a-b-00000001", "a-b-00000004"]);
    assert_eq!(found("a-b-00000001"), ["a-b-00000004"]);
    assert_eq!(found("a-00000003"), Vec::<String>::new());
    assert_eq!(found("a-b"), Vec::<String>::new(), "it has no fingerprint");
    drop(alive);
    assert_eq!(found("a-b-00000001"), ["a-b-00000004", "a-b-00000005"]);
    fs::remove_dir_all(dir).unwrap();
}
