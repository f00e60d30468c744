//! Calls a URL that others chose: that of a callback from outside, as WeCom does, for the self-test and to find out whether a
//! domain leads to us, and the receiver of webhooks.
//!
//! This must not become a way into our own network: https only, one host, every
//! address of it public, the connection made to one of the very addresses that were looked at, no redirect followed.

use std::{
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

use reqwest::{
    Client, RequestBuilder,
    header::{CONTENT_TYPE, HeaderMap, HeaderValue},
};
use url::Url;

use crate::authorization::DomainFault;

/// WeCom waits one second for the answer to a URL check (developer document 90930). The self-test waits longer, to say by
/// how much an answer was late.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The path under which `event-callback` answers the id of the deployment: below the path of callbacks, so that whatever lets
/// callbacks through lets it through too.
pub const DEPLOYMENT_PATH: &str = "/callback/deployment";
/// The right answer is a few dozen bytes.
const MAX_ANSWER: usize = 4096;

/// The response of a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// The HTTP status code of the response.
    pub status: u16,
    /// The body, truncated at 4 KiB.
    pub body: Vec<u8>,
    /// The time from the name lookup to the end of the response.
    pub elapsed: Duration,
}

/// The reason why there was no response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreachable {
    /// The URL is not one that may be called.
    #[error("the URL is not one that may be called")]
    NotAllowed,
    /// The name has no address.
    #[error("the name does not resolve")]
    Unresolved,
    /// The name leads to an address that is not public.
    #[error("the name leads to an address that is not public")]
    PrivateAddress,
    /// The address does not accept connections.
    #[error("no connection")]
    Unconnected,
    /// The certificate or the TLS version is refused.
    #[error("the certificate is refused")]
    Untrusted,
    /// The answer took too long.
    #[error("no answer in time")]
    TimedOut,
}

/// Calls a URL that others chose.
#[derive(Debug, Clone, Copy)]
pub struct Probe {
    /// Whether plain http and this machine may be called: only where the deployment itself is on it.
    pub local: bool,
}

impl Probe {
    /// `GET`, or `POST` with a body of XML; the answer must come within five seconds.
    ///
    /// # Errors
    /// The reason why there was no response.
    pub async fn call(&self, url: &Url, xml: Option<String>) -> Result<Reached, Unreachable> {
        match xml {
            None => self.send(url, TIMEOUT, |client| client.get(url.clone())).await,
            Some(xml) => {
                let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("text/xml"))]);
                self.post(url, headers, xml, TIMEOUT).await
            }
        }
    }

    /// `POST`; the answer must come within `timeout`.
    ///
    /// # Errors
    /// The reason why there was no response.
    pub async fn post(
        &self,
        url: &Url,
        headers: HeaderMap,
        body: String,
        timeout: Duration,
    ) -> Result<Reached, Unreachable> {
        let request = |client: Client| client.post(url.clone()).headers(headers).body(body);
        self.send(url, timeout, request).await
    }

    async fn send(
        &self,
        url: &Url,
        timeout: Duration,
        request: impl FnOnce(Client) -> RequestBuilder,
    ) -> Result<Reached, Unreachable> {
        if url.scheme() != "https" && !(self.local && url.scheme() == "http") {
            return Err(Unreachable::NotAllowed);
        }
        let started = Instant::now();
        let host = url.host_str().ok_or(Unreachable::NotAllowed)?;
        let resolved = self.resolve(host, url.port_or_known_default().unwrap_or(443));
        let addresses = tokio::time::timeout(timeout, resolved)
            .await
            .map_err(|_| Unreachable::TimedOut)??;
        let tls = wecom_client::public_tls().map_err(|_| Unreachable::Untrusted)?;
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .timeout(timeout.saturating_sub(started.elapsed()))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .resolve_to_addrs(host, &addresses)
            .build()
            .map_err(|_| Unreachable::NotAllowed)?;
        let mut response = request(client).send().await.map_err(|error| kind_of(&error))?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| kind_of(&error))? {
            body.extend_from_slice(&chunk);
            if body.len() >= MAX_ANSWER {
                body.truncate(MAX_ANSWER);
                break;
            }
        }
        Ok(Reached {
            status: response.status().as_u16(),
            body,
            elapsed: started.elapsed(),
        })
    }

    /// Why a domain does not lead to the deployment of this id; `None` when it does.
    pub async fn fault_of_domain(&self, mut domain: Url, deployment_id: &str) -> Option<DomainFault> {
        domain.set_path(DEPLOYMENT_PATH);
        match self.call(&domain, None).await {
            Ok(reached) if reached.status == 200 && reached.body == deployment_id.as_bytes() => None,
            Ok(_) => Some(DomainFault::AnsweredByAnother),
            Err(Unreachable::Unresolved) => Some(DomainFault::DnsNotFound),
            Err(Unreachable::PrivateAddress) => Some(DomainFault::PrivateAddress),
            Err(Unreachable::Untrusted) => Some(DomainFault::CertificateRefused),
            Err(Unreachable::TimedOut) => Some(DomainFault::TimedOut),
            Err(Unreachable::Unconnected | Unreachable::NotAllowed) => Some(DomainFault::ConnectionFailed),
        }
    }

    /// Every address of the host; the connection is made to one of them.
    async fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, Unreachable> {
        let name = host.trim_start_matches('[').trim_end_matches(']');
        let addresses: Vec<SocketAddr> = tokio::net::lookup_host((name, port))
            .await
            .map_err(|_| Unreachable::Unresolved)?
            .collect();
        // All of them: which one is taken is not ours to say.
        if !self.local && addresses.iter().any(|address| !is_public(address.ip())) {
            return Err(Unreachable::PrivateAddress);
        }
        if addresses.is_empty() {
            return Err(Unreachable::Unresolved);
        }
        Ok(addresses)
    }
}

fn kind_of(error: &reqwest::Error) -> Unreachable {
    if error.is_timeout() {
        return Unreachable::TimedOut;
    }
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if error.to_string().contains("certificate") || error.to_string().contains("HandshakeFailure") {
            return Unreachable::Untrusted;
        }
        cause = error.source();
    }
    Unreachable::Unconnected
}

/// Whether an address is one of the public internet: none of the ranges that IANA reserves for private networks, this
/// machine, links, documentation, tests, multicast or the future.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, c, _] = ip.octets();
            let shared = a == 100 && (64..128).contains(&b);
            let protocol = a == 192 && b == 0 && c == 0;
            let relay = a == 192 && b == 88 && c == 99;
            let benchmark = a == 198 && (18..20).contains(&b);
            !(ip.is_private()
                || ip.is_loopback()
                || ip.is_link_local()
                || ip.is_documentation()
                || shared
                || protocol
                || relay
                || benchmark
                || a == 0
                || a >= 224)
        }
        IpAddr::V6(ip) => {
            if let Some(mapped) = ip.to_ipv4_mapped() {
                return is_public(IpAddr::V4(mapped));
            }
            // 2000::/3 is what IANA has given out; 2002::/16 and 64:ff9b::/96 carry IPv4 addresses within, 2001::/23 is for
            // protocols, 2001:db8::/32 and 3fff::/20 are for documentation.
            let [first, second, ..] = ip.segments();
            (0x2000..0x3fff).contains(&first)
                && first != 0x2002
                && !(first == 0x2001 && (second < 0x0200 || second == 0x0db8))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_an_address_of_our_own_network_in_every_clothing() {
        for ip in [
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "127.0.0.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.2.1",
            "192.88.99.1",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "::ffff:10.0.0.1",
            "2002:a00:1::",
            "64:ff9b::a00:1",
            "2001:db8::1",
            "2001::1",
            "3fff::1",
        ] {
            assert!(!is_public(ip.parse().unwrap()), "{ip}");
        }
        for ip in ["8.8.8.8", "101.226.103.1", "2606:4700::1111", "2001:4860:4860::8888"] {
            assert!(is_public(ip.parse().unwrap()), "{ip}");
        }
    }

    #[tokio::test]
    async fn calls_neither_plain_http_nor_this_machine_unless_it_is_local() {
        let probe = Probe { local: false };
        let call = async |url: &str| probe.call(&Url::parse(url).unwrap(), None).await;
        assert_eq!(call("http://example.com/").await, Err(Unreachable::NotAllowed));
        assert_eq!(call("https://127.0.0.1/").await, Err(Unreachable::PrivateAddress));
        assert_eq!(call("https://[::1]/").await, Err(Unreachable::PrivateAddress));
        assert_eq!(call("https://localhost/").await, Err(Unreachable::PrivateAddress));
    }
}
