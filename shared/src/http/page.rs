//! Pages of a list: how many rows, and where the next one begins.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Problem;
use crate::{ids::TenantId, store::Position};

/// Largest number of rows in a page: 1 to 100, 50 by default.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Limit(usize);

#[cfg(feature = "contract")]
impl schemars::JsonSchema for Limit {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Limit".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "integer", "minimum": 1, "maximum": 100, "default": Self::default().0, "example": 20})
    }
}

impl Limit {
    pub(super) fn get(self) -> usize {
        self.0
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(50)
    }
}

impl TryFrom<String> for Limit {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.parse() {
            Ok(limit @ 1..=100) => Ok(Self(limit)),
            _ => Err("not a number from 1 to 100"),
        }
    }
}

/// The cursors of one query: a position in its list, bound to the route, the tenant and the filter by a hash, so that a cursor of
/// another query is refused instead of skipping rows. It protects against mistakes; that a tenant sees its own rows alone does not
/// depend on it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor {
    query: [u8; HASH_BYTES],
}

const HASH_BYTES: usize = 8;

impl Cursor {
    /// `whose` is the tenant whose rows are listed; of a list for operators nothing.
    pub(super) fn new(route: &str, whose: Option<&TenantId>, filter: &impl Serialize) -> Self {
        let query = serde_json::to_vec(&(route, whose, filter)).expect("a filter serialises: its keys are strings");
        let digest = Sha256::digest(query);
        Self {
            query: digest.first_chunk().copied().unwrap_or_default(),
        }
    }

    /// The cursor for a position.
    pub(super) fn write(self, position: &Position) -> String {
        self.write_text(position.as_str())
    }

    /// The cursor for a position that may be none.
    pub(super) fn write_text(self, position: &str) -> String {
        URL_SAFE_NO_PAD.encode([&self.query, position.as_bytes()].concat())
    }

    /// The position of a cursor.
    ///
    /// # Errors
    /// `malformed_request` for the field `cursor` when it is not one of this query's.
    pub(super) fn read(self, text: Option<&str>) -> Result<Option<Position>, Problem> {
        let position = |text| {
            let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
            let position = bytes.strip_prefix(&self.query)?;
            Position::parse(std::str::from_utf8(position).ok()?)
        };
        match text {
            None => Ok(None),
            Some(text) => position(text)
                .map(Some)
                .ok_or_else(|| Problem::malformed_field("cursor")),
        }
    }

    /// The cursor for a place in a list whose places have no form of their own: the hash is about the place, too.
    pub(super) fn write_place(self, place: &str) -> String {
        URL_SAFE_NO_PAD.encode([&self.of_place(place), place.as_bytes()].concat())
    }

    /// The place of such a cursor.
    ///
    /// # Errors
    /// `malformed_request` for the field `cursor` when it is not one of this query's.
    pub(super) fn read_place(self, text: Option<&str>) -> Result<Option<String>, Problem> {
        let place = |text| {
            let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
            let (hash, place) = bytes.split_at_checked(HASH_BYTES)?;
            let place = std::str::from_utf8(place).ok()?;
            (hash == self.of_place(place)).then(|| place.to_owned())
        };
        text.map(|text| place(text).ok_or_else(|| Problem::malformed_field("cursor")))
            .transpose()
    }

    fn of_place(self, place: &str) -> [u8; HASH_BYTES] {
        let digest = Sha256::digest([&self.query, place.as_bytes()].concat());
        digest.first_chunk().copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(text: &str) -> TenantId {
        TenantId::parse(text).unwrap()
    }

    #[test]
    fn reads_back_what_it_wrote() {
        let cursor = Cursor::new("events", Some(&tenant("acme")), &Some("change_contact"));
        let position = Position::parse(&format!("2026-11-22T15:42:25.806Z#{}", "0".repeat(32))).unwrap();
        let text = cursor.write(&position);
        assert_eq!(cursor.read(Some(&text)).unwrap(), Some(position));
        assert_eq!(cursor.read(None).unwrap(), None);
    }

    #[test]
    fn refuses_the_cursor_of_another_query_and_what_is_no_cursor() {
        let cursor = Cursor::new("events", Some(&tenant("acme")), &Some("change_contact"));
        let position = Position::parse(&format!("2026-11-22T15:42:25.806Z#{}", "0".repeat(32))).unwrap();
        let foreign = [
            Cursor::new("audit", Some(&tenant("acme")), &Some("change_contact")),
            Cursor::new("events", Some(&tenant("acme-2")), &Some("change_contact")),
            Cursor::new("events", Some(&tenant("acme")), &Some("change_external_contact")),
        ];
        let own = cursor.write(&position);
        let cut = own.get(..own.len() - 4).unwrap();
        let foreign = foreign.map(|other| other.write(&position));
        let texts = foreign.iter().map(String::as_str).chain(["", "***", "AAAA", cut]);
        for text in texts {
            assert_eq!(
                cursor.read(Some(text)).unwrap_err().code(),
                "malformed_request",
                "{text}"
            );
        }
    }

    #[test]
    fn a_place_is_read_back_by_its_own_query_and_as_it_was_written_alone() {
        let cursor = Cursor::new("tenants", None, &Some("broken"));
        let text = cursor.write_place("2#2026-11-22T15:42:25.806Z#acme");
        let place = cursor.read_place(Some(&text)).unwrap();
        assert_eq!(place.as_deref(), Some("2#2026-11-22T15:42:25.806Z#acme"));
        assert_eq!(cursor.read_place(None).unwrap(), None);
        let other = Cursor::new("tenants", None, &Some("ok")).write_place("2#2026-11-22T15:42:25.806Z#acme");
        let cut = text.get(..text.len() - 4).unwrap();
        for text in [other.as_str(), cut, "", "***", "AAAA"] {
            let refused = cursor.read_place(Some(text)).unwrap_err();
            assert_eq!(refused.code(), "malformed_request", "{text}");
        }
    }

    #[test]
    fn takes_a_limit_from_1_to_100() {
        for text in ["0", "101", "-1", "x", "1.0"] {
            assert!(Limit::try_from(text.to_owned()).is_err(), "{text}");
        }
        assert_eq!(Limit::try_from("100".to_owned()).unwrap().get(), 100);
    }
}
