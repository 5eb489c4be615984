use trackside_core::{
    Annotations, Config, Hit, Moment, Request, Response, config::Policy, judge, protocol::Outcome,
};

use super::*;

fn hits() -> Vec<Hit> {
    let config = Config::builder().consent(Policy::None).build().unwrap();
    let request = Request::new("GET", "/", &[("host", "www.example.com")]);
    let response = Response::new(200, &[("content-type", "text/html")]);
    let mut hits = Vec::new();
    for _ in 0..3 {
        let exchange = judge::begin(&config, &request, Moment::new(0, [7; 64]), None);
        let verdict =
            judge::finish(&config, exchange, &request, &response, &Annotations::new(), &mut |hit| {
                hits.push(hit);
            });
        assert!(verdict.is_tracked());
    }
    hits
}

#[test]
fn a_claim_that_cannot_be_is_brought_to_the_next_that_can() {
    let hits = hits();
    let batch: Vec<_> = hits.iter().map(Enriched::new).collect();
    for (claimed, taken) in [(0, 1), (1, 1), (3, 3), (4, 3), (usize::MAX, 3)] {
        let mut sink = factory(move |_, _| Delivery::new(claimed, Outcome::Split))().unwrap();
        assert_eq!(sink.deliver(&batch, 0), Delivery::new(taken, Outcome::Split));
    }
}

#[test]
fn it_is_told_the_batch_and_the_time_and_each_sink_has_its_own_state() {
    let hits = hits();
    let batch: Vec<_> = hits.iter().map(Enriched::new).collect();
    let mut calls = 0;
    let factory = factory(move |batch, now| {
        calls += 1;
        assert_eq!((batch.len(), now), (3, 1_784_714_400_000_000 + calls));
        Delivery::new(batch.len(), Outcome::Delivered)
    });
    for mut sink in [factory().unwrap(), factory().unwrap()] {
        for n in 1..=2 {
            let delivery = sink.deliver(&batch, 1_784_714_400_000_000 + n);
            assert_eq!(delivery, Delivery::new(3, Outcome::Delivered));
        }
    }
}
