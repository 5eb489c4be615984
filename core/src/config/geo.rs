/// Whose headers tell of the client's place: `geo.cdn`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Cdn {
    /// `app-engine`: [Google App Engine's](https://cloud.google.com/appengine/docs/standard/reference/request-headers).
    AppEngine,
    /// `cloudflare`: [Cloudflare's](https://developers.cloudflare.com/rules/transform/managed-transforms/reference/), of
    /// which those of region and city are to be switched on there ("Add visitor location headers").
    Cloudflare,
    /// `cloudfront`:
    /// [CloudFront's](https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/adding-cloudfront-headers.html),
    /// which an origin request policy is to name.
    Cloudfront,
    /// `vercel`: [Vercel's](https://vercel.com/docs/headers/request-headers).
    Vercel,
}

impl Cdn {
    /// The names of those of country, region and city, in lower case.
    pub const fn headers(self) -> [&'static str; 3] {
        match self {
            Self::AppEngine => ["x-appengine-country", "x-appengine-region", "x-appengine-city"],
            Self::Cloudflare => ["cf-ipcountry", "cf-region-code", "cf-ipcity"],
            Self::Cloudfront => {
                ["cloudfront-viewer-country", "cloudfront-viewer-country-region", "cloudfront-viewer-city"]
            }
            Self::Vercel => ["x-vercel-ip-country", "x-vercel-ip-country-region", "x-vercel-ip-city"],
        }
    }
}
