//! JSON-RPC over HTTP, bounded in time and size.
//!
//! alloy's own transport reads bodies without a bound and puts the URL, API key and all, into its errors.

use crate::{
    Error,
    config::{RpcLimits, endpoint_of, parse_url},
};
use reqwest::{Client, StatusCode, Url, redirect::Policy};
use rustls_platform_verifier::BuilderVerifierExt;
use std::{error::Error as StdError, fmt, sync::Arc};

/// One endpoint's HTTP client. Cheap to clone; connections are pooled.
#[derive(Clone)]
pub(crate) struct Transport {
    client: Client,
    url: Url,
    endpoint: Arc<str>,
    max_bytes: usize,
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// What an endpoint that hangs is said to do.
pub(crate) const NO_ANSWER: &str = "no answer in time";

/// What an endpoint that floods is said to send.
pub(crate) const TOO_LARGE: &str = "the answer is too large";

/// How a request failed below JSON-RPC.
#[derive(Debug)]
pub(crate) enum Failure {
    /// No answer, or one that says to come back later.
    Unavailable(String),
    /// An answer that cannot be used.
    Nonsense(String),
}

impl Transport {
    pub(crate) fn new(rpc_url: &str, limits: &RpcLimits) -> Result<Self, Error> {
        let url = parse_url(rpc_url)?;
        // No redirects: an endpoint has no business sending our transactions elsewhere.
        let mut builder =
            Client::builder().timeout(limits.request_timeout).redirect(Policy::none()).user_agent("fabstir");
        // Always preconfigured, since reqwest would look for a process-wide cryptography provider otherwise.
        builder = builder.tls_backend_preconfigured(tls(url.scheme() == "https")?);
        let client = builder.build().map_err(|error| Error::config("RPC client", cause(&error.without_url())))?;
        Ok(Self { client, endpoint: endpoint_of(rpc_url).into(), url, max_bytes: limits.max_response_bytes })
    }

    /// Scheme, host and port.
    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Posts one JSON body and reads the answer's. A failing status with a body is returned as well, since many
    /// endpoints send JSON-RPC errors with one.
    pub(crate) async fn post(&self, body: Vec<u8>) -> Result<(StatusCode, Vec<u8>), Failure> {
        let request = self.client.post(self.url.clone()).header("content-type", "application/json").body(body);
        let mut response = request.send().await.map_err(unavailable)?;
        let status = response.status();
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unavailable)? {
            if bytes.len() + chunk.len() > self.max_bytes {
                return Err(Failure::Nonsense(format!("{TOO_LARGE}: more than {} bytes", self.max_bytes)));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok((status, bytes))
    }
}

/// TLS with ring. The platform's certificates are read only where they are needed: a machine without any can still
/// talk to a node of its own.
fn tls(verify: bool) -> Result<rustls::ClientConfig, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::config("TLS", error.to_string()))?;
    if verify {
        let builder = builder.with_platform_verifier().map_err(|error| Error::config("TLS", error.to_string()))?;
        return Ok(builder.with_no_client_auth());
    }
    Ok(builder.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth())
}

fn unavailable(error: reqwest::Error) -> Failure {
    let error = error.without_url();
    if error.is_timeout() {
        return Failure::Unavailable(NO_ANSWER.to_owned());
    }
    Failure::Unavailable(cause(&error))
}

/// The innermost cause, which says "connection refused" where the outer ones say "error sending request".
fn cause(error: &dyn StdError) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
