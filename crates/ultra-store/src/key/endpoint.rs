//! Which address a call goes to, without what must not be written down.

use std::borrow::Cow;

/// Origin and path of `url`: user, password, query and fragment are left out, since they can hold a key.
///
/// Scheme and host are written small; nothing else is changed, so `/v1` and `/v1/` are two addresses. What
/// tells two endpoints apart by its query alone belongs in the namespace.
pub fn origin_and_path(url: &str) -> Cow<'_, str> {
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (Some(scheme), rest),
        None => (None, url),
    };
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (authority, after) = rest.split_at(end);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let path = &after[..after.find(['?', '#']).unwrap_or(after.len())];
    let small = |text: &str| !text.bytes().any(|byte| byte.is_ascii_uppercase());
    if host.len() == authority.len() && small(host) && scheme.is_none_or(small) {
        return url[..url.len() - after.len() + path.len()].into();
    }
    let mut text = String::with_capacity(url.len());
    if let Some(scheme) = scheme {
        text.push_str(&scheme.to_ascii_lowercase());
        text.push_str("://");
    }
    text.push_str(&host.to_ascii_lowercase());
    text.push_str(path);
    text.into()
}

#[cfg(test)]
mod tests {
    use super::origin_and_path;

    #[test]
    fn credentials_query_and_fragment_are_left_out() {
        for (url, expected) in [
            ("https://User:pa@ss@API.example/v1?key=k#f", "https://api.example/v1"),
            ("HTTPS://api.example:8443/Base/", "https://api.example:8443/Base/"),
            ("https://api.example?key=k", "https://api.example"),
            ("http://[::1]:8080/v1", "http://[::1]:8080/v1"),
            ("me:k@host/path", "host/path"),
            ("https://host/a@b", "https://host/a@b"),
            ("", ""),
        ] {
            assert_eq!(origin_and_path(url), expected, "{url}");
        }
    }
}
