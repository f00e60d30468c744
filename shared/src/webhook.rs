//! Webhooks as [Standard Webhooks](https://www.standardwebhooks.com) 1.0 defines them: an event of the bus in a signed `POST`.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{SignedDuration, Timestamp};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret as _, SecretSlice};
use serde_json::Value;
use sha2::Sha256;
use url::Url;

use crate::{
    entropy::Entropy,
    ids::EventId,
    probe::{Probe, Reached, Unreachable},
};

/// How long a receiver may take to answer. The specification recommends 15 to 30 seconds.
const TIMEOUT: Duration = Duration::from_secs(15);
/// What every signing secret begins with.
const PREFIX: &str = "whsec_";
/// Bytes of a signing secret (specification, "Signature scheme").
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// The secrets that a deployment signs with. There are several while one replaces another: each signs, and the receiver accepts
/// whichever it knows.
#[derive(Debug, Clone)]
pub struct SigningSecrets(Vec<SecretSlice<u8>>);

/// The text has no signing secret, or one that is not `whsec_` and the base64 of 24 to 64 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("signing secrets are whsec_ and the base64 of 24 to 64 bytes, separated by spaces")]
pub struct MalformedSecrets;

impl SigningSecrets {
    /// Reads secrets that are separated by spaces, the newest first.
    ///
    /// # Errors
    /// [`MalformedSecrets`] when there is none, or one is malformed.
    pub fn parse(text: &str) -> Result<Self, MalformedSecrets> {
        let secret = |text: &str| {
            let bytes = STANDARD.decode(text.strip_prefix(PREFIX)?).ok()?;
            SECRET_BYTES.contains(&bytes.len()).then(|| SecretSlice::from(bytes))
        };
        let secrets: Option<Vec<_>> = text.split_whitespace().map(secret).collect();
        let secrets = secrets.filter(|secrets| !secrets.is_empty());
        secrets.map(Self).ok_or(MalformedSecrets)
    }

    /// A new secret, as text.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> String {
        let mut bytes = [0; 32];
        entropy.fill(&mut bytes);
        format!("{PREFIX}{}", STANDARD.encode(bytes))
    }

    /// `webhook-signature`: one signature for each secret, separated by spaces.
    fn sign(&self, id: &str, timestamp: i64, body: &str) -> String {
        let signatures = self.0.iter().map(|secret| {
            let mut mac =
                Hmac::<Sha256>::new_from_slice(secret.expose_secret()).expect("HMAC takes keys of any length");
            mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
            format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
        });
        signatures.collect::<Vec<_>>().join(" ")
    }
}

/// How long a process signs with secrets before it reads them again.
const CACHED: SignedDuration = SignedDuration::from_mins(5);

/// The secrets as this process has read them, for five minutes.
#[derive(Debug, Default)]
pub struct CachedSecrets(Mutex<Option<(Timestamp, SigningSecrets)>>);

impl CachedSecrets {
    /// The secrets, unless they were read too long ago.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> Option<SigningSecrets> {
        let cached = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (read_at, secrets) = cached.as_ref()?;
        (now < *read_at + CACHED).then(|| secrets.clone())
    }

    /// Keeps secrets that were read at `now`.
    pub fn keep(&self, secrets: SigningSecrets, now: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, secrets));
    }
}

/// An event of the bus, as receivers get it.
#[derive(Clone, PartialEq, Eq)]
pub struct Webhook {
    /// `webhook-id`: the `event_id` of `wecom.event`. For the other types it is derived from the change, so that it is the same each
    /// time that the change is delivered.
    pub id: String,
    /// The event as EventBridge delivers it.
    body: String,
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Webhook")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Webhook {
    /// The webhook of an event as EventBridge delivers it.
    #[must_use]
    pub fn of(event: &Value) -> Self {
        let detail = |name: &str| event.pointer(&format!("/detail/{name}")).and_then(Value::as_str);
        let id = detail("event_id").map_or_else(
            || {
                let names = ["tenant_id", "binding_id", "scope", "what", "from", "to", "at"];
                let change = names.map(|name| detail(name).unwrap_or_default());
                let kind = event.get("detail-type").and_then(Value::as_str).unwrap_or_default();
                EventId::of(kind, change.join("\n").as_bytes()).to_string()
            },
            str::to_owned,
        );
        Self {
            id,
            body: event.to_string(),
        }
    }

    /// Sends it once, and waits up to 15 seconds for the answer.
    ///
    /// # Errors
    /// The reason why there was no answer.
    pub async fn send(
        &self,
        url: &Url,
        secrets: &SigningSecrets,
        now: Timestamp,
        probe: Probe,
    ) -> Result<Reached, Unreachable> {
        let timestamp = now.as_second();
        let signature = secrets.sign(&self.id, timestamp, &self.body);
        let headers = [
            (CONTENT_TYPE, HeaderValue::from_static("application/json")),
            (
                HeaderName::from_static("webhook-timestamp"),
                HeaderValue::from(timestamp),
            ),
            (HeaderName::from_static("webhook-id"), text(&self.id)?),
            (HeaderName::from_static("webhook-signature"), text(&signature)?),
        ];
        let headers = HeaderMap::from_iter(headers);
        probe.post(url, headers, self.body.clone(), TIMEOUT).await
    }
}

fn text(value: &str) -> Result<HeaderValue, Unreachable> {
    HeaderValue::from_str(value).map_err(|_| Unreachable::NotAllowed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::entropy::SystemEntropy;

    /// The example of the reference implementations' tests.
    #[test]
    fn signs_as_the_reference_implementations_do() {
        let secrets = SigningSecrets::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        assert_eq!(
            secrets.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn signs_with_every_secret() {
        let [new, old] = [(); 2].map(|()| SigningSecrets::generate(&SystemEntropy));
        let sign = |secrets: &str| SigningSecrets::parse(secrets).unwrap().sign("id", 1, "{}");
        assert_eq!(sign(&format!("{new} {old}")), format!("{} {}", sign(&new), sign(&old)));
    }

    #[test]
    fn refuses_what_is_not_a_signing_secret() {
        let short = format!("whsec_{}", STANDARD.encode([1; 23]));
        let long = format!("whsec_{}", STANDARD.encode([1; 65]));
        let right = SigningSecrets::generate(&SystemEntropy);
        for text in [
            "",
            " ",
            "whsec_",
            "whsec_?",
            &short,
            &long,
            &right[6..],
            &format!("{right} {short}"),
        ] {
            assert_eq!(SigningSecrets::parse(text).err(), Some(MalformedSecrets), "{text}");
        }
        assert!(!format!("{:?}", SigningSecrets::parse(&right)).contains(&right[6..]));
    }

    #[test]
    fn has_the_same_id_each_time_the_same_event_is_delivered() {
        let event = json!({"id": "1", "detail-type": "wecom.event", "detail": {"event_id": "74945b", "replays": 0}});
        assert_eq!(Webhook::of(&event).id, "74945b");
        let changed = |id: &str, at: &str| {
            let detail = json!({"tenant_id": "acme", "what": "health", "from": "ok", "to": "broken", "at": at});
            Webhook::of(&json!({"id": id, "detail-type": "authorization.changed", "detail": detail})).id
        };
        assert_eq!(
            changed("1", "2026-11-22T15:56:32Z"),
            changed("2", "2026-11-22T15:56:32Z")
        );
        assert_ne!(
            changed("1", "2026-11-22T15:56:32Z"),
            changed("1", "2026-11-22T15:56:33Z")
        );
        let gap = |binding_id: &str, scope: &str| {
            let detail = json!({"tenant_id": "acme", "binding_id": binding_id, "scope": scope, "from": "a", "to": "b"});
            Webhook::of(&json!({"detail-type": "events.gap", "detail": detail})).id
        };
        assert_ne!(gap("first", "contacts"), gap("first", "external_contacts"));
        assert_ne!(gap("first", "contacts"), gap("another", "contacts"));
    }
}
