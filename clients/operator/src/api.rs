use std::{fs, path::Path};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Client, Method, redirect::Policy};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::Value;

use crate::{OperatorError, arguments::Deployment};

/// Variable of the environment that has the operator's token.
const TOKEN_VARIABLE: &str = "WECOM_OPERATOR_TOKEN";

/// A deployment, asked by an operator.
pub(crate) struct Api {
    url: String,
    token: SecretString,
    client: Client,
}

/// What `local.json` has for operators.
#[derive(Deserialize)]
struct LocalServer {
    base_url: String,
    operator_token: SecretString,
}

impl Api {
    pub(crate) fn new(deployment: &Deployment) -> Result<Self, OperatorError> {
        let token = deployment.token_file.as_deref().map(token_of_file).transpose()?;
        let (url, token) = if let Some(url) = &deployment.url {
            let token = token.or_else(token_of_environment).ok_or_else(|| {
                OperatorError::Usage(format!(
                    "{TOKEN_VARIABLE} or --token-file must have the operator's token"
                ))
            })?;
            (url.trim_end_matches('/').to_owned(), token)
        } else {
            // The variable's token is a deployment's: a file in the working directory does not say where it goes.
            let local = local_server(&deployment.data)?;
            (local.base_url, token.unwrap_or(local.operator_token))
        };
        let tls = wecom_client::public_tls().map_err(|error| OperatorError::Usage(error.to_string()))?;
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            // A token is for the address that was named, and for no other.
            .redirect(Policy::none())
            .build()?;
        Ok(Self { url, token, client })
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Value, OperatorError> {
        self.send(Method::GET, path, None).await
    }

    /// Sends a request. Answers the JSON of the response; `null` if it has none.
    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, OperatorError> {
        let request = self.client.request(method, format!("{}{path}", self.url));
        let mut request = request.bearer_auth(self.token.expose_secret());
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await?;
        let status = response.status();
        let body = response.bytes().await?;
        let answer = serde_json::from_slice(&body).unwrap_or(Value::Null);
        if status.is_success() {
            return Ok(answer);
        }
        let field = |name| answer.get(name).and_then(Value::as_str);
        Err(OperatorError::Refused {
            status: status.as_u16(),
            code: field("code").unwrap_or_default().to_owned(),
            // API Gateway's own refusals have a `message`; those of a proxy are not JSON.
            detail: field("detail")
                .or(field("message"))
                .or(status.canonical_reason())
                .unwrap_or_default()
                .to_owned(),
        })
    }
}

/// A value as one segment of a path, or as the value of a parameter.
pub(crate) fn segment(value: &str) -> String {
    utf8_percent_encode(value, NON_ALPHANUMERIC).to_string()
}

fn token_of_file(path: &Path) -> Result<SecretString, OperatorError> {
    let text = fs::read_to_string(path);
    let text = text.map_err(|error| OperatorError::Usage(format!("{}: {error}", path.display())))?;
    Ok(text.trim().into())
}

#[expect(
    clippy::disallowed_methods,
    reason = "a command's own variable, not a function's configuration"
)]
fn token_of_environment() -> Option<SecretString> {
    Some(std::env::var(TOKEN_VARIABLE).ok()?.trim().into())
}

fn local_server(data: &Path) -> Result<LocalServer, OperatorError> {
    let text = fs::read(data.join("local.json")).ok();
    let local = text.and_then(|text| serde_json::from_slice(&text).ok());
    local.ok_or_else(|| {
        OperatorError::Usage(format!(
            "name the deployment with --url; no local server runs with the data directory {}",
            data.display()
        ))
    })
}
