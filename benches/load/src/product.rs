//! The local server as a process, and requests to it.

use std::{
    fs::{File, OpenOptions},
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::{Client, Method, redirect::Policy};
use serde_json::{Value, json};
use sha2::Sha256;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use url::Url;

use crate::Error;

/// Pause between two requests that wait for something.
pub(crate) const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

pub(crate) struct Product {
    binary: PathBuf,
    server: Child,
    announcement: Value,
    pub(crate) http: Client,
    /// Removed when this is dropped.
    directory: TempDir,
}

impl Product {
    pub(crate) async fn start(binary: &Path) -> Result<Self, Error> {
        let directory = TempDir::new()?;
        let (server, announcement) = start(binary, directory.path(), 0).await?;
        Ok(Self {
            binary: binary.to_owned(),
            server,
            announcement,
            http: Client::builder().redirect(Policy::none()).build()?,
            directory,
        })
    }

    /// Kills the server with SIGKILL, and starts another with its data and its address.
    pub(crate) async fn kill_and_start(&mut self) -> Result<(), Error> {
        self.server.kill().await?;
        let port = self.address().port();
        (self.server, self.announcement) = start(&self.binary, self.directory.path(), port).await?;
        Ok(())
    }

    /// Stops the server. Returns where its data is, if it is to be kept.
    pub(crate) async fn stop(mut self, keep: bool) -> Result<Option<PathBuf>, Error> {
        self.server.kill().await?;
        if keep {
            return Ok(Some(self.directory.keep()));
        }
        self.directory.close()?;
        Ok(None)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        let base_url = self.text("/base_url").parse::<Url>().ok();
        let port = base_url.and_then(|url| url.port()).unwrap_or_default();
        SocketAddr::from((Ipv4Addr::LOCALHOST, port))
    }

    /// A value of the announcement.
    pub(crate) fn text(&self, pointer: &str) -> &str {
        text(&self.announcement, pointer)
    }

    /// A file of the data directory; `None` if there is none.
    pub(crate) fn file(&self, name: &str) -> Option<String> {
        std::fs::read_to_string(self.directory.path().join(name)).ok()
    }

    /// A token of a tenant's admin. The server announces those of two tenants; those of others are signed here, with its key.
    pub(crate) fn token_of(&self, tenant_id: &str) -> Result<String, Error> {
        let settings: Value = serde_json::from_str(&self.file("settings.json").ok_or("no settings")?)?;
        let encoded = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let claims = json!({
            "iss": "wecom-authorization-local", "sub": format!("admin@{tenant_id}"), "tenant_id": tenant_id,
            "iat": 0, "exp": 4_070_908_800_u64,
        });
        let content = format!("{}.{}", encoded(json!({"alg": "HS256", "typ": "JWT"})), encoded(claims));
        let key = Hmac::<Sha256>::new_from_slice(text(&settings, "/token_key").as_bytes())?;
        let signature = key.chain_update(&content).finalize().into_bytes();
        Ok(format!("{content}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        token: &str,
        body: Option<Value>,
    ) -> Result<Value, Error> {
        let request = self.http.request(method, format!("{}{path}", self.text("/base_url")));
        let request = request.bearer_auth(token);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        Ok(request.send().await?.json().await?)
    }

    pub(crate) async fn at_wecom(&self, method: Method, path: &str, body: &Value) -> Result<Value, Error> {
        let url = format!("{}{path}", self.text("/simulator_url"));
        Ok(self.http.request(method, url).json(body).send().await?.json().await?)
    }

    /// Resident memory of the server in MB.
    pub(crate) fn resident_megabytes(&self) -> Option<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.server.id()?)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse().ok()?;
        Some(kilobytes / 1024.0)
    }

    /// Size of the tables on the disk in MB.
    pub(crate) fn stored_megabytes(&self) -> Option<u64> {
        let tables = self.directory.path().join("aws/dynamodb.sqlite");
        Some(std::fs::metadata(tables).ok()?.len() / 1_000_000)
    }

    /// Counters of a tenant's callbacks together: `events_received` and `duplicates`.
    pub(crate) async fn counters(&self, token: &str) -> Result<(u64, u64), Error> {
        let state = self.ask(Method::GET, "/authorization", token, None).await?;
        let sum = |name: &str| {
            let scopes = ["contacts", "external_contacts"].map(|scope| format!("/{scope}/callback/{name}"));
            let counts = scopes
                .iter()
                .map(|scope| state.pointer(scope).and_then(Value::as_u64).unwrap_or_default());
            counts.sum()
        };
        Ok((sum("events_received"), sum("duplicates")))
    }

    /// Reads every event of a tenant, page by page.
    pub(crate) async fn each_event(&self, token: &str, mut see: impl FnMut(&Value)) -> Result<(), Error> {
        let mut cursor = String::new();
        loop {
            let path = format!("/authorization/events?limit=100{cursor}");
            let page = self.ask(Method::GET, &path, token, None).await?;
            let events = page.get("events").and_then(Value::as_array);
            events
                .ok_or_else(|| format!("no events: {page}"))?
                .iter()
                .for_each(&mut see);
            match page.get("next_cursor").and_then(Value::as_str) {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(()),
            }
        }
    }
}

/// Starts the server at this port; at any with 0. Returns when it answers, with its announcement.
async fn start(binary: &Path, directory: &Path, port: u16) -> Result<(Child, Value), Error> {
    let announced = directory.join("local.json");
    // A server that was killed has left one.
    if announced.exists() {
        std::fs::remove_file(&announced)?;
    }
    let log: File = OpenOptions::new()
        .create(true)
        .append(true)
        .open(directory.join("log"))?;
    let mut server = Command::new(binary)
        .args(["--listen", &format!("127.0.0.1:{port}"), "--data"])
        .arg(directory)
        .stdout(std::process::Stdio::null())
        .stderr(log)
        .env("RUST_LOG", "warn")
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("{}: {error}", binary.display()))?;
    while !announced.exists() {
        if let Some(status) = server.try_wait()? {
            return Err(format!("the server did not start: {status}").into());
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    Ok((server, serde_json::from_slice(&std::fs::read(announced)?)?))
}

/// A text in a document; empty if it has none.
pub(crate) fn text<'a>(document: &'a Value, pointer: &str) -> &'a str {
    document.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
