//! The peers that a user would pick instead, set up as their own documentation says.

use std::{
    cell::RefCell,
    io::{self, Read, Write},
    net::TcpStream,
    thread::{self, JoinHandle},
    time::Duration,
};

use segment::{
    Batcher, Client as _, HttpClient,
    message::{BatchMessage, Track, User},
};
use tokio::sync::mpsc;

use crate::{
    clock::Load,
    sample::{Crowd, FIELDS, SHORT},
};

/// posthog-rs' blocking client with its defaults: 100 events a POST.
pub struct Posthog(posthog_rs::Client, Crowd);

impl Posthog {
    pub fn start(url: &str, crowd: Crowd) -> Self {
        let options = posthog_rs::ClientOptionsBuilder::default()
            .api_key("phc_benchmark".to_owned())
            .host(url)
            .build()
            .expect("the options are complete");
        Self(posthog_rs::client(options), crowd)
    }

    /// Queues a view of the page at this path. Full, it drops it without a word.
    pub fn capture(&self, page: &str) {
        self.queue(self.1.short_of(page));
    }

    /// As its documentation ends a process.
    pub fn shutdown(&self) {
        self.0.shutdown();
    }

    fn queue<'a>(&self, (visitor, fields): (&str, impl Iterator<Item = (&'static str, &'a str)>)) {
        let mut event = posthog_rs::Event::new("pageview", visitor);
        for (key, value) in fields {
            event.insert_prop(key, value).expect("a string is JSON");
        }
        self.0.capture(event);
    }
}

impl Load for Posthog {
    fn one(&self) {
        self.queue(self.1.short());
    }

    fn settle(&self) {
        self.0.flush();
    }
}

/// The segment crate behind a channel, as it has no queue of its own: as many messages a POST as it
/// packs into its 500 KiB.
pub struct Segment {
    sender: Option<mpsc::Sender<BatchMessage>>,
    worker: Option<JoinHandle<()>>,
    crowd: Crowd,
}

impl Segment {
    pub fn start(url: &str, crowd: Crowd) -> Self {
        let (sender, receiver) = mpsc::channel(10_000);
        let host = url.to_owned();
        let worker = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(send_all(receiver, host));
        });
        Self { sender: Some(sender), worker: Some(worker), crowd }
    }

    /// Waits for room.
    pub fn queue(&self) {
        self.send(track(self.crowd.short()));
    }

    /// As [`queue`](Self::queue), a view of the page at this path.
    pub fn push(&self, page: &str) {
        self.send(track(self.crowd.short_of(page)));
    }

    /// Returns when all is delivered.
    pub fn close(mut self) {
        drop(self.sender.take());
        self.worker.take().map(JoinHandle::join).transpose().expect("the worker ends");
    }

    fn send(&self, track: Track) {
        if let Some(sender) = &self.sender {
            sender.blocking_send(track.into()).expect("the worker lives");
        }
    }
}

fn track<'a>((visitor, fields): (&str, impl Iterator<Item = (&'static str, &'a str)>)) -> Track {
    let properties = fields.map(|(key, value)| (key.to_owned(), value.into()));
    Track {
        user: User::UserId { user_id: visitor.to_owned() },
        event: "pageview".to_owned(),
        properties: serde_json::Value::Object(properties.collect()),
        ..Default::default()
    }
}

/// Who does not wait for room, either.
impl Load for Segment {
    fn one(&self) {
        let message = track(self.crowd.short()).into();
        if let Some(sender) = &self.sender {
            // OK to lose: that is what the channel's bound means.
            sender.try_send(message).ok();
        }
    }

    /// Until the channel is empty: the last batch waits for more.
    fn settle(&self) {
        while self.sender.as_ref().is_some_and(|sender| sender.capacity() < sender.max_capacity()) {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

async fn send_all(mut receiver: mpsc::Receiver<BatchMessage>, host: String) {
    let http = reqwest::Client::builder().connect_timeout(Duration::from_secs(10)).build();
    let client = HttpClient::new(http.expect("a client"), host);
    let send = async |batcher: Batcher| {
        // It tries once. Nobody has the messages any more that it was not answered for.
        client.send("key".to_owned(), batcher.into_message()).await.ok();
    };
    let mut batcher = Batcher::new(None);
    while let Some(message) = receiver.recv().await {
        if let Some(message) = batcher.push(message).expect("a message is small") {
            send(std::mem::replace(&mut batcher, Batcher::new(None))).await;
            batcher.push(message).expect("a message is small");
        }
    }
    send(batcher).await;
}

/// snowplow_tracker with its defaults: 50 events a POST.
pub struct Snowplow(RefCell<snowplow_tracker::Tracker>);

impl Snowplow {
    pub fn start(url: &str) -> Self {
        Self(RefCell::new(snowplow_tracker::Snowplow::create_tracker("benchmark", "trackside", url, None)))
    }

    /// Queues a view of the page at this path, and says whether there was room.
    pub fn track(&self, page: &str) -> bool {
        self.queue(Crowd::one().short_of(page).1)
    }

    /// As its documentation ends a process, and what is not a full batch first. What is dropped waits for the rest.
    pub fn close(self) {
        let mut tracker = self.0.into_inner();
        // An error says that there is nothing left, or that the emitter has ended.
        tracker.flush().ok();
        tracker.close_emitter().ok();
    }

    fn queue<'a>(&self, fields: impl Iterator<Item = (&'static str, &'a str)>) -> bool {
        let fields = fields.map(|(key, value)| (key.to_owned(), value.into()));
        let event = snowplow_tracker::SelfDescribingEvent::builder()
            .schema("iglu:org.example/page_view/jsonschema/1-0-0")
            .data(serde_json::Value::Object(fields.collect()))
            .build()
            .expect("the event is complete");
        // Full is an error of its own, and its hit lost.
        self.0.borrow_mut().track(event, None).is_ok()
    }
}

impl Load for Snowplow {
    fn one(&self) {
        self.queue(SHORT.into_iter());
    }

    /// It tells nobody what it has delivered: a batch takes it less than a millisecond.
    fn settle(&self) {
        thread::sleep(Duration::from_millis(50));
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
    use super::{Batcher, Crowd, Segment, track};

    #[test]
    fn segment_packs_962_messages_into_a_request() {
        // Nobody is there; nothing is sent before the channel closes.
        let segment = Segment::start("http://127.0.0.1:1", Crowd::one());
        let mut batcher = Batcher::new(None);
        let packed =
            (0..2_000).take_while(|_| matches!(batcher.push(track(segment.crowd.short())), Ok(None))).count();
        // Its time stamps differ by a digit or two.
        assert!(packed.abs_diff(962) <= 15, "{packed}");
    }
}
