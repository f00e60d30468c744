//! A line of an import or export: a binding with everything that opens it (docs/importing.md). What is wrong with a line is said by a code
//! and a field, never by a value.

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize, Serializer};
use wecom_callback::{Credentials, EncodingAesKey, Token};

use crate::ids::{BindingId, CallbackPath, CorpId, Fingerprint, Scope, SuiteId, TenantId};

/// Largest line, in bytes.
const MAX_BYTES: usize = 1024 * 1024;
/// Greatest length of a Secret or permanent code.
const MAX_SECRET_CHARS: usize = 512;
/// Least length of a Token that WeCom's console takes.
const MIN_TOKEN_CHARS: usize = 3;
/// Most days for which a binding's events are stored.
const MOST_RETENTION_DAYS: u16 = 3650;

/// A binding of another platform: one line of an import, in JSON.
#[derive(Deserialize, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema), schemars(rename = "Binding"))]
#[serde(deny_unknown_fields)]
pub struct WrittenBinding {
    /// The tenant, as its tokens name it.
    #[cfg_attr(feature = "contract", schemars(with = "TenantId"))]
    tenant_id: String,
    /// Which of the tenant's bindings, where it binds several corporations; absent: the first. It is not there yet.
    #[cfg_attr(feature = "contract", schemars(with = "Option<BindingId>"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    binding_id: Option<String>,
    /// The corporation as the app sees it, encrypted: `auth_corp_info.corpid` of `get_permanent_code` (developer document 90603).
    #[cfg_attr(feature = "contract", schemars(with = "CorpId"))]
    corp_id: String,
    /// 企业ID: the same corporation in plaintext. Needed with a Secret or a callback.
    #[cfg_attr(feature = "contract", schemars(with = "Option<CorpId>"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    plaintext_corp_id: Option<String>,
    /// The app (`suite_id`); absent: the deployment's first suite.
    #[cfg_attr(feature = "contract", schemars(with = "Option<SuiteId>"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    suite_id: Option<String>,
    /// The permanent code of the installation.
    #[cfg_attr(feature = "contract", schemars(with = "String"))]
    #[serde(serialize_with = "expose")]
    permanent_code: SecretString,
    /// 通讯录.
    #[serde(default, skip_serializing_if = "WrittenScope::is_empty")]
    contacts: WrittenScope,
    /// 外部联系人.
    #[serde(default, skip_serializing_if = "WrittenScope::is_empty")]
    external_contacts: WrittenScope,
    /// The time since which the binding is complete; absent: its admin still has steps to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) completed_at: Option<Timestamp>,
    /// Days for which events are stored, if the tenant has chosen fewer than the deployment.
    #[cfg_attr(feature = "contract", schemars(range(min = 1, max = 3650)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) event_retention_days: Option<u16>,
}

/// Only for lines, which leave the process sealed.
fn expose<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}

#[expect(clippy::ref_option, reason = "serde passes the field")]
fn expose_some<S: Serializer>(secret: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(SecretString::expose_secret).serialize(serializer)
}

/// The Secret and the callback of one scope; both may be absent.
#[derive(Default, Deserialize, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema), schemars(rename = "Scope"))]
#[serde(deny_unknown_fields)]
struct WrittenScope {
    /// 通讯录Secret; of external contacts 客户联系Secret, or the Secret of a self-built app that may call its interfaces.
    #[cfg_attr(feature = "contract", schemars(with = "Option<String>"))]
    #[serde(serialize_with = "expose_some", skip_serializing_if = "Option::is_none")]
    secret: Option<SecretString>,
    /// The id of that self-built app.
    #[serde(skip_serializing_if = "Option::is_none")]
    agent_id: Option<u64>,
    /// The callback that is saved in WeCom's console.
    #[serde(skip_serializing_if = "Option::is_none")]
    callback: Option<WrittenCallback>,
}

impl WrittenScope {
    fn is_empty(&self) -> bool {
        self.secret.is_none() && self.agent_id.is_none() && self.callback.is_none()
    }
}

/// A callback as it is saved in WeCom's console.
#[derive(Deserialize, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema), schemars(rename = "Callback"))]
#[serde(deny_unknown_fields)]
struct WrittenCallback {
    /// The path of its URL, without a query. Events that arrive at `/legacy` followed by it are the binding's.
    #[cfg_attr(feature = "contract", schemars(with = "CallbackPath"))]
    path: String,
    /// Token: 3 to 32 letters and digits.
    #[cfg_attr(
        feature = "contract",
        schemars(with = "String", regex(pattern = "^[A-Za-z0-9]{3,32}$"))
    )]
    #[serde(serialize_with = "expose")]
    token: SecretString,
    /// EncodingAESKey: 43 letters and digits.
    #[cfg_attr(
        feature = "contract",
        schemars(with = "String", regex(pattern = "^[A-Za-z0-9]{43}$"))
    )]
    #[serde(serialize_with = "expose")]
    encoding_aes_key: SecretString,
}

/// A line whose values have the form that they must have.
#[derive(Debug)]
pub struct BindingLine {
    /// The tenant, and which of its bindings.
    pub tenant_id: TenantId,
    /// The corporation as the app sees it.
    pub corp_id: CorpId,
    /// The corporation in plaintext; there is one if there is a Secret or a callback.
    pub plaintext_corp_id: Option<CorpId>,
    /// The suite; `None`: the first.
    pub suite_id: Option<SuiteId>,
    /// The permanent code.
    pub permanent_code: SecretString,
    /// The scopes, contacts first.
    pub scopes: [(Scope, ScopeLine); 2],
    /// The time since which the binding is complete.
    pub completed_at: Option<Timestamp>,
    /// Days for which events are stored; `None`: as long as the deployment stores them.
    pub event_retention_days: Option<u16>,
    /// The fingerprint of the text.
    pub fingerprint: Fingerprint,
}

/// What a line has of one scope.
#[derive(Debug)]
pub struct ScopeLine {
    /// The Secret.
    pub secret: Option<SecretString>,
    /// The id of the self-built app that it belongs to.
    pub agent_id: Option<u64>,
    /// The callback.
    pub callback: Option<CallbackLine>,
}

/// A callback with its credentials.
#[derive(Debug)]
pub struct CallbackLine {
    /// The path of its URL.
    pub path: CallbackPath,
    /// Token and EncodingAESKey.
    pub credentials: Credentials,
}

/// Reason why a line is not imported. It changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// It has more than 1 MiB.
    LineTooLong,
    /// It is not JSON.
    MalformedJson,
    /// It is not an object with the documented fields, each of its type.
    MalformedBinding,
    /// The tenant's id has another form.
    MalformedTenantId,
    /// The binding's id has another form.
    MalformedBindingId,
    /// The corporation's id has another form.
    MalformedCorpId,
    /// 企业ID has another form.
    MalformedPlaintextCorpId,
    /// There is a Secret or a callback, and no 企业ID.
    PlaintextCorpIdMissing,
    /// The deployment has no such suite.
    UnknownSuite,
    /// The permanent code is empty, longer than 512 characters, or has characters that none has.
    MalformedPermanentCode,
    /// The same of a Secret.
    MalformedSecret,
    /// The callback's path has another form.
    MalformedPath,
    /// The Token has fewer than 3 or more than 32 characters.
    WrongTokenLength,
    /// The Token has characters other than letters and digits.
    WrongTokenCharacter,
    /// The EncodingAESKey has not 43 characters.
    WrongKeyLength,
    /// The EncodingAESKey has characters other than letters and digits.
    WrongKeyCharacter,
    /// Events are stored for 1 to 3650 days.
    MalformedEventRetentionDays,
    /// A line before it in the same batch is of the same binding of the same tenant.
    TenantTwice,
    /// A line before it in the same batch is of the same corporation.
    CorpTwice,
    /// The path is in the line, or in a line before it in the same batch, already.
    PathTwice,
    /// The tenant has a binding that was not made of this line.
    TenantBound,
    /// The tenant had this further binding, and its admin has disconnected it.
    BindingRemoved,
    /// The tenant has as many bindings as it may.
    TooManyBindings,
    /// Another tenant, or another binding of the tenant, has bound the corporation.
    CorpBound,
    /// Another binding has a callback at this path.
    PathTaken,
    /// WeCom does not take the permanent code for this corporation and suite.
    PermanentCodeRefused,
    /// WeCom says that the permanent code is of another corporation.
    CorpMismatch,
    /// A member installed the app, not an administrator.
    MemberAuthorization,
    /// It says that it is complete since a time that has not come.
    CompletedInFuture,
    /// It says since when it is complete, and something is missing.
    StepsMissing,
}

/// A fault, and the field that has it, such as `contacts.callback.token`; `None` for the whole line.
pub type Faulty = (Fault, Option<&'static str>);

impl BindingLine {
    /// Reads a line.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn parse(text: &SecretString) -> Result<Self, Faulty> {
        let text = text.expose_secret().trim();
        if text.len() > MAX_BYTES {
            return Err((Fault::LineTooLong, None));
        }
        // The parser's own message may quote a Secret.
        let written: WrittenBinding = serde_json::from_str(text).map_err(|error| {
            let is_json = error.is_data();
            (
                if is_json {
                    Fault::MalformedBinding
                } else {
                    Fault::MalformedJson
                },
                None,
            )
        })?;
        let scope = |written, fields| ScopeLine::checked(written, fields);
        let contacts = scope(written.contacts, &CONTACTS)?;
        let external_contacts = scope(written.external_contacts, &EXTERNAL_CONTACTS)?;
        let needs_plaintext = [&contacts, &external_contacts]
            .into_iter()
            .any(|scope| scope.secret.is_some() || scope.callback.is_some());
        if needs_plaintext && written.plaintext_corp_id.is_none() {
            return Err((Fault::PlaintextCorpIdMissing, Some("plaintext_corp_id")));
        }
        let plaintext = written.plaintext_corp_id.as_deref().map(CorpId::parse).transpose();
        let suite_id = written.suite_id.as_deref().map(SuiteId::parse).transpose();
        let tenant_id =
            TenantId::of_tenant(&written.tenant_id).map_err(|_| (Fault::MalformedTenantId, Some("tenant_id")))?;
        let binding_id = written.binding_id.as_deref();
        let binding_id = binding_id.map_or(Ok(BindingId::first()), BindingId::parse);
        let is_retention = |days: &u16| (1..=MOST_RETENTION_DAYS).contains(days);
        if !written.event_retention_days.as_ref().is_none_or(is_retention) {
            return Err((Fault::MalformedEventRetentionDays, Some("event_retention_days")));
        }
        Ok(Self {
            tenant_id: tenant_id.binding(&binding_id.map_err(|_| (Fault::MalformedBindingId, Some("binding_id")))?),
            corp_id: CorpId::parse(&written.corp_id).map_err(|_| (Fault::MalformedCorpId, Some("corp_id")))?,
            plaintext_corp_id: plaintext.map_err(|_| (Fault::MalformedPlaintextCorpId, Some("plaintext_corp_id")))?,
            suite_id: suite_id.map_err(|_| (Fault::UnknownSuite, Some("suite_id")))?,
            permanent_code: Some(written.permanent_code)
                .filter(is_secret)
                .ok_or((Fault::MalformedPermanentCode, Some("permanent_code")))?,
            scopes: [
                (Scope::Contacts, contacts),
                (Scope::ExternalContacts, external_contacts),
            ],
            completed_at: written.completed_at,
            event_retention_days: written.event_retention_days,
            fingerprint: Fingerprint::of(text),
        })
    }

    /// The callbacks, with the name of the field of each path.
    pub fn callbacks(&self) -> impl Iterator<Item = (Scope, &CallbackLine, &'static str)> {
        let callbacks = self.scopes.iter().zip([&CONTACTS, &EXTERNAL_CONTACTS]);
        callbacks.filter_map(|((scope, line), fields)| Some((*scope, line.callback.as_ref()?, fields.path)))
    }
}

/// Writing a line.
impl WrittenBinding {
    /// A binding of which nothing but the installation is written yet.
    pub(crate) fn new(
        tenant_id: &TenantId,
        corp_id: CorpId,
        suite_id: Option<SuiteId>,
        permanent_code: SecretString,
    ) -> Self {
        Self {
            tenant_id: tenant_id.tenant().into(),
            binding_id: tenant_id.is_further().then(|| tenant_id.binding_id().into()),
            corp_id: corp_id.into(),
            plaintext_corp_id: None,
            suite_id: suite_id.map(String::from),
            permanent_code,
            contacts: WrittenScope::default(),
            external_contacts: WrittenScope::default(),
            completed_at: None,
            event_retention_days: None,
        }
    }

    /// Adds what there is of a scope, and the corporation that it is of.
    pub(crate) fn add(&mut self, scope: Scope, line: ScopeLine, plaintext_corp_id: Option<CorpId>) {
        let written = WrittenScope {
            secret: line.secret,
            agent_id: line.agent_id,
            callback: line.callback.map(|callback| WrittenCallback {
                path: callback.path.into(),
                token: callback.credentials.token.expose().into(),
                encoding_aes_key: callback.credentials.encoding_aes_key.expose().into(),
            }),
        };
        if let Some(corp_id) = plaintext_corp_id.filter(|_| !written.is_empty()) {
            self.plaintext_corp_id = Some(corp_id.into());
        }
        match scope {
            Scope::Contacts => self.contacts = written,
            Scope::ExternalContacts => self.external_contacts = written,
        }
    }

    /// The line, without a line feed.
    pub(crate) fn text(&self) -> Result<SecretString, serde_json::Error> {
        serde_json::to_string(self).map(SecretString::from)
    }
}

/// The names of a scope's fields.
struct Fields {
    secret: &'static str,
    path: &'static str,
    token: &'static str,
    key: &'static str,
}

const CONTACTS: Fields = Fields {
    secret: "contacts.secret",
    path: "contacts.callback.path",
    token: "contacts.callback.token",
    key: "contacts.callback.encoding_aes_key",
};

const EXTERNAL_CONTACTS: Fields = Fields {
    secret: "external_contacts.secret",
    path: "external_contacts.callback.path",
    token: "external_contacts.callback.token",
    key: "external_contacts.callback.encoding_aes_key",
};

impl ScopeLine {
    fn checked(written: WrittenScope, fields: &Fields) -> Result<Self, Faulty> {
        if written.secret.as_ref().is_some_and(|secret| !is_secret(secret)) {
            return Err((Fault::MalformedSecret, Some(fields.secret)));
        }
        let callback = written.callback.map(|written| CallbackLine::checked(&written, fields));
        Ok(Self {
            secret: written.secret,
            agent_id: written.agent_id,
            callback: callback.transpose()?,
        })
    }
}

impl CallbackLine {
    fn checked(written: &WrittenCallback, fields: &Fields) -> Result<Self, Faulty> {
        let path = CallbackPath::parse(&written.path).map_err(|_| (Fault::MalformedPath, Some(fields.path)))?;
        let token = written.token.expose_secret();
        let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_plain(token) {
            return Err((Fault::WrongTokenCharacter, Some(fields.token)));
        }
        let wrong_length = (Fault::WrongTokenLength, Some(fields.token));
        let long_enough = Some(token).filter(|token| token.len() >= MIN_TOKEN_CHARS);
        let token = Token::parse(long_enough.ok_or(wrong_length)?).map_err(|_| wrong_length)?;
        let key = written.encoding_aes_key.expose_secret();
        if !is_plain(key) {
            return Err((Fault::WrongKeyCharacter, Some(fields.key)));
        }
        let encoding_aes_key = EncodingAesKey::parse(key).map_err(|_| (Fault::WrongKeyLength, Some(fields.key)))?;
        Ok(Self {
            path,
            credentials: Credentials {
                token,
                encoding_aes_key,
            },
        })
    }
}

/// Whether a text can be a Secret or a permanent code: visible ASCII without quotation marks.
fn is_secret(text: &SecretString) -> bool {
    let text = text.expose_secret();
    (1..=MAX_SECRET_CHARS).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"\"'`".contains(&byte))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn line() -> Value {
        json!({
            "tenant_id": "acme",
            "corp_id": "wpYunFanAAq7Zk3Xb9Tn5LcVd2Rg8MhSw",
            "plaintext_corp_id": "ww0a1b2c3d4e5f6071",
            "permanent_code": "the-permanent-code",
            "contacts": {
                "secret": "the-secret-of-contacts",
                "callback": {"path": "/wx/callback/1", "token": "abc", "encoding_aes_key": "k".repeat(43)},
            },
            "completed_at": "2024-05-01T08:00:00Z",
        })
    }

    fn parse(text: String) -> Result<BindingLine, Faulty> {
        BindingLine::parse(&SecretString::from(text))
    }

    #[test]
    fn takes_every_token_and_key_that_wecom_takes() {
        let mut line = line();
        for token in ["abc", "A1z", &"Z9".repeat(16)] {
            line["contacts"]["callback"]["token"] = json!(token);
            assert!(parse(line.to_string()).is_ok(), "{token}");
        }
        // All 258 bits may be set: WeCom draws the last two at random.
        for last in ('A'..='Z').chain('a'..='z').chain('0'..='9') {
            line["contacts"]["callback"]["encoding_aes_key"] = json!(format!("{}{last}", "9".repeat(42)));
            assert!(parse(line.to_string()).is_ok(), "{last}");
        }
    }

    #[test]
    fn names_what_is_wrong_by_a_code_and_a_field_and_never_by_a_value() {
        let long = "x".repeat(513);
        for (path, value, code, field) in [
            ("/tenant_id", json!("a/b"), Fault::MalformedTenantId, Some("tenant_id")),
            ("/corp_id", json!("w p"), Fault::MalformedCorpId, Some("corp_id")),
            (
                "/plaintext_corp_id",
                json!(""),
                Fault::MalformedPlaintextCorpId,
                Some("plaintext_corp_id"),
            ),
            (
                "/plaintext_corp_id",
                Value::Null,
                Fault::PlaintextCorpIdMissing,
                Some("plaintext_corp_id"),
            ),
            (
                "/permanent_code",
                json!(""),
                Fault::MalformedPermanentCode,
                Some("permanent_code"),
            ),
            (
                "/permanent_code",
                json!(long),
                Fault::MalformedPermanentCode,
                Some("permanent_code"),
            ),
            (
                "/contacts/secret",
                json!("a secret"),
                Fault::MalformedSecret,
                Some("contacts.secret"),
            ),
            (
                "/contacts/callback/path",
                json!("/a?b=1"),
                Fault::MalformedPath,
                Some("contacts.callback.path"),
            ),
            (
                "/contacts/callback/token",
                json!("ab"),
                Fault::WrongTokenLength,
                Some("contacts.callback.token"),
            ),
            (
                "/contacts/callback/token",
                json!("a".repeat(33)),
                Fault::WrongTokenLength,
                Some("contacts.callback.token"),
            ),
            (
                "/contacts/callback/token",
                json!("ab-c"),
                Fault::WrongTokenCharacter,
                Some("contacts.callback.token"),
            ),
            (
                "/contacts/callback/encoding_aes_key",
                json!("k".repeat(42)),
                Fault::WrongKeyLength,
                Some("contacts.callback.encoding_aes_key"),
            ),
            (
                "/contacts/callback/encoding_aes_key",
                json!("+".repeat(43)),
                Fault::WrongKeyCharacter,
                Some("contacts.callback.encoding_aes_key"),
            ),
            ("/contacts/callback", json!({}), Fault::MalformedBinding, None),
            ("/completed_at", json!("yesterday"), Fault::MalformedBinding, None),
        ] {
            let mut line = line();
            *line.pointer_mut(path).unwrap() = value;
            assert_eq!(parse(line.to_string()).unwrap_err(), (code, field), "{path}");
        }
        let mut more = line();
        more["note"] = json!("from the old platform");
        assert_eq!(parse(more.to_string()).unwrap_err(), (Fault::MalformedBinding, None));
        let mut suite = line();
        suite["suite_id"] = json!("suite");
        assert_eq!(
            parse(suite.to_string()).unwrap_err(),
            (Fault::UnknownSuite, Some("suite_id"))
        );
        for text in ["", "{", "acme,wp,code", "{\"tenant_id\": \"acme\",}"] {
            assert_eq!(
                parse(text.to_owned()).unwrap_err(),
                (Fault::MalformedJson, None),
                "{text}"
            );
        }
        for text in ["null", "[]", "\"acme\""] {
            assert_eq!(
                parse(text.to_owned()).unwrap_err(),
                (Fault::MalformedBinding, None),
                "{text}"
            );
        }
    }

    #[test]
    fn takes_a_line_of_a_mebibyte_and_no_longer_one() {
        let padded = |bytes: usize| {
            let text = line().to_string();
            let padding = " ".repeat(bytes - text.len());
            format!("{{{padding}{}", text.strip_prefix('{').unwrap())
        };
        assert!(parse(padded(MAX_BYTES)).is_ok());
        assert_eq!(parse(padded(MAX_BYTES + 1)).unwrap_err(), (Fault::LineTooLong, None));
    }

    #[test]
    fn shows_no_secret() {
        let shown = format!("{:?}", parse(line().to_string()).unwrap());
        for secret in ["the-permanent-code", "the-secret-of-contacts", "kkkk", "\"abc\""] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}
