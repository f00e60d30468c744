use std::fmt;

use serde::{Deserialize, Serialize};

/// Which access token of WeCom's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// Token of 通讯录同步.
    Contacts,
    /// Token of 客户联系.
    ExternalContacts,
    /// Of the installed app.
    Installation,
    /// Of the installed app, if it is a customised app (代开发).
    CustomizedApp,
}

/// Payload for invoking `issue-access-token`, as JSON. `Debug` does not show a token.
#[derive(Clone, Serialize)]
pub struct TokenRequest {
    /// Tenant whose token is asked for.
    pub tenant_id: String,
    /// Kind of the token.
    pub kind: TokenKind,
    /// The token that WeCom has refused (errcode 40014 or 42001), to get another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejected_access_token: Option<String>,
}

impl fmt::Debug for TokenRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields = (&self.tenant_id, self.kind);
        formatter.debug_tuple("TokenRequest").field(&fields).finish()
    }
}

/// An access token. `Debug` does not show it.
#[derive(Clone, Deserialize)]
pub struct AccessToken {
    /// Access token, for `access_token` in calls to WeCom.
    pub access_token: String,
    /// End of the token's life, in RFC 3339.
    pub expires_at: String,
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("AccessToken");
        shown.field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// Answer of the function `issue-access-token`.
pub type TokenAnswer = Result<AccessToken, TokenRefused>;

/// Refusal of `issue-access-token`, with a stable code.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TokenRefused {
    /// Stable; `docs/errors.md` lists all.
    #[serde(rename = "errorType")]
    pub code: String,
    /// Explanation for people; compare the code instead.
    #[serde(rename = "errorMessage")]
    pub message: String,
}

/// An answer is not one of `issue-access-token`.
#[derive(Debug)]
pub struct MalformedAnswer(serde_json::Error);

impl fmt::Display for MalformedAnswer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the answer is not one of issue-access-token")
    }
}

impl std::error::Error for MalformedAnswer {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

impl TokenRequest {
    /// Reads the payload that Lambda answered, and whether Lambda said that the function failed (`FunctionError`).
    ///
    /// # Errors
    /// When it is neither a token nor a refusal.
    pub fn read(payload: &[u8], failed: bool) -> Result<TokenAnswer, MalformedAnswer> {
        if failed {
            serde_json::from_slice(payload).map(Err)
        } else {
            serde_json::from_slice(payload).map(Ok)
        }
        .map_err(MalformedAnswer)
    }
}
