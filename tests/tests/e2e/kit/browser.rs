use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use cookie::Cookie;
use http::{HeaderMap, Request, Response, header};

use super::LIMIT;

/// A visitor's browser: asks for HTML, keeps what cookies it is given and sends them back. It follows no
/// redirect by itself.
pub(crate) struct Browser {
    agent: ureq::Agent,
    base: String,
    cookies: Mutex<BTreeMap<String, String>>,
    asked: Arc<AtomicU64>,
}

impl Browser {
    /// One that asks the server at `base`, and counts its requests in `asked`.
    pub(crate) fn new(base: String, asked: Arc<AtomicU64>) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_global(Some(LIMIT))
            .user_agent("Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0")
            .build()
            .new_agent();
        Self { agent, base, cookies: Mutex::default(), asked }
    }

    /// Asks for a page.
    pub(crate) fn get(&self, target: &str) -> Page {
        self.send("GET", target, &[])
    }

    /// Asks with these headers, and reads the answer to its end.
    pub(crate) fn send(&self, method: &str, target: &str, headers: &[(&str, &str)]) -> Page {
        let (head, mut body) = self.open(method, target, headers).unwrap().into_parts();
        Page { status: head.status.as_u16(), headers: head.headers, body: body.read_to_vec().unwrap() }
    }

    /// Asks with these headers; the answer's body is still to be read.
    pub(crate) fn open(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
    ) -> Result<Response<ureq::Body>, ureq::Error> {
        let mut request = Request::builder().method(method).uri(format!("{}{target}", self.base));
        request = request.header(header::ACCEPT, "text/html,application/xhtml+xml,*/*;q=0.8");
        if method == "POST" {
            // The client would send the end of no body in a second packet, and a server that has answered before it
            // comes closes the connection, which the client takes for the next request.
            request = request.header(header::CONTENT_LENGTH, 0);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let cookies: Vec<_> =
            self.cookies.lock().unwrap().iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        self.asked.fetch_add(1, Ordering::SeqCst);
        let response = self.agent.run(request.body(()).unwrap())?;
        for value in response.headers().get_all(header::SET_COOKIE) {
            self.keep(&Cookie::parse(value.to_str().unwrap()).unwrap());
        }
        Ok(response)
    }

    /// The value of the cookie `name`.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap().get(name).cloned()
    }

    /// Forgets all cookies, as one that keeps none does after each page.
    pub(crate) fn forget(&self) {
        self.cookies.lock().unwrap().clear();
    }

    /// RFC 6265 §5.3, for one host by http, whose cookies are all for `/`.
    fn keep(&self, cookie: &Cookie<'_>) {
        assert_eq!(cookie.path(), Some("/"), "a path that this browser does not tell apart");
        let mut cookies = self.cookies.lock().unwrap();
        if cookie.max_age().is_some_and(|age| !age.is_positive()) {
            cookies.remove(cookie.name());
        } else if cookie.secure() != Some(true) {
            cookies.insert(cookie.name().to_owned(), cookie.value().to_owned());
        }
    }
}

/// An answer.
pub(crate) struct Page {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Page {
    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    /// Whether tracking added nothing to it.
    pub(crate) fn is_untouched(&self) -> bool {
        self.header("set-cookie").is_none() && self.header("cache-control").is_none()
    }
}
