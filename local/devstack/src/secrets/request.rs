//! Input of operations, and the constraints that several operations share.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::{refusal::Refusal, secret::Content};

/// Deserializes an input. Unknown members are ignored, as AWS does.
pub(super) fn read<T: DeserializeOwned>(input: Value) -> Result<T, Refusal> {
    serde_json::from_value(input).map_err(|_| Refusal::malformed())
}

/// Input of an operation whose only member is the secret.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OfSecret {
    #[serde(default)]
    pub(super) secret_id: String,
}

/// Value of a new version, and the token that makes a retry idempotent.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct NewValue {
    client_request_token: Option<String>,
    secret_string: Option<String>,
    secret_binary: Option<String>,
}

impl NewValue {
    /// The token and the value; `None` without a value.
    pub(super) fn check(self) -> Result<Option<(String, Content)>, Refusal> {
        let content = match (self.secret_string, self.secret_binary) {
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => {
                let message =
                    "You can't specify both a binary secret value and a string secret value in the same secret.";
                return Err(Refusal::invalid_parameter(message));
            }
            (Some(text), None) => {
                check_length("secretString", text.len(), MAX_VALUE_BYTES)?;
                Content::Text(text)
            }
            (None, Some(binary)) => {
                let bytes = STANDARD.decode(&binary).map_err(|_| Refusal::malformed())?;
                check_length("secretBinary", bytes.len(), MAX_VALUE_BYTES)?;
                Content::Binary(binary)
            }
        };
        let Some(token) = self.client_request_token else {
            let message = "You must provide a ClientRequestToken value. We recommend a UUID-type value.";
            return Err(Refusal::invalid_request(message));
        };
        if !(32..=64).contains(&token.chars().count()) {
            return Err(Refusal::invalid_parameter(
                "ClientRequestToken must be 32-64 characters long.",
            ));
        }
        Ok(Some((token, content)))
    }
}

pub(super) fn check_length(member: &str, length: usize, most: usize) -> Result<(), Refusal> {
    if length == 0 {
        Err(Refusal::constraint(member, "have length greater than or equal to 1"))
    } else if length > most {
        Err(Refusal::constraint(
            member,
            &format!("have length less than or equal to {most}"),
        ))
    } else {
        Ok(())
    }
}

pub(super) fn check_name(name: &str) -> Result<(), Refusal> {
    check_length("name", name.chars().count(), MAX_NAME_CHARACTERS)?;
    if name
        .chars()
        .all(|character| character.is_ascii_alphanumeric() || "-/_+=.@!".contains(character))
    {
        return Ok(());
    }
    Err(Refusal::validation(
        "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!",
    ))
}

/// `MaxResults` of a list: 1 to 100, 100 by default.
fn check_page(max_results: Option<usize>) -> Result<usize, Refusal> {
    match max_results.unwrap_or(MAX_RESULTS) {
        0 => Err(Refusal::constraint(
            "maxResults",
            "have value greater than or equal to 1",
        )),
        results if results > MAX_RESULTS => Err(Refusal::constraint(
            "maxResults",
            "have value less than or equal to 100",
        )),
        results => Ok(results),
    }
}

/// One page of a list: the items after the one that the token names, and the token for the next page.
pub(super) fn page<T>(
    mut items: Vec<T>,
    max_results: Option<usize>,
    next_token: Option<&str>,
    id: impl Fn(&T) -> &str,
) -> Result<(Vec<T>, Option<String>), Refusal> {
    let results = check_page(max_results)?;
    if let Some(token) = next_token {
        let after = STANDARD.decode(token).map_err(|_| Refusal::invalid_next_token())?;
        let after = items
            .iter()
            .position(|item| id(item).as_bytes() == after)
            .ok_or_else(Refusal::invalid_next_token)?;
        items.drain(..=after);
    }
    let more = items.len() > results;
    items.truncate(results);
    let token = items.last().filter(|_| more).map(|last| STANDARD.encode(id(last)));
    Ok((items, token))
}

const MAX_VALUE_BYTES: usize = 65_536;
const MAX_NAME_CHARACTERS: usize = 512;
const MAX_RESULTS: usize = 100;
