//! What a proxy says of its cluster on its web API (`api/client/webclient/webclient.go` in gravitational/teleport).

use http::{Request, StatusCode, header};
use http_body_util::Empty;
use hyper::{
    body::Bytes,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use serde::Deserialize;

use crate::{
    Address,
    dial::{
        socket::Stream,
        transport::chain,
        web_request::{self, WebRequestError},
    },
    shown,
};

/// What is needed of the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Name of the proxy's cluster. Older proxies do not say.
    pub(crate) cluster_name: Option<String>,
    /// Whether all protocols go through the one port.
    pub(crate) tls_routing: bool,
    /// Version of the proxy.
    pub(crate) server_version: Option<String>,
    /// Name of the suite of algorithms for keys. Older proxies do not say.
    pub(crate) signature_algorithm_suite: Option<String>,
}

/// Why the web API gave no answer that can be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DiscoveryError {
    /// The connection broke, or the answer is not HTTP.
    #[error("it did not answer {PATH} over HTTP: {0}")]
    Http(String),
    /// The proxy, or a gateway in front of it, cannot answer now.
    #[error("it answered {PATH} with {0}")]
    Unavailable(StatusCode),
    /// The answer is too large to be one of a proxy.
    #[error("it answered {PATH} with more than {} MiB", MAX_BODY >> 20)]
    TooLarge,
    /// It redirects.
    #[error("it answered {PATH} with {status}, a redirect to {location}")]
    Redirect {
        /// The status.
        status: StatusCode,
        /// Where to.
        location: String,
    },
    /// It is not a Teleport proxy.
    #[error("it is not a Teleport proxy: it answered {PATH} with {status} and {what}")]
    NotTeleport {
        /// The status.
        status: StatusCode,
        /// What the body is.
        what: &'static str,
    },
}

#[derive(Debug, Deserialize)]
struct Answer {
    proxy: Option<Proxy>,
    #[serde(default)]
    auth: Auth,
    #[serde(default)]
    cluster_name: String,
    #[serde(default)]
    server_version: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Auth {
    /// A name, or the number of it.
    signature_algorithm_suite: serde_json::Value,
}

#[derive(Debug, Deserialize)]
struct Proxy {
    #[serde(default)]
    tls_routing_enabled: bool,
}

/// Asks on a stream to the web API.
pub(crate) async fn find<T: Stream + 'static>(
    stream: T,
    address: &Address,
    user_agent: &str,
) -> Result<Found, DiscoveryError> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| DiscoveryError::Http(chain(&error)))?;
    tokio::spawn(connection);
    let mut found = read(&get(&mut sender, PATH, address, user_agent).await?)?;
    if found.cluster_name.is_none() {
        // The longer variant has always said. Where this does not work the identity still knows.
        match get(&mut sender, "/webapi/ping", address, user_agent)
            .await
            .and_then(|body| read(&body))
        {
            Ok(ping) => found.cluster_name = ping.cluster_name,
            Err(error) => tracing::debug!(%error, "the proxy does not say the name of its cluster"),
        }
    }
    Ok(found)
}

pub(crate) struct Body {
    pub(crate) status: StatusCode,
    pub(crate) bytes: Vec<u8>,
}

async fn get(
    sender: &mut SendRequest<Empty<Bytes>>,
    path: &str,
    address: &Address,
    user_agent: &str,
) -> Result<Body, DiscoveryError> {
    sender
        .ready()
        .await
        .map_err(|error| DiscoveryError::Http(chain(&error)))?;
    let request = Request::get(path)
        .header(header::HOST, address.to_string())
        .header(header::ACCEPT, "application/json")
        .header(header::USER_AGENT, user_agent)
        .body(Empty::new())
        .map_err(|error| DiscoveryError::Http(chain(&error)))?;
    let response = sender
        .send_request(request)
        .await
        .map_err(|error| DiscoveryError::Http(chain(&error)))?;
    let status = response.status();
    if let Some(location) = response
        .headers()
        .get(header::LOCATION)
        .filter(|_| status.is_redirection())
    {
        let location = shown::name(&String::from_utf8_lossy(location.as_bytes()));
        return Err(DiscoveryError::Redirect { status, location });
    }
    match web_request::read(response.into_body(), MAX_BODY).await {
        Ok(bytes) => Ok(Body { status, bytes }),
        Err(WebRequestError::TooLarge(_)) => Err(DiscoveryError::TooLarge),
        Err(WebRequestError::Broken(error)) => Err(DiscoveryError::Http(error)),
    }
}

/// What a page says.
pub(crate) fn read(body: &Body) -> Result<Found, DiscoveryError> {
    let Body { status, bytes } = body;
    let some = |text: String| Some(shown::name(&text)).filter(|text| !text.is_empty());
    match serde_json::from_slice::<Answer>(bytes) {
        Ok(Answer {
            proxy: Some(proxy),
            auth,
            cluster_name,
            server_version,
        }) => Ok(Found {
            cluster_name: some(cluster_name),
            tls_routing: proxy.tls_routing_enabled,
            server_version: some(server_version),
            signature_algorithm_suite: match auth.signature_algorithm_suite {
                serde_json::Value::String(name) => some(name),
                serde_json::Value::Number(number) => some(number.to_string()),
                _ => None,
            },
        }),
        _ if status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS => {
            Err(DiscoveryError::Unavailable(*status))
        }
        _ => Err(DiscoveryError::NotTeleport {
            status: *status,
            what: kind_of(bytes),
        }),
    }
}

/// What a body is, without repeating it.
fn kind_of(bytes: &[u8]) -> &'static str {
    let start = bytes.trim_ascii_start();
    if start.is_empty() {
        "an empty page"
    } else if start.starts_with(b"<") {
        "an HTML page"
    } else if serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok() {
        "JSON of another kind"
    } else {
        "something that is not JSON"
    }
}

/// The page that says it. It needs no authentication.
const PATH: &str = "/webapi/find";
/// Real answers have a few KiB.
const MAX_BODY: usize = 4 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Result<Found, DiscoveryError> {
        read(&Body {
            status: StatusCode::from_u16(status).unwrap(),
            bytes: body.as_bytes().to_vec(),
        })
    }

    #[test]
    fn the_answer_of_a_proxy_is_read() {
        let body = r#"{"auth":{},"proxy":{"tls_routing_enabled":true,"ssh":{}},"server_version":"18.1.0","cluster_name":"parent","fips":false}"#;
        let found = Found {
            cluster_name: Some("parent".to_owned()),
            tls_routing: true,
            server_version: Some("18.1.0".to_owned()),
            signature_algorithm_suite: None,
        };
        assert_eq!(answer(200, body), Ok(found));
    }

    #[test]
    fn the_suite_of_algorithms_is_read_as_a_name_or_a_number() {
        for (written, read) in [
            (r#""balanced-v1""#, Some("balanced-v1")),
            ("2", Some("2")),
            ("null", None),
            (r#""""#, None),
        ] {
            let body =
                format!(r#"{{"proxy":{{}},"auth":{{"signature_algorithm_suite":{written}}}}}"#);
            let found = answer(200, &body).unwrap().signature_algorithm_suite;
            assert_eq!(found.as_deref(), read, "{written}");
        }
    }

    #[test]
    fn an_older_answer_lacks_things() {
        let found = answer(200, r#"{"proxy":{}}"#).unwrap();
        assert_eq!((found.cluster_name, found.tls_routing), (None, false));
    }

    #[test]
    fn something_else_than_teleport_is_described_by_what_it_sends() {
        let text = |status, body| answer(status, body).unwrap_err().to_string();
        assert!(text(404, " <html>secret</html>").ends_with("404 Not Found and an HTML page"));
        assert!(text(200, "{}").ends_with("JSON of another kind"));
        assert!(text(200, "").ends_with("an empty page"));
        assert!(text(200, "hello").ends_with("something that is not JSON"));
    }

    #[test]
    fn a_gateway_that_cannot_reach_the_proxy_is_transient() {
        for status in [429, 502, 503] {
            assert!(matches!(
                answer(status, "<html>"),
                Err(DiscoveryError::Unavailable(_))
            ));
        }
    }
}
