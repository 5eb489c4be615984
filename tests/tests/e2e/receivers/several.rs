//! Several receivers of one site, each of which gets what its own keys say.

use super::{webhook::SECRET, *};

/// What Google's tag and Matomo's script have given the browser.
const COOKIES: (&str, &str) = (
    "cookie",
    "_ga=GA1.1.1111111111.1700000001; _ga_ABC123DEF4=GS1.1.1795348000.5.1.1795348700.0.0.0; \
     _pk_id.7.1fff=0123456789abcdef.1700000002.",
);

#[test]
fn each_gets_its_own_of_what_one_browser_does() {
    let collectors = [(); 3].map(|()| Collector::start().unwrap());
    let [matomo, ga4, hook] = &collectors;
    matomo.always(Answer::status(200).body(r#"{"status":"success","tracked":3,"invalid":0}"#));
    ga4.always(Answer::status(204));
    hook.always(Answer::status(204));
    let batch = "workers = 1\nbatch = { hits = 3, age = '1h' }";
    let site = Site::open(
        &format!(
            "[[destination]]\ntype = 'matomo'\nsite_id = 7\nip = 'full'\njoin = true\nurl = '{}'\n{batch}\n\
             [[destination]]\ntype = 'ga4'\nmeasurement_id = 'G-ABC123DEF4'\napi_secret = 's'\njoin = true\nurl = '{}'\n\
             {batch}\n\
             [[destination]]\ntype = 'webhook'\nsecret = '{SECRET}'\nurl = '{}'\n{batch}\nonly = {{ hits = ['event:a*'] }}\n\
             set = {{ label = 'changed', properties = {{ env = 'test' }} }}\ndrop = ['category']\n",
            matomo.url("/matomo.php"),
            ga4.url("/mp/collect"),
            hook.url("/hook")
        ),
        pages(),
    );
    let browser = site.browser();
    for (method, target) in [("GET", "/page/1"), ("POST", "/event/add"), ("POST", "/event/remove")] {
        assert_eq!(browser.send(method, target, &[COOKIES]).status(), 200);
    }

    let stats = site.settled();
    let books: Vec<_> = stats.destinations.iter().map(|book| (book.offered, book.delivered)).collect();
    assert_eq!(books, [(3, 3), (3, 3), (3, 1)]);
    assert_eq!(lost(&stats.destinations[2], Reason::Filtered), 2);
    let [matomo, ga4, hook] = [matomo, ga4, hook].map(|collector| {
        let requests = collector.requests();
        let [request] = &requests[..] else { panic!("{requests:?}") };
        json(request)
    });

    // Both are told of the visitor whom their own scripts know.
    let queries: Vec<_> =
        matomo["requests"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    assert_eq!(queries.len(), 3);
    assert!(queries.iter().all(|query| query.contains("&cid=0123456789abcdef")), "{queries:?}");
    assert_eq!(ga4["client_id"], "1111111111.1700000001");
    assert_eq!(ga4["events"].as_array().unwrap().len(), 3);
    for event in ga4["events"].as_array().unwrap() {
        assert_eq!(event["params"]["session_id"].to_string().trim_matches('"'), "1795348000", "{event}");
    }

    // And nobody else is told of what is changed for one.
    let [event] = &hook["hits"].as_array().unwrap()[..] else { panic!("{hook}") };
    assert_eq!([&event["name"], &event["label"]], ["add", "changed"]);
    assert_eq!([&event["properties"]["colour"], &event["properties"]["env"]], ["red", "test"]);
    assert!(event.get("category").is_none_or(|category| category == ""), "{event}");
    assert!(
        queries.iter().any(|query| query.contains("e_c=cart") && query.contains("e_n=SKU-1")),
        "{queries:?}"
    );
    assert!(!queries.iter().any(|query| query.contains("changed")), "{queries:?}");
}
