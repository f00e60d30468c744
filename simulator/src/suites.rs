//! The apps (suites) that the provider has registered.

use tokio::sync::Notify;
use wecom_callback::{Credentials, EncodingAesKey, Token};

use crate::{error::Error, options::Suite, world::Which};

/// Path of the link in a QR code of templates. WeCom documents none.
pub(crate) const SCAN_PATH: &str = "/3rdapp/customized";

/// The apps that the provider has registered.
pub(crate) struct Suites {
    /// Base URL of the QR codes' links.
    pub(crate) base_url: String,
    pub(crate) first: Registered,
    pub(crate) others: Vec<Registered>,
}

/// An app that the provider has registered.
pub(crate) struct Registered {
    pub(crate) suite: Suite,
    pub(crate) credentials: Credentials,
    /// Wakes the app's ticket loop.
    pub(crate) ticket_due: Notify,
}

impl Registered {
    pub(crate) fn new(suite: Suite) -> Result<Self, Error> {
        Ok(Self {
            credentials: Credentials {
                token: Token::parse(&suite.token).map_err(|_| Error::Suite("Token"))?,
                encoding_aes_key: EncodingAesKey::parse(&suite.encoding_aes_key)
                    .map_err(|_| Error::Suite("EncodingAESKey"))?,
            },
            suite,
            ticket_due: Notify::new(),
        })
    }
}

impl Suites {
    /// The text of a QR code.
    pub(crate) fn qr_code_text(&self, code: &str) -> String {
        format!("{}{SCAN_PATH}?code={code}", self.base_url)
    }

    /// The app with this `suite_id`.
    pub(crate) fn by_id(&self, suite_id: &str) -> Option<(Which, &Suite)> {
        if self.first.suite.suite_id == suite_id {
            return Some((Which::FIRST, &self.first.suite));
        }
        let other = self.others.iter().find(|other| other.suite.suite_id == suite_id)?;
        Some((Which::another(suite_id), &other.suite))
    }

    /// The app that `which` names.
    pub(crate) fn of(&self, which: &Which) -> &Registered {
        let mut others = self.others.iter();
        others
            .find(|other| which.id() == Some(other.suite.suite_id.as_str()))
            .unwrap_or(&self.first)
    }

    /// Every app of the provider, the first one first.
    pub(crate) fn all(&self) -> impl Iterator<Item = Which> {
        let others = self.others.iter().map(|other| Which::another(&other.suite.suite_id));
        std::iter::once(Which::FIRST).chain(others)
    }

    /// Wakes every ticket loop.
    pub(crate) fn wake(&self) {
        for which in self.all() {
            self.of(&which).ticket_due.notify_one();
        }
    }
}
