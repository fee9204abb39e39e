//! Which addresses may be told of erasures. Owns what their text says. What a name resolves to can't be seen from here, and redirects are not
//! followed ([`super::reach::Reach::post`]).
//!
//! The text is read as `fetch` reads it (the WHATWG URL standard), which takes more for an address than this does: numbers of one to four
//! parts, octal and hexadecimal ones, escapes, backslashes, missing slashes. Whatever isn't in the plain form is refused.

use http::Uri;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The longest address, in bytes.
const LONGEST: usize = 2048;

/// Endings of names that lead inside by convention or by registration (RFC 6761, RFC 6762, RFC 8375, and ICANN's for `internal`).
const INNER: [&str; 10] = [
    ".localhost",
    ".localdomain",
    ".local",
    ".internal",
    ".intranet",
    ".private",
    ".corp",
    ".home",
    ".lan",
    ".home.arpa",
];

/// Whether an address may be told: of a public host by https, without user name and fragment; or of this machine itself, to try it.
pub(super) fn may_be_told(url: &str) -> bool {
    let plain = url.bytes().all(|byte| byte.is_ascii_graphic() && !b"\\#@".contains(&byte));
    let Some(uri) = url.parse::<Uri>().ok().filter(|_| plain && url.len() <= LONGEST) else { return false };
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return false };
    let behind = authority.as_str().get(authority.host().len()..).unwrap_or_default();
    let port = behind.is_empty() || uri.port_u16().is_some_and(|port| port > 0);
    let host = authority.host().to_ascii_lowercase();
    // A name may end in a dot; then it is looked up as it is.
    let host = host.strip_suffix('.').unwrap_or(&host);
    let here = host == "localhost" || host == "127.0.0.1";
    port && match scheme {
        "http" => here,
        "https" => here || is_public(host),
        _ => false,
    }
}

fn is_public(host: &str) -> bool {
    if let Some(v6) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return v6.parse().is_ok_and(is_public_v6);
    }
    // What ends in a number is an address to `fetch`, in whatever notation.
    let last = host.rsplit('.').next().unwrap_or_default();
    if last.starts_with(|c: char| c.is_ascii_digit()) {
        return matches!(host.parse(), Ok(IpAddr::V4(v4)) if is_public_v4(v4));
    }
    let labels = || host.split('.');
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    host.len() <= 253
        && labels().count() > 1
        && labels().all(label)
        && !INNER.iter().any(|end| host.ends_with(end))
}

/// None of the blocks of RFC 6890 and its registry that are not globally reachable, multicast or reserved.
fn is_public_v4(v4: Ipv4Addr) -> bool {
    let [a, b, c, _] = v4.octets();
    let inside = matches!(
        (a, b, c),
        (0 | 10 | 127 | 224.., ..)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 168, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    );
    !inside
}

/// Of IPv6 only global unicast (`2000::/3`) is outside, and of that neither what RFC 6890 sets aside (Teredo and its like, documentation)
/// nor 6to4, which holds an address of IPv4.
fn is_public_v6(v6: Ipv6Addr) -> bool {
    let [a, b, ..] = v6.segments();
    let set_aside = matches!((a, b), (0x2001, 0..=0x01ff | 0x0db8) | (0x2002, _) | (0x3fff, 0..=0x0fff));
    (a & 0xe000) == 0x2000 && !set_aside
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_hosts_are_told_and_this_machine_to_try_it() {
        for good in [
            "https://example.com",
            "https://example.com/hook?x=1",
            "https://hooks.example.com:8443/a/b",
            "https://xn--bcher-kva.example/",
            "https://EXAMPLE.com./",
            "https://8.8.8.8/",
            "https://172.32.0.1/",
            "https://[2606:4700::1111]/",
            "https://[2001:4860:4860::8888]:8443/",
            "http://127.0.0.1:8080/",
            "http://localhost/",
            "https://localhost:8443/hook",
        ] {
            assert!(may_be_told(good), "{good}");
        }
    }

    /// Beside names that lead inside, every notation of addresses that do, as URL parsers take them.
    #[test]
    fn what_leads_inside_is_refused_in_every_notation() {
        for bad in [
            "https://10.0.0.1/",
            "https://10.0.0.1./",
            "https://10.1/",
            "https://10.0.1/",
            "https://127.1/",
            "https://127.0.0.2/",
            "https://127.0.0.1../",
            "https://2130706433/",
            "https://017700000001/",
            "https://0x7f000001/",
            "https://0x7f.0.0.1/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://0177.0.0.01/",
            "https://10.0.0.0x1/",
            "https://012.0.0.1/",
            "https://0xA.0.0.1/",
            "https://167772161/",
            "https://3232235521/",
            "https://0xc0a80001/",
            "https://192.168.257/",
            "https://0/",
            "https://0.0.0.0/",
            "https://100.64.0.1/",
            "https://169.254.169.254/",
            "https://2852039166/",
            "https://0xa9fea9fe/",
            "https://0251.0376.0251.0376/",
            "https://172.16.0.1/",
            "https://172.31.255.255/",
            "https://192.168.0.1/",
            "https://192.0.0.1/",
            "https://192.0.2.1/",
            "https://198.18.0.1/",
            "https://198.51.100.1/",
            "https://203.0.113.1/",
            "https://224.0.0.1/",
            "https://255.255.255.255/",
            "https://256.0.0.1/",
            "https://1.2.3.4.5/",
            "https://example.1/",
            "https://[::]/",
            "https://[::1]/",
            "https://[0:0:0:0:0:0:0:1]/",
            "https://[::127.0.0.1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[::ffff:a00:1]/",
            "https://[0:0:0:0:0:ffff:7f00:1]/",
            "https://[::ffff:0:10.0.0.1]/",
            "https://[64:ff9b::a00:1]/",
            "https://[64:ff9b:1::a00:1]/",
            "https://[100::1]/",
            "https://[fd00::1]/",
            "https://[fc00::1]/",
            "https://[fe80::1]/",
            "https://[fe80::1%25eth0]/",
            "https://[fec0::1]/",
            "https://[ff02::1]/",
            "https://[2001::1]/",
            "https://[2001:db8::1]/",
            "https://[2002:a00:1::]/",
            "https://[3fff::1]/",
            "https://intranet/",
            "https://intranet./",
            "https://metadata.internal/",
            "https://metadata.google.internal./",
            "https://printer.local/",
            "https://a.LOCALHOST/",
            "https://router.home.arpa/",
            "https://db.corp/",
        ] {
            assert!(!may_be_told(bad), "{bad}");
        }
    }

    #[test]
    fn what_parsers_read_differently_is_refused() {
        for bad in [
            "",
            "example.com",
            "//example.com/",
            "https:example.com",
            "https:/example.com/",
            "https:///10.0.0.1/",
            "http://example.com/",
            "ftp://example.com/",
            "file:///etc/passwd",
            "https://a@example.com/",
            "https://a:b@example.com/",
            "https://example.com@10.0.0.1/",
            "https://example.com:443@10.0.0.1/",
            "https://@example.com/",
            "https://example.com\\@10.0.0.1/",
            "https:\\\\10.0.0.1\\",
            "https://10.0.0.1\\.example.com/",
            "https://example.com#@10.0.0.1/",
            "https://example.com/#a",
            "https://%31%30.0.0.1/",
            "https://10%2e0.0.1/",
            "https://１０.0.0.1/",
            "https://10。0。0。1/",
            "https://①②⑦.0.0.1/",
            "https://exam\tple.com/",
            "https://10.0.\n0.1/",
            " https://example.com/",
            "https://example.com /",
            "https://ex ample.com/",
            "https://example.com:0/",
            "https://example.com:99999/",
            "https://example.com:80:80/",
            "https://example.com:/",
            "https://exam!ple.com/",
            "https://.example.com/",
            "https://example..com/",
            "https://./",
            "https://[::1/",
            "https://2606:4700::1111/",
        ] {
            assert!(!may_be_told(bad), "{bad}");
        }
        assert!(!may_be_told(&format!("https://example.com/{}", "a".repeat(LONGEST))));
    }
}
