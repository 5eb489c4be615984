//! What the middleware for actix-web does beyond the contract of all adapters.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod common;

use actix_web::{
    App, HttpResponse,
    test::{TestRequest, call_service, init_service},
    web,
};
use trackside::actix::Trackside;

use self::common::{Bench, Warnings};

#[actix_web::test]
async fn a_middleware_inside_that_of_another_tracker_warns_once() {
    let (pages, api) = (Bench::new(""), Bench::new("track.count = 'api'"));
    for (inner, warned) in [(&api, 1), (&pages, 0)] {
        let warnings = Warnings::default();
        let _guard = tracing::subscriber::set_default(warnings.clone());
        let html = || async { HttpResponse::Ok().content_type("text/html").body("") };
        let scope = web::scope("/api").wrap(Trackside::new(inner.tracker.clone()));
        let app = App::new()
            .service(scope.route("/", web::get().to(html)))
            .wrap(Trackside::new(pages.tracker.clone()));
        let app = init_service(app).await;
        for _ in 0..3 {
            let request = TestRequest::get().uri("/api/").insert_header(("host", "www.example.com"));
            assert_eq!(call_service(&app, request.to_request()).await.status(), 200);
        }
        let warnings = warnings.take();
        assert_eq!(warnings.len(), warned, "{warnings:?}");
        assert!(warnings.iter().all(|text| text.contains("its own scope")), "{warnings:?}");
    }
    assert_eq!((pages.tracker.stats().requests.seen(), api.tracker.stats().requests.seen()), (6, 0));
}
