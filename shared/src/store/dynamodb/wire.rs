//! `PutItem` of an event on DynamoDB's wire: written, signed and sent here, over the connection of the SDK's client.
//!
//! It is one attempt without the SDK's operation around it, which costs a fifth of an event's CPU
//! (docs/adr/0047-the-put-of-an-event-is-sent-by-hand.md). What is neither a success nor a failed condition is left to the SDK.

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime},
};

use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_sdk_dynamodb::{Client, config};
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use aws_smithy_runtime_api::client::{
    http::{HttpClient as _, HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
    orchestrator::HttpRequest,
};
use aws_smithy_types::{body::SdkBody, byte_stream::ByteStream};
use aws_types::SdkConfig;
use lambda_http::http::Request;
use serde::{Deserialize, Serialize};

use super::keys::Item;

/// DynamoDB's connector and address, as the SDK's first call shows them.
type Route = Arc<OnceLock<(SharedHttpConnector, String)>>;

#[derive(Debug, Clone)]
pub(super) struct Wire {
    route: Route,
    credentials: SharedCredentialsProvider,
    region: String,
    patience: Duration,
}

impl Wire {
    /// The SDK's client of DynamoDB, and the wire over its connection; `None` where the configuration lacks what it needs.
    pub(super) fn of(aws: &SdkConfig) -> (Client, Option<Self>) {
        let route = Route::default();
        let mut config = config::Builder::from(aws);
        if let Some(http) = aws.http_client() {
            let route = Arc::clone(&route);
            config.set_http_client(Some(http_client_fn(move |settings, components| {
                let connector = http.http_connector(settings, components);
                let route = Arc::clone(&route);
                SharedHttpConnector::new(Shown { connector, route })
            })));
        }
        let timeouts = aws.timeout_config();
        let patience = timeouts.and_then(|of| of.operation_attempt_timeout().or(of.operation_timeout()));
        let needs = aws.credentials_provider().zip(aws.region()).zip(patience);
        let wire = needs.map(|((credentials, region), patience)| Self {
            route,
            credentials,
            region: region.to_string(),
            patience,
        });
        (Client::from_conf(config.build()), wire)
    }

    /// Puts an item unless there is one with its `event_id`. Returns the one that there is.
    ///
    /// # Errors
    /// With the item, which may have been put or not: the SDK has to put it.
    pub(super) async fn put_event(&self, table: &str, item: Item) -> Result<Option<Item>, Item> {
        let put = PutItem {
            table_name: table,
            item: item.into(),
            condition_expression: "attribute_not_exists(event_id)",
            return_values_on_condition_check_failure: "ALL_OLD",
        };
        match self.send(&put).await {
            Some((200, _)) => Ok(None),
            Some((400, Refused { code, item })) if code.ends_with("ConditionalCheckFailedException") => {
                Ok(Some(item.into()))
            }
            _ => Err(put.item.into()),
        }
    }

    /// The status and the body of the answer; `None` without an answer.
    async fn send(&self, put: &PutItem<'_>) -> Option<(u16, Refused)> {
        let (connector, url) = self.route.get()?;
        let request = self.request(url, serde_json::to_vec(put).ok()?).await?;
        let answered = async {
            let response = connector.call(request).await.ok()?;
            let status = response.status().as_u16();
            let body = ByteStream::new(response.into_body()).collect().await.ok()?;
            Some((status, serde_json::from_slice(&body.into_bytes()).ok()?))
        };
        tokio::time::timeout(self.patience, answered).await.ok()?
    }

    async fn request(&self, url: &str, body: Vec<u8>) -> Option<HttpRequest> {
        let identity = self.credentials.provide_credentials().await.ok()?.into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("dynamodb")
            .time(now())
            .settings(SigningSettings::default());
        let signable = SignableRequest::new("POST", url, HEADERS.into_iter(), SignableBody::Bytes(&body)).ok()?;
        let (signature, _) = sign(signable, &parameters.build().ok()?.into()).ok()?.into_parts();
        let mut request = Request::post(url);
        for (name, value) in HEADERS {
            request = request.header(name, value);
        }
        let mut request = request.body(SdkBody::from(body)).ok()?;
        signature.apply_to_request_http1x(&mut request);
        request.try_into().ok()
    }
}

const HEADERS: [(&str, &str); 2] = [
    ("content-type", "application/x-amz-json-1.0"),
    ("x-amz-target", "DynamoDB_20120810.PutItem"),
];

#[expect(clippy::disallowed_methods, reason = "DynamoDB compares it with its own clock")]
fn now() -> SystemTime {
    SystemTime::now()
}

/// The SDK's connector, which notes where its first call goes.
#[derive(Debug)]
struct Shown {
    connector: SharedHttpConnector,
    route: Route,
}

impl HttpConnector for Shown {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let seen = || (self.connector.clone(), request.uri().to_owned());
        self.route.get_or_init(seen);
        self.connector.call(request)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PutItem<'a> {
    table_name: &'a str,
    item: serde_dynamo::Item,
    condition_expression: &'a str,
    return_values_on_condition_check_failure: &'a str,
}

/// The body of a refusal; that of a success has none of these.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Refused {
    #[serde(rename = "__type")]
    code: String,
    #[serde(rename = "Item")]
    item: serde_dynamo::Item,
}
