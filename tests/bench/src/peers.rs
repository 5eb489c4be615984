//! The peers that a user would pick instead, set up as their own documentation says.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    thread,
    time::Duration,
};

use segment::{
    Batcher, Client as _, HttpClient,
    message::{BatchMessage, Track, User},
};
use tokio::sync::mpsc;

use crate::sample::{FIELDS, SHORT, VISITOR};

/// posthog-rs' blocking client with its defaults: 100 events a POST.
pub struct Posthog(posthog_rs::Client);

impl Posthog {
    pub fn start(url: &str) -> Self {
        let options = posthog_rs::ClientOptionsBuilder::default()
            .api_key("phc_benchmark".to_owned())
            .host(url)
            .build()
            .expect("the options are complete");
        Self(posthog_rs::client(options))
    }

    pub fn record(&self) {
        let mut event = posthog_rs::Event::new("pageview", VISITOR);
        for (key, value) in SHORT {
            event.insert_prop(key, value).expect("a string is JSON");
        }
        self.0.capture(event);
    }

    pub fn flush(&self) {
        self.0.flush();
    }
}

/// The segment crate behind a channel, as it has no queue of its own: as many messages a POST as it
/// packs into its 500 KiB.
///
/// Returns when all of `hits` are delivered.
pub fn segment(url: &str, hits: usize) {
    let (sender, mut receiver) = mpsc::channel::<BatchMessage>(10_000);
    let host = url.to_owned();
    let worker = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let http = reqwest::Client::builder().connect_timeout(Duration::from_secs(10)).build();
            let client = HttpClient::new(http.expect("a client"), host);
            let send = async |batcher: Batcher| {
                client.send("key".to_owned(), batcher.into_message()).await.expect("the collector answers");
            };
            let mut batcher = Batcher::new(None);
            while let Some(message) = receiver.recv().await {
                if let Some(message) = batcher.push(message).expect("a message is small") {
                    send(std::mem::replace(&mut batcher, Batcher::new(None))).await;
                    batcher.push(message).expect("a message is small");
                }
            }
            send(batcher).await;
        });
    });
    for _ in 0..hits {
        sender.blocking_send(track().into()).expect("the worker lives");
    }
    drop(sender);
    worker.join().expect("the worker ends");
}

fn track() -> Track {
    let properties = SHORT.iter().map(|(key, value)| ((*key).to_owned(), (*value).into()));
    Track {
        user: User::UserId { user_id: VISITOR.to_owned() },
        event: "pageview".to_owned(),
        properties: serde_json::Value::Object(properties.collect()),
        ..Default::default()
    }
}

/// What no client can do without: each request of so many `bytes` handed to the system at once, and its answer taken at
/// once.
pub fn socket_loop(url: &str, bytes: usize, requests: usize) -> io::Result<()> {
    let host = url.strip_prefix("http://").unwrap_or(url);
    let mut stream = TcpStream::connect(host)?;
    stream.set_nodelay(true)?;
    let head = |length| format!("POST / HTTP/1.1\r\nhost: {host}\r\ncontent-length: {length}\r\n\r\n");
    let length = bytes.saturating_sub(head(bytes).len());
    let request = [head(length).into_bytes(), vec![b'x'; length]].concat();
    let mut answer = [0; 4_096];
    for _ in 0..requests {
        stream.write_all(&request)?;
        if stream.read(&mut answer)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(())
}

/// A bare ureq loop: encode, post, read the answer.
pub fn ureq_loop(url: &str, hits: usize) {
    let agent: ureq::Agent = ureq::Agent::config_builder().proxy(None).build().into();
    let mut body = Vec::new();
    for _ in 0..hits {
        body.clear();
        crate::floor::encode(&FIELDS, &mut body);
        let mut answer = agent
            .post(url)
            .content_type("application/x-www-form-urlencoded")
            .send(&body[..])
            .expect("the collector answers");
        answer.body_mut().read_to_vec().expect("the answer is short");
    }
}

#[cfg(test)]
mod test {
    use super::{Batcher, track};

    #[test]
    fn segment_packs_962_messages_into_a_request() {
        let mut batcher = Batcher::new(None);
        let packed = (0..2_000).take_while(|_| matches!(batcher.push(track()), Ok(None))).count();
        // Its time stamps differ by a digit or two.
        assert!(packed.abs_diff(962) <= 15, "{packed}");
    }
}
