//! QR codes of templates (代开发): an administrator scans one, confirms, and nothing comes back to a browser.

use url::Url;

use crate::{
    api::Context,
    suites::SCAN_PATH,
    world::{Which, corporation::AuthMode, ledger::QrCode},
};

/// Reason why WeCom refuses a QR code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum QrFault {
    #[error("not the text of a QR code: the path is {SCAN_PATH}")]
    NotQrCode,
    #[error("the QR code is unknown")]
    Unknown,
    #[error("the QR code has expired")]
    Expired,
}

impl QrFault {
    /// Text on the page.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::NotQrCode | Self::Unknown => "二维码无效",
            Self::Expired => "二维码已过期，请重新获取",
        }
    }
}

/// The code in the text of a QR code.
pub(crate) fn code_in(text: &str) -> Result<String, QrFault> {
    let url = Url::parse(text.trim()).map_err(|_| QrFault::NotQrCode)?;
    if url.path() != SCAN_PATH {
        return Err(QrFault::NotQrCode);
    }
    Ok(code_of_query(url.query().unwrap_or_default()))
}

/// The code in the query of the link, or in the form that repeats it.
pub(crate) fn code_of_query(query: &str) -> String {
    url::form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key == "code")
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

/// A QR code that can be scanned now.
pub(crate) fn valid(context: &Context<'_>, code: &str) -> Result<QrCode, QrFault> {
    let mut known = context.world.qr_codes.iter();
    let known = known.find(|known| known.value == code).ok_or(QrFault::Unknown)?;
    if context.now >= known.expires_at {
        return Err(QrFault::Expired);
    }
    Ok(known.clone())
}

/// An administrator of a corporation confirms: an auth code for each template.
pub(crate) fn confirm(context: &mut Context<'_>, qr_code: &QrCode, corp_id: &str) -> Vec<(Which, String)> {
    let mut codes = Vec::new();
    for template in &qr_code.templates {
        let code = context.world.new_auth_code(
            (template, corp_id),
            AuthMode::Admin,
            false,
            context.now,
            context.entropy,
        );
        if let Some(issued) = context.world.auth_codes.last_mut() {
            issued.state = Some(qr_code.state.clone());
        }
        codes.push((template.clone(), code));
    }
    codes
}
