//! The admin's token, as API Gateway's JWT authorizer checks it: signature, issuer, expiry.
//!
//! API Gateway takes RS256 tokens of an OIDC issuer; here the server is its own issuer and signs with HS256, so that no
//! account is needed. What the functions see, the claims, is the same.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Map, Value, json};
use sha2::Sha256;

const ISSUER: &str = "wecom-authorization-local";
/// `{"alg":"HS256","typ":"JWT"}`, the only header that is made and the only one that is taken.
const HEADER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";
/// What makes a token an operator's.
pub(crate) const OPERATOR_CLAIM: &str = "operator";
const LIFETIME_SECONDS: i64 = 30 * 24 * 3600;

/// Issues and checks tokens.
#[derive(Clone)]
pub(crate) struct Authorizer {
    key: Hmac<Sha256>,
}

impl Authorizer {
    pub(crate) fn new(key: &str) -> Self {
        Self {
            key: Hmac::new_from_slice(key.as_bytes()).expect("HMAC takes a key of any length"),
        }
    }

    /// A token for a tenant, good from `now` (Unix seconds) on for thirty days.
    pub(crate) fn issue(&self, tenant_id: &str, now: i64) -> String {
        self.sign(&json!({
            "iss": ISSUER, "sub": format!("admin@{tenant_id}"), "tenant_id": tenant_id,
            "iat": now, "exp": now + LIFETIME_SECONDS,
        }))
    }

    /// A token for an operator, good for as long.
    pub(crate) fn issue_for_operator(&self, now: i64) -> String {
        self.sign(&json!({
            "iss": ISSUER, "sub": "operator@platform", OPERATOR_CLAIM: true,
            "iat": now, "exp": now + LIFETIME_SECONDS,
        }))
    }

    fn sign(&self, claims: &Value) -> String {
        let content = format!("{HEADER}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
        let signature = self.key.clone().chain_update(&content).finalize().into_bytes();
        format!("{content}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// The claims of a good token, as API Gateway hands them on: strings.
    pub(crate) fn claims(&self, authorization: Option<&str>, now: i64) -> Option<Map<String, Value>> {
        let token = authorization?.strip_prefix("Bearer ")?;
        let (content, signature) = token.rsplit_once('.')?;
        let (header, claims) = content.split_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        self.key.clone().chain_update(content).verify_slice(&signature).ok()?;
        let claims: Map<String, Value> = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
        let good = header == HEADER
            && claims.get("iss").and_then(Value::as_str) == Some(ISSUER)
            && claims
                .get("exp")
                .and_then(Value::as_i64)
                .is_some_and(|expiry| now < expiry);
        let text = |value: Value| match value {
            Value::String(_) => value,
            other => Value::String(other.to_string()),
        };
        good.then(|| claims.into_iter().map(|(name, value)| (name, text(value))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bearer(token: &str) -> String {
        format!("Bearer {token}")
    }

    #[test]
    fn takes_its_own_token_until_it_expires() {
        let authorizer = Authorizer::new("key");
        let token = bearer(&authorizer.issue("demo", 1000));
        assert_eq!(authorizer.claims(Some(&token), 1001).unwrap()["tenant_id"], "demo");
        assert_eq!(authorizer.claims(Some(&token), 1000 + LIFETIME_SECONDS), None);
    }

    #[test]
    fn refuses_a_token_that_is_missing_foreign_altered_or_unsigned() {
        let authorizer = Authorizer::new("key");
        let good = authorizer.issue("demo", 1000);
        let foreign = Authorizer::new("other").issue("demo", 1000);
        let other = authorizer.issue("demo-2", 1000);
        let (head, _) = good.rsplit_once('.').unwrap();
        let (_, signature) = other.rsplit_once('.').unwrap();
        let unsigned = format!(
            "{}.{}.",
            URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#),
            head.split_once('.').unwrap().1
        );
        for token in [
            foreign,
            format!("{head}.{signature}"),
            head.to_owned(),
            unsigned,
            String::new(),
            "a.b".into(),
        ] {
            assert_eq!(authorizer.claims(Some(&bearer(&token)), 1001), None, "{token}");
        }
        assert_eq!(authorizer.claims(None, 1001), None);
        assert_eq!(authorizer.claims(Some(&good), 1001), None, "not a bearer token");
    }
}
