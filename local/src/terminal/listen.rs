//! `listen`: the events of the bus in the terminal, and at a consumer's door.

use reqwest::{Method, Response};
use serde_json::Value;
use url::Url;
use wecom_authorization::{
    clock::{Clock as _, SystemClock},
    probe::Probe,
    webhook::{SigningSecrets, Webhook},
};

use super::{CommandError, say, server::Server};

#[derive(Debug, Clone, clap::Args)]
pub struct Listen {
    /// URL that each event is sent to, signed like a real webhook (Standard Webhooks)
    #[arg(long, value_name = "URL")]
    pub forward_to: Option<Url>,
    /// Secret to sign with instead of the server's own: `whsec_` and the base64 of 24 to 64 bytes
    #[arg(long, value_name = "SECRET", requires = "forward_to")]
    pub secret: Option<String>,
}

impl Listen {
    /// Runs until the server stops.
    pub(super) async fn run(&self, server: &Server) -> Result<(), CommandError> {
        let announcement = &server.announcement;
        let secret = self.secret.as_ref().unwrap_or(&announcement.webhook_secret);
        let secrets = SigningSecrets::parse(secret).map_err(|error| CommandError::Unknown(error.to_string()))?;
        let mut stream = connect(server, None).await?;
        say(&format!("Listening to {}", announcement.bus_url));
        if let Some(url) = &self.forward_to {
            say(&format!("Forwarding to {url}, signed with {secret}"));
        }
        let mut unread = Vec::new();
        let mut last_id = None;
        loop {
            // A stream that breaks off is one that ends: what was missed comes with the next.
            let Ok(Some(chunk)) = stream.chunk().await else {
                let again = connect(server, last_id.as_deref()).await;
                stream = again.map_err(|_| CommandError::Stopped)?;
                unread.clear();
                continue;
            };
            unread.extend_from_slice(&chunk);
            while let Some(message) = next(&mut unread) {
                let Some((id, event)) = read(&message) else { continue };
                last_id = Some(id);
                say(&described(&event));
                if let Some(url) = &self.forward_to {
                    say(&forward(&event, url, &secrets).await);
                }
            }
        }
    }
}

async fn connect(server: &Server, last_id: Option<&str>) -> Result<Response, CommandError> {
    let mut request = server.request(Method::GET, &server.announcement.bus_url);
    if let Some(id) = last_id {
        request = request.header("last-event-id", id);
    }
    super::server::sent(request).await
}

/// Takes the next complete message off the stream.
fn next(unread: &mut Vec<u8>) -> Option<String> {
    let end = unread.windows(2).position(|two| two == b"\n\n")?;
    let message = unread.drain(..end + 2).collect();
    String::from_utf8(message).ok()
}

/// Id and event of a message; `None` for a comment, which only keeps the connection open.
fn read(message: &str) -> Option<(String, Value)> {
    let field = |name| message.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let event = serde_json::from_str(field("data:")?).ok()?;
    Some((field("id:")?.to_owned(), event))
}

/// One line about an event.
fn described(event: &Value) -> String {
    let text = |path: &str| event.pointer(path).and_then(Value::as_str).unwrap_or_default();
    let detail = |name: &str| text(&format!("/detail/{name}"));
    let (time, tenant) = (text("/time"), detail("tenant_id"));
    if text("/detail-type") != "wecom.event" {
        let what = match text("/detail-type") {
            "webhooks.changed" => "webhooks",
            "events.gap" => "gap",
            _ => detail("what"),
        };
        let (from, to) = (detail("from"), detail("to"));
        return format!("{time}  {tenant}  {what}: {from} → {to}");
    }
    let name = match (detail("event"), detail("change_type")) {
        ("", _) => text("/detail/payload/MsgType").to_owned(),
        (event, "") => event.to_owned(),
        (event, change_type) => format!("{event}/{change_type}"),
    };
    format!("{time}  {tenant}  {name}  {}", detail("event_id"))
}

/// Sends an event, and says what came of it.
async fn forward(event: &Value, url: &Url, secrets: &SigningSecrets) -> String {
    let probe = Probe { local: true };
    match Webhook::of(event).send(url, secrets, SystemClock.now(), probe).await {
        Ok(answer) => format!("  → {} in {} ms", answer.status, answer.elapsed.as_millis()),
        Err(error) => format!("  → {error}"),
    }
}
