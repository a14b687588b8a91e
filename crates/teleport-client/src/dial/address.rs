//! The address of a cluster: a host and a port.

use std::{fmt, net::IpAddr, str::FromStr};

use rustls::pki_types::ServerName;

use crate::{credentials::contents::Contents, shown};

/// Port of an address that names none: where a Teleport proxy serves the web.
const DEFAULT_PORT: u16 = 443;

/// Where a cluster's proxy or auth server listens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    host: Host,
    port: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Host {
    /// Invariant: a valid DNS name in lower case, without a final dot.
    Name(String),
    Ip(IpAddr),
}

impl Address {
    /// Reads `host` or `host:port`, with an IPv6 host in brackets. A missing port means 443.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the text, and what to write instead.
    pub fn parse(text: &str) -> Result<Self, InvalidAddress> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidAddress::Empty);
        }
        if Contents::of(text).is_some() {
            return Err(InvalidAddress::Contents);
        }
        if let Some((scheme, rest)) = text.split_once("://") {
            return Err(InvalidAddress::Scheme {
                found: without_credentials(text),
                scheme: scheme.to_owned(),
                write: suggestion(rest),
            });
        }
        if text.contains('@') {
            return Err(InvalidAddress::UserInfo {
                write: suggestion(text),
            });
        }
        if text.contains(['/', '?', '#', '\\']) {
            return Err(InvalidAddress::Path {
                found: text.to_owned(),
                write: suggestion(text),
            });
        }
        let (host, port) = split_port(text)?;
        Ok(Self {
            host: parse_host(host, text)?,
            port: port.map_or(Ok(DEFAULT_PORT), |port| parse_port(port, text))?,
        })
    }

    /// The host, without brackets.
    pub fn host(&self) -> String {
        match &self.host {
            Host::Name(name) => name.clone(),
            Host::Ip(ip) => ip.to_string(),
        }
    }

    /// Whether it can only be this machine: `localhost`, a name under it, or a loopback IP address.
    pub(crate) fn is_loopback(&self) -> bool {
        match &self.host {
            Host::Name(name) => is_loopback_name(name),
            Host::Ip(ip) => ip.is_loopback(),
        }
    }

    /// The name that a certificate for this address must carry.
    pub(crate) fn server_name(&self) -> Result<ServerName<'static>, InvalidAddress> {
        match &self.host {
            Host::Name(name) => {
                ServerName::try_from(name.clone()).map_err(|_| InvalidAddress::Host {
                    found: name.clone(),
                    host: name.clone(),
                })
            }
            Host::Ip(ip) => Ok(ServerName::from(*ip)),
        }
    }
}

/// Whether a name is `localhost` or under it, which RFC 6761 section 6.3 reserves for loopback addresses.
pub(crate) fn is_loopback_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let tail = name.rsplit('.').next().unwrap_or(name);
    tail.eq_ignore_ascii_case("localhost")
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Name(name) => write!(f, "{name}:{}", self.port),
            Host::Ip(IpAddr::V4(ip)) => write!(f, "{ip}:{}", self.port),
            Host::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]:{}", self.port),
        }
    }
}

impl FromStr for Address {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// Why a text is not an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAddress {
    /// There is nothing.
    #[error("the address is empty: write host:port, such as example.teleport.sh:443")]
    Empty,
    /// It is the contents of a file, which are not repeated.
    #[error(
        "the address is the contents of a file, or longer than any address: write host:port, such as example.teleport.sh:443"
    )]
    Contents,
    /// It starts like a URL.
    #[error(
        "{found:?} starts with a scheme, {}://: write {write}",
        shown::given(scheme)
    )]
    Scheme {
        /// What was given.
        found: String,
        /// The text before `://`.
        scheme: String,
        /// What to write.
        write: String,
    },
    /// It has a user name or a password, which are not repeated.
    #[error("an address has no user name or password before an @: write {write}")]
    UserInfo {
        /// What to write.
        write: String,
    },
    /// It has a path.
    #[error("{found:?} has a path: write {write}")]
    Path {
        /// What was given.
        found: String,
        /// What to write.
        write: String,
    },
    /// The host is missing or invalid.
    #[error(
        "{found:?} has the host {host:?}, which is neither a DNS name nor an IP address: write host:port, such as example.teleport.sh:443"
    )]
    Host {
        /// What was given.
        found: String,
        /// The part that should be a host.
        host: String,
    },
    /// The port is not a number, or out of range.
    #[error("{found:?} has the port {port:?}: a port is a number from 1 to 65535")]
    Port {
        /// What was given.
        found: String,
        /// The part that should be a port.
        port: String,
    },
    /// An IPv6 address without brackets.
    #[error(
        "{found:?} looks like an IPv6 address: write it in brackets, such as [{}]:443",
        shown::given(found)
    )]
    Brackets {
        /// What was given.
        found: String,
    },
}

fn split_port(text: &str) -> Result<(&str, Option<&str>), InvalidAddress> {
    if let Some(rest) = text.strip_prefix('[') {
        let invalid = || InvalidAddress::Host {
            found: text.to_owned(),
            host: text.to_owned(),
        };
        let (host, tail) = rest.split_once(']').ok_or_else(invalid)?;
        if !host.contains(':') {
            return Err(invalid());
        }
        return match tail.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if tail.is_empty() => Ok((host, None)),
            None => Err(invalid()),
        };
    }
    if text.matches(':').count() > 1 {
        return Err(InvalidAddress::Brackets {
            found: text.to_owned(),
        });
    }
    Ok(match text.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    })
}

fn parse_host(host: &str, found: &str) -> Result<Host, InvalidAddress> {
    if let Ok(ip) = host.parse() {
        return Ok(Host::Ip(ip));
    }
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    match ServerName::try_from(name.clone()) {
        Ok(ServerName::DnsName(_)) => Ok(Host::Name(name)),
        _ => Err(InvalidAddress::Host {
            found: found.to_owned(),
            host: host.to_owned(),
        }),
    }
}

fn parse_port(port: &str, found: &str) -> Result<u16, InvalidAddress> {
    let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    match port.parse() {
        Ok(number) if digits && number > 0 => Ok(number),
        _ => Err(InvalidAddress::Port {
            found: found.to_owned(),
            port: port.to_owned(),
        }),
    }
}

/// The host and port in a text that has more before or after them.
fn suggestion(rest: &str) -> String {
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let authority = authority.rsplit('@').next().unwrap_or_default();
    if Address::parse(authority).is_ok() {
        authority.to_owned()
    } else {
        "host:port, such as example.teleport.sh:443".to_owned()
    }
}

fn without_credentials(text: &str) -> String {
    match (text.split_once("://"), text.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://...@{rest}"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        Address::parse(text).unwrap().to_string()
    }

    fn refused(text: &str) -> String {
        Address::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn host_and_port_are_read() {
        assert_eq!(
            shown("example.teleport.sh:3080"),
            "example.teleport.sh:3080"
        );
        assert_eq!(
            shown(" Example.Teleport.SH.:3080\n"),
            "example.teleport.sh:3080"
        );
        assert_eq!(shown("127.0.0.1:3025"), "127.0.0.1:3025");
        assert_eq!(shown("[::1]:3025"), "[::1]:3025");
    }

    #[test]
    fn a_missing_port_means_443() {
        assert_eq!(shown("example.teleport.sh"), "example.teleport.sh:443");
        assert_eq!(shown("10.0.0.1"), "10.0.0.1:443");
        assert_eq!(shown("[2001:db8::1]"), "[2001:db8::1]:443");
    }

    #[test]
    fn a_scheme_is_refused_and_the_address_without_it_shown() {
        let error = refused("https://example.teleport.sh:443/web");
        assert!(error.contains("https://"), "{error}");
        assert!(error.ends_with("write example.teleport.sh:443"), "{error}");
    }

    #[test]
    fn a_path_is_refused_and_the_address_without_it_shown() {
        let error = refused("example.teleport.sh/web/login");
        assert!(
            error.contains("has a path: write example.teleport.sh"),
            "{error}"
        );
    }

    #[test]
    fn a_password_is_refused_and_not_repeated() {
        for text in [
            "bob:hunter2@example.com:443",
            "https://bob:hunter2@example.com:443/",
        ] {
            let error = refused(text);
            assert!(!error.contains("hunter2"), "{error}");
            assert!(error.ends_with("write example.com:443"), "{error}");
        }
    }

    #[test]
    fn the_contents_of_a_file_are_refused_and_not_repeated() {
        for text in ["-----BEGIN PRIVATE KEY----- hunter2", "a\nhunter2"] {
            let error = refused(text);
            assert!(
                error.contains("contents of a file") && !error.contains("hunter2"),
                "{error}"
            );
        }
    }

    #[test]
    fn bad_ports_are_refused() {
        for text in [
            "example.com:",
            "example.com:0",
            "example.com:65536",
            "example.com:https",
            "example.com:+1",
        ] {
            assert!(
                refused(text).contains("a port is a number from 1 to 65535"),
                "{text}"
            );
        }
    }

    #[test]
    fn bad_hosts_are_refused() {
        assert!(refused("").contains("empty"));
        assert!(refused("   ").contains("empty"));
        for text in [
            ":443",
            "exa mple.com:443",
            "-:443",
            "[example.com]:443",
            "[::1]443",
            "[::1",
            "ex\u{e4}mple.com",
        ] {
            assert!(
                refused(text).contains("neither a DNS name"),
                "{text}: {}",
                refused(text)
            );
        }
    }

    #[test]
    fn ipv6_without_brackets_is_refused_with_the_way_to_write_it() {
        assert!(refused("2001:db8::1").contains("[2001:db8::1]:443"));
    }

    #[test]
    fn localhost_and_what_is_under_it_is_loopback() {
        for name in [
            "localhost",
            "LOCALHOST",
            "parent.localhost",
            "a.b.localhost.",
        ] {
            assert!(is_loopback_name(name), "{name}");
        }
        for name in ["localhost.example.com", "notlocalhost", "example.com", ""] {
            assert!(!is_loopback_name(name), "{name}");
        }
        assert!(Address::parse("[::1]:1").unwrap().is_loopback());
        assert!(Address::parse("127.8.9.1:1").unwrap().is_loopback());
        assert!(!Address::parse("10.0.0.1:1").unwrap().is_loopback());
    }
}
