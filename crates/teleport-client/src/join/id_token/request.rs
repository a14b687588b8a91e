//! One HTTP request for a token: to an address and with a bearer token that the platform put into environment variables.

use http::{HeaderValue, Method, Request, Uri, header, uri::PathAndQuery};
use http_body_util::Full;
use hyper::body::Bytes;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::timeout;

use super::{IdToken, IdTokenError};
use crate::{
    Address,
    dial::{
        dial_error::WayError,
        dial_options::DialOptions,
        handshake::handshake,
        socket::Stream,
        tcp,
        tls::{self, Trust},
        web_request,
    },
};

/// A request for a token.
pub(super) struct TokenRequest {
    pub(super) method: Method,
    /// The variable with the address. Its query is kept.
    pub(super) address_variable: &'static str,
    /// The variable with the secret that allows the request.
    pub(super) bearer_variable: &'static str,
    /// A parameter of the query.
    pub(super) parameter: (&'static str, &'static str),
    pub(super) accept: &'static str,
    /// The field of the answer that has the token.
    pub(super) field: &'static str,
}

/// Where to send it.
struct Endpoint {
    address: Address,
    is_plain: bool,
    target: PathAndQuery,
}

impl TokenRequest {
    /// Sends it, through the HTTP proxy if one is set. Redirects are not followed, so that no other host gets the secret.
    pub(super) async fn send(&self, dial: &DialOptions) -> Result<IdToken, IdTokenError> {
        let address = dial.environment.need(self.address_variable)?;
        let bearer = dial.environment.need(self.bearer_variable)?;
        let endpoint = Endpoint::parse(address.expose_secret(), self.parameter);
        let endpoint = endpoint.ok_or(IdTokenError::Endpoint(self.address_variable))?;
        let request = self.request(&endpoint, &bearer, dial);
        let request =
            request.ok_or_else(|| IdTokenError::NotInVariable(self.bearer_variable.to_owned()))?;
        let asking = self.ask(&endpoint, request, dial);
        let answer = timeout(dial.timeout, asking).await;
        answer.unwrap_or_else(|_| {
            Err(IdTokenError::Silent {
                host: endpoint.address.to_string(),
                after: dial.timeout,
            })
        })
    }

    /// None if the secret cannot stand in a header.
    fn request(
        &self,
        endpoint: &Endpoint,
        bearer: &SecretString,
        dial: &DialOptions,
    ) -> Option<Request<Full<Bytes>>> {
        let bearer = format!("Bearer {}", bearer.expose_secret().trim());
        let mut authorization = HeaderValue::try_from(bearer).ok()?;
        authorization.set_sensitive(true);
        let request = Request::builder()
            .method(self.method.clone())
            .uri(Uri::from(endpoint.target.clone()))
            .header(header::HOST, endpoint.address.to_string())
            .header(header::AUTHORIZATION, authorization)
            .header(header::ACCEPT, self.accept)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, dial.user_agent);
        let request = match self.method {
            Method::POST => request.header(header::CONTENT_LENGTH, 0),
            _ => request,
        };
        request.body(Full::default()).ok()
    }

    async fn ask(
        &self,
        endpoint: &Endpoint,
        request: Request<Full<Bytes>>,
        dial: &DialOptions,
    ) -> Result<IdToken, IdTokenError> {
        let host = || endpoint.address.to_string();
        let stream = endpoint.connect(dial).await;
        let stream = stream.map_err(|error| IdTokenError::Reach {
            host: host(),
            error,
        })?;
        let answer = web_request::send(stream, request, MAX_ANSWER).await;
        let (status, body) = answer.map_err(|error| IdTokenError::Broken {
            host: host(),
            error,
        })?;
        tracing::debug!(host = host(), %status, "asked for a token");
        if !status.is_success() {
            return Err(IdTokenError::Refused {
                host: host(),
                status,
            });
        }
        let answer: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        let token = answer[self.field].as_str().and_then(IdToken::parse);
        token.ok_or_else(|| IdTokenError::NoToken { host: host() })
    }
}

impl Endpoint {
    /// Reads an address with `https`. Plain `http` is for this machine only, because the request has a secret.
    fn parse(text: &str, parameter: (&str, &str)) -> Option<Self> {
        let uri: Uri = text.trim().parse().ok()?;
        let authority = uri.authority()?;
        let port = match uri.scheme_str()? {
            "http" => 80,
            "https" => 443,
            _ => return None,
        };
        let authority = match authority.port() {
            Some(_) => authority.to_string(),
            None => format!("{authority}:{port}"),
        };
        let address = Address::parse(&authority).ok()?;
        let is_plain = port == 80;
        if is_plain && !address.is_loopback() {
            return None;
        }
        Some(Self {
            address,
            is_plain,
            target: with_parameter(&uri, parameter)?,
        })
    }

    async fn connect(&self, dial: &DialOptions) -> Result<Box<dyn Stream>, WayError> {
        let stream = tcp::connect(&self.address, &dial.http_proxy, &dial.roots).await?;
        if self.is_plain {
            return Ok(stream);
        }
        // The option `insecure` is about the proxy of a cluster, and not about this.
        let trust = Trust::Roots(dial.roots.load().await?);
        let config = tls::web(trust, &[b"http/1.1"]).map_err(WayError::tls)?;
        let name = self.address.server_name();
        let name = name.map_err(|error| WayError::Address(error.to_string()))?;
        let stream = handshake(stream, config, name).await;
        Ok(Box::new(stream.map_err(WayError::Web)?))
    }
}

/// Path and query with a parameter, in the place of one of the same name.
fn with_parameter(uri: &Uri, (name, value): (&str, &str)) -> Option<PathAndQuery> {
    let is_other = |part: &&str| {
        let found = part.split_once('=').map_or(*part, |(found, _)| found);
        !part.is_empty() && found != name
    };
    let parameter = format!("{name}={value}");
    let query = uri.query().unwrap_or_default().split('&').filter(is_other);
    let query: Vec<_> = query.chain([parameter.as_str()]).collect();
    let target = format!("{}?{}", uri.path(), query.join("&"));
    target.parse().ok()
}

/// Length of an answer, in bytes.
const MAX_ANSWER: usize = 64 * 1024;
