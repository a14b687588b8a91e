//! The HTTP proxy that companies put between their machines and the internet (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`).

use std::{env, fmt, future::ready, io, sync::Arc};

use futures_util::FutureExt;
use http::{HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body_util::Empty;
use hyper::{body::Bytes, client::conn::http1};
use hyper_util::{
    client::{
        legacy::connect::proxy::SocksV5,
        proxy::matcher::{Intercept, Matcher},
    },
    rt::TokioIo,
};
use tower::{ServiceExt, service_fn};

use crate::{
    Address,
    dial::{
        handshake::{HandshakeError, handshake},
        roots::{NoRoots, Roots},
        socket::{self, SocketError, Stream},
        tls::{self, Trust},
        transport::chain,
    },
};

/// Says which addresses are reached through which proxy.
#[derive(Clone)]
pub(crate) struct HttpProxy {
    matcher: Arc<Matcher>,
    /// The variable that is not the address of a proxy.
    invalid: Option<&'static str>,
}

/// Why there is no connection through a proxy.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpProxyError {
    /// A variable is not the address of a proxy. Its value may hold a password.
    #[error(
        "the environment variable {0} is not the address of an HTTP proxy: write http://host:port, or unset it; in a user name or a \
         password, write special characters as %40 for @"
    )]
    Invalid(&'static str),
    /// The proxy does not connect.
    #[error("the HTTP proxy {proxy} (from HTTPS_PROXY or ALL_PROXY): {reason}")]
    Failed {
        /// The proxy without user name and password.
        proxy: String,
        /// Why.
        reason: Reason,
    },
}

/// Why a proxy does not connect.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Reason {
    #[error("its address has the scheme {0:?}: http, https and socks5 are supported")]
    Scheme(String),
    #[error(transparent)]
    Socket(#[from] SocketError),
    #[error("{0}")]
    Roots(NoRoots),
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
    #[error("no TLS connection to it: {0}")]
    Handshake(#[from] HandshakeError),
    #[error(
        "it wants a user name and password: write them into its address, http://user:password@host:port"
    )]
    Authentication,
    #[error("it answered CONNECT with {0}")]
    Status(StatusCode),
    #[error("the connection to it broke: {0}")]
    Broken(String),
}

impl Default for HttpProxy {
    /// What the environment says.
    fn default() -> Self {
        Self::of_environment(|name| env::var(name).ok())
    }
}

impl HttpProxy {
    /// What the variables say. `from_env` of the matcher takes the same, and passes over a value that it cannot parse.
    fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let first = |names: [&'static str; 2]| {
            let mut set = names
                .iter()
                .filter_map(|name| Some((*name, variable(name)?)));
            set.find(|(_, value)| !value.trim().is_empty())
        };
        let no = first(["NO_PROXY", "no_proxy"]).map_or_else(String::new, |(_, value)| value);
        let Some((name, value)) = first(["HTTPS_PROXY", "https_proxy"])
            .or_else(|| first(["ALL_PROXY", "all_proxy"]))
            // A web server that runs programs puts headers of requests into such variables.
            .filter(|_| variable("REQUEST_METHOD").is_none())
        else {
            return Self::new("", "");
        };
        let proxy = Self::new(value.trim(), &no);
        if Self::new(value.trim(), "").is_valid() {
            return proxy;
        }
        // It takes the place of the one that was meant, for what NO_PROXY says.
        Self {
            invalid: Some(name),
            ..Self::new("http://invalid", &no)
        }
    }

    /// A proxy with the values of `HTTPS_PROXY` and `NO_PROXY`.
    pub(crate) fn new(https_proxy: &str, no_proxy: &str) -> Self {
        let matcher = Matcher::builder()
            .https(https_proxy.to_owned())
            .no(no_proxy.to_owned());
        Self {
            matcher: Arc::new(matcher.build()),
            invalid: None,
        }
    }

    /// No proxy for anything.
    #[cfg(test)]
    pub(crate) fn none() -> Self {
        Self::new("", "")
    }

    /// The proxy for an address. None if it is reached directly.
    pub(crate) fn intercept(&self, address: &Address) -> Result<Option<Intercept>, HttpProxyError> {
        if address.is_loopback() {
            return Ok(None);
        }
        let uri = format!("https://{address}/").parse().ok();
        let proxy = uri.and_then(|uri: Uri| self.matcher.intercept(&uri));
        match (self.invalid, proxy) {
            (Some(variable), Some(_)) => Err(HttpProxyError::Invalid(variable)),
            (_, proxy) => Ok(proxy),
        }
    }

    /// Whether it has a proxy with a host.
    fn is_valid(&self) -> bool {
        let proxy = self.matcher.intercept(&Uri::from_static(SOME_URI));
        proxy.is_some_and(|proxy| proxy.uri().host().is_some_and(|host| !host.is_empty()))
    }
}

impl fmt::Debug for HttpProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpProxy")
    }
}

/// A stream to the address through the proxy.
pub(crate) async fn tunnel(
    proxy: &Intercept,
    address: &Address,
    roots: &Roots,
) -> Result<Box<dyn Stream>, HttpProxyError> {
    let through = async {
        match proxy.uri().scheme_str() {
            Some("http") => connect(open(proxy, 80).await?, proxy, address).await,
            Some("https") => connect(open_tls(proxy, roots).await?, proxy, address).await,
            Some("socks5" | "socks5h") => socks(proxy, address).await,
            other => Err(Reason::Scheme(other.unwrap_or_default().to_owned())),
        }
    };
    through.await.map_err(|reason| HttpProxyError::Failed {
        proxy: shown(proxy),
        reason,
    })
}

async fn open(proxy: &Intercept, default_port: u16) -> Result<Box<dyn Stream>, Reason> {
    let uri = proxy.uri();
    let authority = format!(
        "{}:{}",
        uri.host().unwrap_or_default(),
        uri.port_u16().unwrap_or(default_port)
    );
    Ok(socket::open(&authority).await?)
}

async fn open_tls(proxy: &Intercept, roots: &Roots) -> Result<Box<dyn Stream>, Reason> {
    let name = proxy
        .uri()
        .host()
        .unwrap_or_default()
        .trim_matches(['[', ']'])
        .to_owned();
    let name = rustls::pki_types::ServerName::try_from(name)
        .map_err(|error| Reason::Tls(error.to_string()))?;
    let roots = roots.load().await.map_err(Reason::Roots)?;
    let config =
        tls::web(Trust::Roots(roots), &[]).map_err(|error| Reason::Tls(error.to_string()))?;
    let stream = open(proxy, 443).await?;
    Ok(Box::new(handshake(stream, config, name).await?))
}

/// Asks an HTTP proxy to become a tunnel (RFC 9110 section 9.3.6).
async fn connect(
    stream: Box<dyn Stream>,
    proxy: &Intercept,
    address: &Address,
) -> Result<Box<dyn Stream>, Reason> {
    let broken = |error: hyper::Error| Reason::Broken(chain(&error));
    let target = address.to_string();
    let mut request = Request::new(Empty::<Bytes>::new());
    *request.method_mut() = Method::CONNECT;
    *request.uri_mut() = target
        .parse()
        .map_err(|_| Reason::Status(StatusCode::BAD_REQUEST))?;
    if let Ok(host) = HeaderValue::try_from(target) {
        request.headers_mut().insert(header::HOST, host);
    }
    if let Some(authorization) = proxy.basic_auth() {
        request
            .headers_mut()
            .insert(header::PROXY_AUTHORIZATION, authorization.clone());
    }
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    tokio::spawn(connection.with_upgrades());
    let response = sender.send_request(request).await.map_err(broken)?;
    match response.status() {
        StatusCode::OK => Ok(Box::new(TokioIo::new(
            hyper::upgrade::on(response).await.map_err(broken)?,
        ))),
        StatusCode::PROXY_AUTHENTICATION_REQUIRED => Err(Reason::Authentication),
        status => Err(Reason::Status(status)),
    }
}

async fn socks(proxy: &Intercept, address: &Address) -> Result<Box<dyn Stream>, Reason> {
    let mut stream = Some(TokioIo::new(open(proxy, 1080).await?));
    let inner = service_fn(move |_: Uri| {
        let stream = stream.take();
        ready(stream.ok_or_else(|| io::Error::from(io::ErrorKind::NotConnected)))
    });
    let mut socks = SocksV5::new(proxy.uri().clone(), inner);
    if let Some((user, password)) = proxy.raw_auth() {
        socks = socks.with_auth(user.to_owned(), password.to_owned());
    }
    let target: Uri = format!("https://{address}/")
        .parse()
        .map_err(|_| Reason::Broken("the address is not a URI".to_owned()))?;
    // Boxed, because the compiler cannot see that the future of the connector is Send.
    match socks.oneshot(target).boxed().await {
        Ok(stream) => Ok(Box::new(stream.into_inner())),
        Err(error) => Err(Reason::Broken(error.to_string())),
    }
}

/// The proxy without its user name and password.
fn shown(proxy: &Intercept) -> String {
    let uri = proxy.uri();
    let port = uri
        .port_u16()
        .map_or_else(String::new, |port| format!(":{port}"));
    format!(
        "{}://{}{port}",
        uri.scheme_str().unwrap_or("http"),
        uri.host().unwrap_or_default()
    )
}

const SOME_URI: &str = "https://example.com/";

#[cfg(test)]
mod tests;
