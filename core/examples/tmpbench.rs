use http::{HeaderMap, HeaderName, HeaderValue};
use std::time::Instant;
use trackside_core::*;
fn main() {
    let config = Config::builder().toml(r#"
        consent.policy = "notice"
        track.ignore = ["/admin/", "/feeds/*"]
        [[destination]]
        type = "sqlite"
        [[destination]]
        type = "ga4"
        measurement_id = "G-ABC123"
        api_secret = "s"
    "#).build().unwrap();
    let mut h = HeaderMap::new();
    for (n, v) in [("host","www.example.com"),("connection","keep-alive"),("cache-control","max-age=0"),("sec-ch-ua","\"Chromium\";v=\"140\", \"Not=A?Brand\";v=\"24\", \"Google Chrome\";v=\"140\""),("sec-ch-ua-mobile","?0"),("sec-ch-ua-platform","\"Linux\""),("upgrade-insecure-requests","1"),("user-agent","Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"),("accept","text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8"),("sec-fetch-site","same-origin"),("sec-fetch-mode","navigate"),("sec-fetch-user","?1"),("sec-fetch-dest","document"),("referer","https://www.example.com/products/?utm_source=news"),("accept-encoding","gzip, deflate, br, zstd"),("accept-language","en-GB,en;q=0.9"),("cookie","theme=dark; trackside=5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11.1784714000.1784714000.1784714300; session=abcdef0123456789")] {
        h.append(HeaderName::from_static(n), HeaderValue::from_static(v));
    }
    let mut r = HeaderMap::new();
    r.append("content-type", HeaderValue::from_static("text/html; charset=utf-8"));
    r.append("content-length", HeaderValue::from_static("12345"));
    let req = Request::new("GET", "/products/red-shoes?utm_source=news&utm_medium=email&size=9", &h).with_peer("203.0.113.9".parse().ok());
    let resp = Response::new(200, &r);
    let m = Moment::new(1_784_714_400_000_000, [7;64]);
    let a = Annotations::new();
    for _ in 0..1 {
        let n = 20_000;
        let t = Instant::now();
        let mut sz = 0;
        for _ in 0..n {
            let e = judge::begin(&config, &req, m);
            let v = judge::finish(&config, e, &req, &resp, &a, &mut |hit| sz += hit.size());
            let _ = std::hint::black_box(v);
        }
        let both = t.elapsed() / n;
        let t = Instant::now();
        for _ in 0..n { let _ = std::hint::black_box(judge::begin(&config, &req, m)); }
        let begin = t.elapsed() / n;
        println!("begin+finish {both:?}, begin {begin:?}, record {}", sz / n as usize);
    }
}
