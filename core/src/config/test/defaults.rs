//! Every default, as the documentation of `config` tells it.

use std::{path::PathBuf, time::Duration};

use super::with_policy;
use crate::{
    config::{
        AfterUnknown, Bots, Config, Count, Fsync, Identity, IpPolicy, Keys, Mode, PathPolicy, Policy,
        QueryPolicy, Receiver, SameSite, Secure, Spooling, UserId, WhenFull, Workers,
    },
    decide::{ContentTypes, Methods, Statuses},
};

#[test]
fn of_everything_but_destinations() {
    let config = with_policy("");
    assert_eq!(config.mode(), Mode::On);
    assert!(config.sites().is_empty());
    assert_eq!(config.shutdown(), Duration::from_secs(5));
    assert_eq!(config.identity(), Identity::Cookie);
    assert_eq!(*config.keys(), Keys::File(PathBuf::from("trackside.keys")));
    assert!(config.secret.is_none());
    assert_eq!(config.user_id(), UserId::Plain);
    assert_eq!(config.session_timeout, Duration::from_secs(1_800));
    assert_eq!(config.cookie.name, "trackside");
    assert_eq!(config.cookie.path, "/");
    assert_eq!(config.cookie.domain, "");
    assert_eq!(config.cookie.max_age, Duration::from_secs(31_536_000));
    assert!(!config.cookie.renew);
    assert_eq!(config.cookie.same_site, SameSite::Lax);
    assert!(config.cookie.http_only);
    assert_eq!(config.cookie.secure, Secure::Auto);
    assert_eq!(config.consent(), Policy::None);
    assert_eq!(config.notice, "{site} uses a cookie to count visits.");
    assert_eq!(config.count(), Count::Pages);
    assert!(config.track.ignore.is_empty() && config.track.only.is_empty());
    assert_eq!(config.track.status, statuses(&["200", "304"]));
    assert_eq!(config.track.methods, Methods::Only(vec!["GET".to_owned()]));
    let types = ["text/html", "application/xhtml+xml"].map(str::to_owned);
    assert_eq!(config.track.content_types, ContentTypes::Only(types.to_vec()));
    assert!(!config.track.fragments);
    assert_eq!(config.bots(), Bots::Separate);
    assert!(config.track.bots_allow.is_empty() && config.track.bots_deny.is_empty());
    assert_eq!((config.urls.query, config.urls.path), (QueryPolicy::Campaign, PathPolicy::Redacted));
    assert!(!config.urls.canonical);
    assert!(config.beacon.is_none());
    assert_eq!(config.ip_policies(), [IpPolicy::Masked]);
    assert!(config.warnings().is_empty());
}

#[test]
fn without_destinations_there_is_the_embedded_store() {
    for text in ["", "destination = []"] {
        let config = with_policy(text);
        let [store] = config.destinations() else { panic!("{text}: {config:?}") };
        assert_eq!(store.name, "sqlite");
        let Receiver::Sqlite { path, keep } = &store.receiver else { panic!("{store:?}") };
        assert_eq!((path, *keep), (&PathBuf::from("trackside.db"), None));
        assert_eq!(store.ip, IpPolicy::Masked);
        assert!(!store.third_party);
        assert_eq!(store.workers, Workers::Auto);
        assert_eq!(store.queue.hits, 10_000);
        assert_eq!(store.queue.bytes, 16_777_216);
        assert_eq!(store.queue.when_full, WhenFull::DropNewest);
        assert!(store.queue.important.is_empty());
        assert_eq!(store.batch.hits, 100);
        assert_eq!(store.batch.bytes, 262_144);
        assert_eq!(store.batch.age, Duration::from_millis(200));
        assert_eq!(store.http.timeout, Duration::from_secs(10));
        assert_eq!(store.max_age, Duration::from_secs(3_600));
        assert_eq!(store.after_unknown, AfterUnknown::Drop);
        assert_eq!(store.spool, Spooling::Off);
    }
}

#[test]
fn of_the_spool() {
    let spool = with_policy("").spool().clone();
    assert_eq!(
        (spool.dir, spool.bytes, spool.fsync),
        ("trackside-spool".into(), 1_073_741_824, Fsync::Never)
    );
    for spooling in ["always", "overflow"] {
        let config = with_policy(&format!("destination = [{{ type = 'sqlite', spool = '{spooling}' }}]"));
        assert_eq!(config.destinations()[0].max_age, Duration::from_secs(259_200), "{spooling}");
    }
}

#[test]
fn what_is_written_of_the_spool_is_in_force() {
    let config = with_policy(
        "spool = { dir = '/var/spool/trackside', bytes = '64MiB', fsync = '2s' }
        destination = [
            { type = 'sqlite', spool = 'always', max_age = '2h' },
            { type = 'callback', spool = 'overflow' },
        ]",
    );
    let spool = config.spool();
    let every = Fsync::Every(Duration::from_secs(2));
    assert_eq!(
        (spool.dir.to_str(), spool.bytes, spool.fsync),
        (Some("/var/spool/trackside"), 67_108_864, every)
    );
    let [store, callback] = config.destinations() else { panic!("{config:?}") };
    assert_eq!((store.spool, store.max_age), (Spooling::Always, Duration::from_secs(7_200)));
    assert_eq!(callback.spool, Spooling::Overflow);
    assert_eq!(with_policy("spool.fsync = 'always'").spool().fsync, Fsync::Always);
}

#[test]
fn of_each_receiver() {
    let config = with_policy(
        "destination = [
            { type = 'sqlite' },
            { type = 'file', path = '-' },
            { type = 'ga4', measurement_id = 'G-ABC123DEF4', api_secret = 's' },
            { type = 'ga-v1', tracking_id = 'UA-12345-6' },
            { type = 'callback' },
            { type = 'celery', tracking_id = 'UA-12345-6' },
        ]",
    );
    let [sqlite, file, ga4, ga_v1, callback, celery] = config.destinations() else { panic!("{config:?}") };
    assert!(
        matches!(&sqlite.receiver, Receiver::Sqlite { path, keep: None } if path.as_os_str() == "trackside.db")
    );
    assert!(matches!(file.receiver, Receiver::File { path: None }));
    assert_eq!(ga4.receiver.url(), Some("https://www.google-analytics.com/mp/collect"));
    let Receiver::Remote(remote) = &ga_v1.receiver else { panic!("{ga_v1:?}") };
    let url = &remote.values().text("url").to_owned();
    assert_eq!(url, "https://www.google-analytics.com/collect");
    assert_eq!(remote.values().text("version"), "1");
    assert!(matches!(callback.receiver, Receiver::Callback));
    let Receiver::Celery { task, url: provider_url, version, .. } = &celery.receiver else {
        panic!("{celery:?}")
    };
    assert_eq!(
        (task.as_str(), provider_url, version.as_str()),
        ("trackside.celery.submit_tracking", url, "1")
    );
    // Whose the collector is behind the broker, nobody knows but who says so.
    let own =
        with_policy("destination = [{ type = 'celery', tracking_id = 'UA-1', url = 'https://s.example/c' }]");
    assert!(own.destinations()[0].third_party);
    assert_eq!((celery.workers, ga_v1.workers), (Workers::Count(1), Workers::Auto));
    let told = [sqlite, file, ga4, ga_v1, callback, celery]
        .map(|it| (it.name.as_str(), it.third_party, it.batch.hits));
    assert_eq!(
        told,
        [
            ("sqlite", false, 100),
            ("file", false, 100),
            ("ga4", true, 25),
            ("ga-v1", true, 1),
            ("callback", false, 100),
            ("celery", true, 1)
        ]
    );
}

#[test]
fn an_unwritten_batch_fits_the_queue() {
    let config = with_policy("destination = [{ type = 'sqlite', queue.hits = 7 }]");
    assert_eq!(config.destinations()[0].batch.hits, 7);
}

#[test]
fn api_is_a_preset_that_written_keys_beat() {
    let config = Config::builder().toml("track.count = 'api'").build().unwrap();
    assert_eq!(config.bots(), Bots::Keep);
    assert_eq!((config.count(), config.consent()), (Count::Api, Policy::None));
    assert_eq!(config.track.status, statuses(&["2xx"]));
    assert_eq!(config.track.methods, Methods::AllButProbes);
    assert_eq!(config.track.content_types, ContentTypes::Any);
    assert!(config.track.fragments);

    let text = "track = { count = 'api', status = ['201'], methods = ['POST'], content_types = ['Application/JSON'], fragments = false }";
    let config = Config::builder().toml(text).build().unwrap();
    assert_eq!(config.track.status, statuses(&["201"]));
    assert_eq!(config.track.methods, Methods::Only(vec!["POST".to_owned()]));
    assert_eq!(config.track.content_types, ContentTypes::Only(vec!["application/json".to_owned()]));
    assert!(!config.track.fragments);
}

#[test]
fn without_a_cookie_the_policy_is_none() {
    for text in ["visitor.identity = 'none'", "visitor.identity = 'cookieless'", "track.count = 'api'"] {
        assert_eq!(Config::builder().toml(text).build().unwrap().consent(), Policy::None);
        let text = format!("{text}\nconsent.policy = 'none'");
        assert_eq!(Config::builder().toml(&text).build().unwrap().consent(), Policy::None);
    }
}

fn statuses(entries: &[&str]) -> Statuses {
    let mut statuses = Statuses::default();
    assert!(entries.iter().all(|entry| statuses.add(entry)));
    statuses
}
