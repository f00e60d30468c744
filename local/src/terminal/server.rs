//! The running server: where it is, and requests to it.

use std::{fs, path::Path};

use reqwest::{Client, Method, RequestBuilder, Response, redirect::Policy};
use serde_json::Value;

use super::CommandError;
use crate::announcement::Announcement;

pub(super) struct Server {
    pub(super) announcement: Announcement,
    client: Client,
}

impl Server {
    /// The server that runs with this data directory.
    pub(super) fn of(data: &Path) -> Result<Self, CommandError> {
        let announcement = fs::read(data.join("local.json")).ok();
        let announcement = announcement.and_then(|text| serde_json::from_slice(&text).ok());
        let announcement = announcement.ok_or_else(|| CommandError::NotRunning(data.display().to_string()))?;
        let tls = wecom_authorization::wecom::public_tls().map_err(|error| CommandError::Unknown(error.to_string()))?;
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(Policy::none())
            .no_proxy()
            .build()?;
        Ok(Self { announcement, client })
    }

    pub(super) fn request(&self, method: Method, url: &str) -> RequestBuilder {
        self.client.request(method, url)
    }

    /// Base URL of the simulator of WeCom.
    pub(super) fn simulator_url(&self) -> Result<&str, CommandError> {
        let url = self.announcement.simulator_url.as_deref();
        url.ok_or_else(|| CommandError::Unknown("the server runs with --wecom-api, without a simulator".to_owned()))
    }
}

/// Sends a request. Answers the response if it is a success or a redirect.
pub(super) async fn sent(request: RequestBuilder) -> Result<Response, CommandError> {
    let (client, request) = request.build_split();
    let request = request?;
    let asked = format!("{} {}", request.method(), request.url());
    let response = client.execute(request).await?;
    let status = response.status();
    if status.is_success() || status.is_redirection() {
        return Ok(response);
    }
    Err(CommandError::Refused {
        asked,
        status: status.as_u16(),
        answer: response.text().await?.trim().to_owned(),
    })
}

/// Sends a request. Answers the JSON of the response.
pub(super) async fn answer(request: RequestBuilder) -> Result<Value, CommandError> {
    Ok(sent(request).await?.json().await?)
}
