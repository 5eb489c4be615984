//! What a client writes into a forwarding header, any bytes, before a trusted proxy adds its address: the client is the
//! one whose address was added, or, where nobody can tell, the proxy itself, and never somebody else.

use std::sync::LazyLock;

use trackside_core::{Annotations, Config, Moment, Request, Response, is_field_value, judge};

const CLIENT: &str = "198.51.100.7";
const PROXY: &str = "10.0.0.1";

fn config(header: &str) -> Config {
    let toml = format!(
        "visitor.identity = 'none'\nprivacy.ip = 'full'\nproxy = {{ trusted = ['{PROXY}'], header = '{header}' }}"
    );
    Config::builder().toml(&toml).build().expect("it is a configuration")
}

static LIST: LazyLock<Config> = LazyLock::new(|| config("x-forwarded-for"));
static FORWARDED: LazyLock<Config> = LazyLock::new(|| config("forwarded"));
static REAL_IP: LazyLock<Config> = LazyLock::new(|| config("x-real-ip"));

/// The address that a hit is given.
fn seen(config: &Config, peer: &str, headers: &[(&str, &[u8])]) -> String {
    let mut all = vec![("host", &b"www.example.com"[..])];
    all.extend_from_slice(headers);
    let request = Request::new("GET", "/", &all).with_peer(peer.parse().ok());
    let exchange = judge::begin(config, &request, Moment::new(0, [7; 64]), None);
    let (mut address, none) = (String::new(), Annotations::new());
    let response = [("content-type", "text/html")];
    let verdict =
        judge::finish(config, exchange, &request, &Response::new(200, &response), &none, &mut |hit| {
            address = hit.ip().map_or_else(String::new, |ip| ip.to_string());
        });
    assert!(verdict.is_tracked());
    address
}

/// Holds what becomes of a header that begins with `forged` against what the trusted proxy knows.
pub fn run(forged: &[u8]) {
    // A server hands on nothing else.
    if !is_field_value(forged) {
        return;
    }
    let added = |text: &str| [forged, text.as_bytes()].concat();
    let list = added(&format!(", {CLIENT}"));
    assert_eq!(seen(&LIST, PROXY, &[("x-forwarded-for", &list)]), CLIENT);
    let own_line = [("x-forwarded-for", forged), ("x-forwarded-for", CLIENT.as_bytes())];
    assert_eq!(seen(&LIST, PROXY, &own_line), CLIENT);

    for element in
        [format!(", for={CLIENT}"), format!(", for=\"{CLIENT}:80\";proto=https;host=\"a.example\"")]
    {
        let address = seen(&FORWARDED, PROXY, &[("forwarded", &added(&element))]);
        assert!([CLIENT, PROXY].contains(&&*address), "{address}");
    }
    let own_line = [("forwarded", forged), ("forwarded", b"for=198.51.100.7")];
    assert_eq!(seen(&FORWARDED, PROXY, &own_line), CLIENT);

    let twice = [("x-real-ip", forged), ("x-real-ip", CLIENT.as_bytes())];
    assert_eq!(seen(&REAL_IP, PROXY, &twice), PROXY);

    // And who is not trusted is not believed at all.
    for (config, header) in [(&LIST, "x-forwarded-for"), (&FORWARDED, "forwarded"), (&REAL_IP, "x-real-ip")] {
        assert_eq!(seen(config, CLIENT, &[(header, forged)]), CLIENT);
    }
}

#[cfg(test)]
mod test {
    use super::run;

    #[test]
    fn nobody_is_another() {
        for forged in [
            "",
            "192.0.2.66",
            "192.0.2.66, 10.0.0.1",
            "unknown",
            ",",
            "for=192.0.2.66",
            "for=\"",
            "for=192.0.2.66;x=\"",
            "for=192.0.2.66, \"",
            "for=192.0.2.66;x=\"\\",
            "for=10.0.0.1, for=192.0.2.66",
            ";;=,\"\\\"",
            "[",
            "for=\"[::1",
        ] {
            run(forged.as_bytes());
        }
        run(&[0xff; 9]);
    }
}
