use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, atomic::AtomicU64},
};

use crate::kit::{Browser, Site, eventually};

/// Where the recipes stand.
const GUIDE: &str = include_str!("../../../../bindings/rust/src/guide/caches.rs");

/// A cache in a process of its own, in front of a site.
pub(super) struct Front {
    child: Child,
    address: SocketAddr,
    asked: Arc<AtomicU64>,
}

impl Front {
    fn start(command: &mut Command, address: SocketAddr) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
        let child = child.expect("`cargo xtask test` installs it");
        let front = Self { child, address, asked: Arc::default() };
        eventually("the cache listens", || TcpStream::connect(address).is_ok());
        front
    }

    /// A browser that has never been here.
    pub(super) fn browser(&self) -> Browser {
        Browser::new(format!("http://{}", self.address), Arc::clone(&self.asked))
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        // By SIGKILL its workers would outlive it.
        let command = format!("kill -s TERM {}", self.child.id());
        Command::new("sh").args(["-c", &command]).status().ok();
        self.child.wait().ok();
    }
}

/// Varnish, which drops no rights: its folder is the test's.
pub(super) fn varnish(folder: &Path, site: &Site) -> Front {
    let address = free();
    let (host, port) = (site.address.ip(), site.address.port());
    let backend = format!("backend default {{ .host = \"{host}\"; .port = \"{port}\"; }}");
    let vcl = folder.join(format!("{}.vcl", address.port()));
    fs::write(&vcl, format!("vcl 4.1;\n{backend}\n{}", recipe("## Varnish"))).unwrap();
    let mut command = Command::new("varnishd");
    command.args(["-F", "-j", "none", "-s", "malloc,16m", "-a", &address.to_string()]);
    command.arg("-n").arg(folder.join(format!("varnish-{}", address.port()))).arg("-f").arg(vcl);
    command.stderr(Stdio::null());
    Front::start(&mut command, address)
}

/// nginx, whose files all are in the test's folder.
pub(super) fn nginx(folder: &Path, site: &Site) -> Front {
    let address = free();
    let own = folder.join(format!("nginx-{}", address.port()));
    fs::create_dir(&own).unwrap();
    let own_text = own.display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("    {kind}_temp_path {own_text}/{kind};\n"))
        .concat();
    // Only root may say whose the workers are.
    let is_root = Command::new("id").arg("-u").output().unwrap().stdout.trim_ascii() == b"0";
    let user = if is_root { "user root;\n" } else { "" };
    let text = format!(
        "{user}daemon off;\nworker_processes 1;\npid {own_text}/pid;\nerror_log {own_text}/errors;\n\
         events {{ worker_connections 64; }}\n\
         http {{\n    access_log off;\n{temporary}    \
         proxy_cache_path {own_text}/kept keys_zone=pages:1m;\n    proxy_cache_valid 200 1m;\n    \
         upstream app {{ server {}; }}\n    server {{\n        listen {address};\n{}\n    }}\n}}\n",
        site.address,
        recipe("## nginx"),
    );
    let file = own.join("nginx.conf");
    fs::write(&file, text).unwrap();
    let mut command = Command::new("nginx");
    command.arg("-e").arg(own.join("errors")).arg("-p").arg(&own).arg("-c").arg(file);
    Front::start(&mut command, address)
}

/// The guide's first block under this heading.
fn recipe(heading: &str) -> String {
    let (_, section) = GUIDE.split_once(&format!("//! {heading}\n")).unwrap();
    let (_, block) = section.split_once("//! ```text\n").unwrap();
    let (block, _) = block.split_once("//! ```\n").unwrap();
    block.lines().map(|line| format!("{}\n", line.trim_start_matches("//!"))).collect()
}

/// An address on which nobody listens.
fn free() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap()
}
