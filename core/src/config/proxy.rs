/// Which header tells of the client's address: `proxy.header`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ProxyHeader {
    /// `cf-connecting-ip`: Cloudflare's.
    CfConnectingIp,
    /// `do-connecting-ip`: DigitalOcean's App Platform's.
    DoConnectingIp,
    /// `fastly-client-ip`: Fastly's, which takes it from a client that
    /// [sends it](https://www.fastly.com/documentation/reference/http/http-headers/Fastly-Client-IP): only where your VCL
    /// sets it on each request that comes from outside.
    FastlyClientIp,
    /// `fly-client-ip`: Fly.io's.
    FlyClientIp,
    /// `forwarded`: the list of RFC 7239.
    Forwarded,
    /// `true-client-ip`: Akamai's, and Cloudflare's for enterprises.
    TrueClientIp,
    /// `x-azure-clientip`: Azure Front Door's.
    XAzureClientIp,
    /// `x-client-ip`: some load balancers'.
    XClientIp,
    /// `x-envoy-external-address`: Envoy's.
    XEnvoyExternalAddress,
    /// `x-forwarded-for`: the list that nearly every proxy adds to.
    XForwardedFor,
    /// `x-nf-client-connection-ip`: Netlify's.
    XNfClientConnectionIp,
    /// `x-real-ip`: nginx's by custom.
    XRealIp,
}

impl ProxyHeader {
    /// Its name, in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CfConnectingIp => "cf-connecting-ip",
            Self::DoConnectingIp => "do-connecting-ip",
            Self::FastlyClientIp => "fastly-client-ip",
            Self::FlyClientIp => "fly-client-ip",
            Self::Forwarded => "forwarded",
            Self::TrueClientIp => "true-client-ip",
            Self::XAzureClientIp => "x-azure-clientip",
            Self::XClientIp => "x-client-ip",
            Self::XEnvoyExternalAddress => "x-envoy-external-address",
            Self::XForwardedFor => "x-forwarded-for",
            Self::XNfClientConnectionIp => "x-nf-client-connection-ip",
            Self::XRealIp => "x-real-ip",
        }
    }
}
