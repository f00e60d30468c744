//! The configuration of AWS's clients: credentials, trust, time-outs, one HTTP client for all of them.

use std::time::Duration;

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};
use aws_smithy_types::{retry::RetryConfig, timeout::TimeoutConfig};
use aws_types::SdkConfig;
use lambda_http::Error;

/// Timeouts of calls to AWS. WeCom waits one second for a callback, and one lost packet must not use it up: the SDK's
/// defaults are no timeout and a first backoff of up to a second.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(500);
const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(1500);
const OPERATION_TIMEOUT: Duration = Duration::from_secs(4);

/// The roots that AWS asks its clients to trust: Amazon Root CA 1 to 4 and Starfield Services Root CA - G2
/// (<https://www.amazontrust.com/repository/>). The first of them ends on 2037-12-31.
const AMAZON_ROOTS: &str = include_str!("amazon-roots.pem");

/// The AWS configuration of a process: credentials and region from the environment, as Lambda sets them, without the
/// chain of `aws-config`, whose other providers cannot succeed here (docs/adr/0003-tls-on-ring.md). `endpoint` replaces
/// AWS's own.
///
/// # Errors
/// Names the variable that is missing.
#[expect(
    clippy::disallowed_methods,
    reason = "AWS's own variables, read where the SDK would read them"
)]
pub fn aws_from_env(endpoint: Option<String>) -> Result<SdkConfig, Error> {
    let required = |name: &str| std::env::var(name).map_err(|_| format!("{name} is not set"));
    let credentials = Credentials::new(
        required("AWS_ACCESS_KEY_ID")?,
        required("AWS_SECRET_ACCESS_KEY")?,
        std::env::var("AWS_SESSION_TOKEN").ok(),
        None,
        "environment",
    );
    Ok(aws_config(required("AWS_REGION")?, credentials, endpoint))
}

/// The AWS configuration for these credentials. `endpoint` replaces AWS's own.
///
/// # Panics
/// Never: a trust store is all that the TLS context is made of.
#[must_use]
pub fn aws_config(region: String, credentials: Credentials, endpoint: Option<String>) -> SdkConfig {
    let trusted = TlsContext::builder().with_trust_store(trust_store(&region, endpoint.as_deref()));
    let http = Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(trusted.build().expect("a trust store makes a context"))
        .build_https();
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(region))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(http)
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .operation_attempt_timeout(ATTEMPT_TIMEOUT)
                .operation_timeout(OPERATION_TIMEOUT)
                .build(),
        )
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(3)
                .with_initial_backoff(Duration::from_millis(50))
                .with_max_backoff(Duration::from_millis(200)),
        );
    match endpoint {
        Some(endpoint) => config.endpoint_url(endpoint),
        None => config,
    }
    .build()
}

/// Amazon's own roots for AWS's own endpoints; the machine's for any other, and where AWS has not said that these suffice:
/// in China and in the partitions that stand apart (docs/adr/0013-trust-in-amazons-roots.md).
fn trust_store(region: &str, endpoint: Option<&str>) -> TrustStore {
    if endpoint.is_none() && is_of_partition_aws(region) {
        TrustStore::empty().with_pem_certificate(AMAZON_ROOTS)
    } else {
        TrustStore::default()
    }
}

/// `eu-central-1` is; `cn-north-1`, `us-gov-west-1`, `us-iso-east-1` and `eusc-de-east-1` are not.
fn is_of_partition_aws(region: &str) -> bool {
    !region.starts_with("cn-") && region.split('-').count() == 3
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use sha2::{Digest as _, Sha256};

    use super::*;
    use crate::entropy::hex;

    /// SHA-256 of each certificate, as Amazon publishes it.
    const FINGERPRINTS: [&str; 5] = [
        "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
        "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
        "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
        "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
        "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5",
    ];

    #[test]
    fn holds_the_certificates_that_amazon_publishes_and_no_other() {
        let certificates = AMAZON_ROOTS.split("-----BEGIN CERTIFICATE-----").skip(1);
        let fingerprints = certificates.map(|certificate| {
            let text: String = certificate.split("-----").next().unwrap().split_whitespace().collect();
            hex(&Sha256::digest(STANDARD.decode(text).unwrap()))
        });
        assert_eq!(fingerprints.collect::<Vec<_>>(), FINGERPRINTS);
    }

    #[test]
    fn trusts_amazon_alone_where_amazon_has_said_that_it_suffices() {
        let trusts_the_machine = |region, endpoint| {
            let store = format!("{:?}", trust_store(region, endpoint));
            store.contains("enable_native_roots: true")
        };
        for region in ["us-east-1", "eu-central-1", "ap-southeast-2", "me-south-1"] {
            assert!(!trusts_the_machine(region, None), "{region}");
            assert!(trusts_the_machine(region, Some("http://127.0.0.1:8000")), "{region}");
        }
        for region in ["cn-north-1", "us-gov-west-1", "us-iso-east-1", "eusc-de-east-1", ""] {
            assert!(trusts_the_machine(region, None), "{region}");
        }
    }
}
