//! A site of actix-web's, with its middleware.

use std::{
    convert::Infallible,
    future::pending,
    net::TcpListener,
    sync::mpsc::{self, Sender},
    thread,
};

use actix_web::{App, HttpResponse, HttpServer, dev::ServerHandle, rt, web};
use trackside::{
    Event, Tracker, Visit,
    actix::Trackside,
    consent::{Choice, Consent},
};

use super::{CONFIG, run};
use crate::common::Bench;

fn html(body: impl Into<String>) -> HttpResponse {
    HttpResponse::Ok().content_type("text/html").body(body.into())
}

async fn said(visit: Visit) -> HttpResponse {
    visit.title("Said");
    visit.user_id("u-42");
    visit.event(Event::new("add"));
    html("")
}

async fn notice(visit: Visit) -> HttpResponse {
    html(visit.notice().map_or_else(String::new, |notice| notice.text().to_owned()))
}

async fn stream() -> HttpResponse {
    let pieces = ["one", "two", "three"].map(|piece| Ok::<_, Infallible>(web::Bytes::from(piece)));
    HttpResponse::Ok().content_type("text/html").streaming(tokio_stream::iter(pieces))
}

async fn refused(visit: Visit) -> HttpResponse {
    visit.set_consent(Consent::new(Choice::Denied, Choice::Unknown));
    html("")
}

async fn breaks() -> HttpResponse {
    panic!("on purpose")
}

async fn waits(reached: web::Data<Sender<()>>) -> HttpResponse {
    reached.send(()).unwrap();
    pending().await
}

fn serve(
    tracker: Tracker,
    listener: TcpListener,
    reached: Sender<()>,
) -> (ServerHandle, thread::JoinHandle<()>) {
    let (told, handle) = mpsc::channel();
    let running = thread::spawn(move || {
        let site = move || {
            App::new()
                .app_data(web::Data::new(reached.clone()))
                .wrap(Trackside::new(tracker.clone()))
                .route("/", web::get().to(|| async { html("") }))
                .route("/", web::head().to(|| async { html("") }))
                .route("/unchanged", web::get().to(|| async { HttpResponse::NotModified().finish() }))
                .route(
                    "/redirect",
                    web::get()
                        .to(|| async { HttpResponse::Found().insert_header(("location", "/")).finish() }),
                )
                .route(
                    "/data",
                    web::get().to(|| async { HttpResponse::Ok().content_type("application/json").body("1") }),
                )
                .route("/admin/", web::get().to(|| async { html("") }))
                .route(
                    "/fails",
                    web::get().to(|| async {
                        Err::<HttpResponse, _>(actix_web::error::ErrorInternalServerError("on purpose"))
                    }),
                )
                .route("/stream", web::get().to(stream))
                .route("/said", web::get().to(said))
                .route("/notice", web::get().to(notice))
                .route("/refused", web::get().to(refused))
                .route("/breaks", web::get().to(breaks))
                .route("/waits", web::get().to(waits))
                .service(web::scope("/shop").route("/items/{id}", web::get().to(|| async { html("") })))
        };
        rt::System::new().block_on(async move {
            let server = HttpServer::new(site).workers(1).disable_signals().listen(listener).unwrap().run();
            told.send(server.handle()).unwrap();
            server.await.unwrap();
        });
    });
    (handle.recv().unwrap(), running)
}

#[test]
fn a_site_of_actix_web_s_keeps_the_contract() {
    let bench = Bench::new(CONFIG);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (reached, waiting) = mpsc::channel();
    let (server, running) = serve(bench.tracker.clone(), listener, reached);
    run(&bench, address, &waiting);
    rt::System::new().block_on(server.stop(true));
    running.join().unwrap();
}
