//! The local server under load, with two tenants whose corporations are bound, and its counters.

use std::{
    collections::HashSet,
    net::SocketAddr,
    path::Path,
    time::{Duration, Instant},
};

use reqwest::{Client, Method, redirect::Policy};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use url::Url;
use wecom_callback::{EncodingAesKey, Token};

use crate::{
    Error,
    sent::{Callback, Sent},
};

/// Corporations that the simulator starts with.
const CORPS: [&str; 2] = ["ww0a1b2c3d4e5f6071", "ww9f8e7d6c5b4a3021"];
const SCOPES: [&str; 2] = ["contacts", "external-contacts"];
/// Pause between two requests that wait for something.
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

pub(crate) struct Product {
    server: Child,
    announcement: Value,
    http: Client,
    /// Removed when this is dropped.
    directory: TempDir,
}

/// Counters of the product after the load, all tenants together.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    /// Events listed by `GET /authorization/events`.
    pub(crate) listed: u64,
    /// Different event ids among them.
    pub(crate) distinct: u64,
    /// Sum of the callbacks' `events_received`.
    pub(crate) received: u64,
    /// Sum of the callbacks' `duplicates`.
    pub(crate) duplicates: u64,
}

impl Product {
    pub(crate) async fn start(server: &Path) -> Result<Self, Error> {
        let directory = TempDir::new()?;
        let announced = directory.path().join("local.json");
        let mut server = Command::new(server)
            .args(["--listen", "127.0.0.1:0", "--data"])
            .arg(directory.path())
            .stdout(std::process::Stdio::null())
            .stderr(std::fs::File::create(directory.path().join("log"))?)
            .env("RUST_LOG", "warn")
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("{}: {error}", server.display()))?;
        while !announced.exists() {
            if let Some(status) = server.try_wait()? {
                return Err(format!("the server did not start: {status}").into());
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        Ok(Self {
            server,
            announcement: serde_json::from_slice(&std::fs::read(announced)?)?,
            http: Client::builder().redirect(Policy::none()).build()?,
            directory,
        })
    }

    pub(crate) async fn stop(mut self) -> Result<(), Error> {
        self.server.kill().await?;
        self.directory.close()?;
        Ok(())
    }

    pub(crate) fn address(&self) -> SocketAddr {
        let base_url = self.text("/base_url").parse::<Url>().ok();
        let port = base_url.and_then(|url| url.port()).unwrap_or_default();
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    fn text(&self, pointer: &str) -> &str {
        self.announcement
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// Installs the app and binds both callbacks of both tenants.
    pub(crate) async fn bind(&self) -> Result<Vec<Callback>, Error> {
        let mut callbacks = Vec::new();
        for (token, corp_id) in self.admins().into_iter().zip(CORPS) {
            self.install(token, corp_id).await?;
            for scope in SCOPES {
                callbacks.push(self.register(token, corp_id, scope).await?);
            }
        }
        Ok(callbacks)
    }

    fn admins(&self) -> [&str; 2] {
        [self.text("/admin_token"), self.text("/second_tenant/admin_token")]
    }

    async fn install(&self, token: &str, corp_id: &str) -> Result<(), Error> {
        let link = loop {
            // There is no link before the first suite ticket has arrived.
            let answer = self
                .ask(Method::POST, "/authorization/installation", token, None)
                .await?;
            match answer.get("install_url").and_then(Value::as_str) {
                Some(link) => break link.to_owned(),
                None => tokio::time::sleep(BETWEEN_LOOKS).await,
            }
        };
        // What the button of the link's page does.
        let pressed = self.http.post(link).send().await?;
        let header = |name: &str| pressed.headers().get(name).and_then(|value| value.to_str().ok());
        let cookie = header("set-cookie").and_then(|cookie| cookie.split(';').next());
        let (cookie, at_wecom) = cookie.zip(header("location")).ok_or("the install link leads nowhere")?;
        let confirmed = self
            .at_wecom(
                Method::POST,
                "/install",
                &json!({"url": at_wecom, "corp_id": corp_id, "auth_mode": "admin"}),
            )
            .await?;
        let back = confirmed
            .get("redirect_url")
            .and_then(Value::as_str)
            .ok_or("WeCom did not install")?;
        self.http.get(back).header("cookie", cookie).send().await?;
        Ok(())
    }

    async fn register(&self, token: &str, corp_id: &str, scope: &str) -> Result<Callback, Error> {
        let url = format!(
            "{}/_simulator/corps/{corp_id}/secrets/{scope}",
            self.text("/simulator_url")
        );
        let secret = self.http.get(url).send().await?.text().await?;
        let path = format!("/authorization/{scope}/secret");
        let body = json!({"secret": secret, "corp_id": corp_id});
        let shown = self.ask(Method::PUT, &path, token, Some(body)).await?;
        let shown = shown.get("credentials").ok_or("no credentials")?;
        let value = |name: &str| shown.get(name).and_then(Value::as_str).unwrap_or_default();
        let form = json!({"url": value("url"), "token": value("token"), "encoding_aes_key": value("encoding_aes_key")});
        let saved = self
            .at_wecom(Method::PUT, &format!("/corps/{corp_id}/callbacks/{scope}"), &form)
            .await?;
        if saved.get("saved") != Some(&Value::Bool(true)) {
            return Err(format!("WeCom did not save the callback: {saved}").into());
        }
        Ok(Callback {
            path: value("url").parse::<Url>()?.path().to_owned(),
            corp_id: corp_id.to_owned(),
            token: Token::parse(value("token"))?,
            key: EncodingAesKey::parse(value("encoding_aes_key"))?,
        })
    }

    async fn ask(&self, method: Method, path: &str, token: &str, body: Option<Value>) -> Result<Value, Error> {
        let request = self.http.request(method, format!("{}{path}", self.text("/base_url")));
        let request = request.bearer_auth(token);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        Ok(request.send().await?.json().await?)
    }

    async fn at_wecom(&self, method: Method, path: &str, body: &Value) -> Result<Value, Error> {
        let url = format!("{}/_simulator{path}", self.text("/simulator_url"));
        Ok(self.http.request(method, url).json(body).send().await?.json().await?)
    }

    /// Resident memory of the server in MB, measured twelve times until `until`.
    pub(crate) async fn watch(&self, until: Instant) -> Vec<f64> {
        let between = until.saturating_duration_since(Instant::now()) / 12;
        let mut memory = Vec::new();
        while Instant::now() < until {
            tokio::time::sleep(between).await;
            memory.extend(self.resident_megabytes());
        }
        memory
    }

    fn resident_megabytes(&self) -> Option<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.server.id()?)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse().ok()?;
        Some(kilobytes / 1024.0)
    }

    /// Waits until `publish-events` has counted everything that was sent, then reads all events.
    pub(crate) async fn count(&self, sent: &Sent) -> Result<Counted, Error> {
        let mut counted = Counted::default();
        for _ in 0..1500 {
            (counted.received, counted.duplicates) = self.counters().await?;
            if (counted.received, counted.duplicates) == (sent.events, sent.repeated) {
                break;
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        let mut ids = HashSet::new();
        for token in self.admins() {
            let mut cursor = String::new();
            loop {
                let page = self
                    .ask(
                        Method::GET,
                        &format!("/authorization/events?limit=100{cursor}"),
                        token,
                        None,
                    )
                    .await?;
                for event in page.get("events").and_then(Value::as_array).into_iter().flatten() {
                    counted.listed += 1;
                    ids.insert(
                        event
                            .get("event_id")
                            .and_then(Value::as_str)
                            .unwrap_or_default()
                            .to_owned(),
                    );
                }
                match page.get("next_cursor").and_then(Value::as_str) {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
            }
        }
        counted.distinct = ids.len().try_into()?;
        Ok(counted)
    }

    async fn counters(&self) -> Result<(u64, u64), Error> {
        let (mut received, mut duplicates) = (0, 0);
        for token in self.admins() {
            let state = self.ask(Method::GET, "/authorization", token, None).await?;
            for scope in ["contacts", "external_contacts"] {
                let count = |name: &str| {
                    let value = state.pointer(&format!("/{scope}/callback/{name}"));
                    value.and_then(Value::as_u64).unwrap_or_default()
                };
                received += count("events_received");
                duplicates += count("duplicates");
            }
        }
        Ok((received, duplicates))
    }
}
