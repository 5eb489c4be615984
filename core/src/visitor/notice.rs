use crate::{config::Config, endpoint::consent::banner};

/// What a visitor is told on its first page: `consent.notice` with the site's name.
///
/// ```
/// use trackside_core::visitor::Notice;
///
/// let notice = Notice::new("{site} uses a cookie & counts visits.", "www.example.com");
/// assert_eq!(notice.text(), "www.example.com uses a cookie & counts visits.");
/// assert_eq!(notice.html(), "www.example.com uses a cookie &amp; counts visits.");
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Notice {
    text: String,
    banner: Option<String>,
}

impl Notice {
    /// The notice of `template`, in which `{site}` stands for the site's name.
    pub fn new(template: &str, site: &str) -> Self {
        Self { text: template.replace("{site}", site), banner: None }
    }

    /// With the banner that `config` has for it.
    pub(crate) fn with_banner(mut self, config: &Config) -> Self {
        self.banner = banner(config, &self);
        self
    }

    /// As plain text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// As HTML, with everything escaped that means something there.
    pub fn html(&self) -> String {
        escaped(&self.text)
    }

    /// The notice with a form by which the visitor answers, [in HTML](banner); none without `consent.path`.
    pub fn banner(&self) -> Option<&str> {
        self.banner.as_deref()
    }
}

/// `text` as HTML, in an element or in a quoted attribute.
pub(crate) fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
    html
}
