//! WeCom's install link: its parameters, and its confirmation.

use url::Url;

use crate::{
    api::Context,
    world::{corporation::AuthMode, ledger::AUTH_CODE_LIFETIME_SECONDS},
};

/// Path of an install link.
pub(crate) const INSTALL_PATH: &str = "/3rdapp/install";
const MAX_STATE_CHARS: usize = 128;

/// Parameters of an install link.
#[derive(Clone, Debug)]
pub(crate) struct InstallLink {
    pub(crate) suite_id: String,
    pub(crate) pre_auth_code: String,
    pub(crate) redirect_uri: Url,
    pub(crate) state: String,
}

/// Reason why the install page refuses a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LinkFault {
    #[error("not an install link of WeCom: the path is {INSTALL_PATH}")]
    NotInstall,
    #[error("suite_id is not that of the app")]
    SuiteId,
    #[error("pre_auth_code is unknown")]
    UnknownCode,
    #[error("pre_auth_code was used already")]
    UsedCode,
    #[error("pre_auth_code has expired")]
    ExpiredCode,
    #[error("redirect_uri is not an http or https URL")]
    RedirectUri,
    #[error("state is not 1 to 128 ASCII letters and digits")]
    State,
}

impl LinkFault {
    /// Text on the page.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::NotInstall => "链接无效",
            Self::SuiteId => "suite_id 无效",
            Self::UnknownCode => "预授权码无效（40077）",
            Self::UsedCode => "预授权码已被使用（40077）",
            Self::ExpiredCode => "预授权码已过期（42007），请重新获取安装链接",
            Self::RedirectUri => "redirect_uri 参数错误",
            Self::State => "state 参数错误：仅支持 a-zA-Z0-9，长度不超过128字节",
        }
    }
}

impl InstallLink {
    /// Parses a complete link.
    pub(crate) fn parse(link: &str) -> Result<Self, LinkFault> {
        let url = Url::parse(link.trim()).map_err(|_| LinkFault::NotInstall)?;
        if url.path() != INSTALL_PATH {
            return Err(LinkFault::NotInstall);
        }
        Self::from_query(url.query().unwrap_or_default())
    }

    /// Parses the query of a link, or the body of the form that repeats it.
    pub(crate) fn from_query(query: &str) -> Result<Self, LinkFault> {
        let value = |name: &str| {
            url::form_urlencoded::parse(query.as_bytes())
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.into_owned())
                .unwrap_or_default()
        };
        let redirect_uri = Url::parse(&value("redirect_uri"))
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https"))
            .ok_or(LinkFault::RedirectUri)?;
        let state = value("state");
        let plain = state.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !plain || !(1..=MAX_STATE_CHARS).contains(&state.len()) {
            return Err(LinkFault::State);
        }
        Ok(Self {
            suite_id: value("suite_id"),
            pre_auth_code: value("pre_auth_code"),
            redirect_uri,
            state,
        })
    }

    /// Checks the link against the state.
    pub(crate) fn check(&self, context: &Context<'_>) -> Result<(), LinkFault> {
        let (which, _) = context.suites.by_id(&self.suite_id).ok_or(LinkFault::SuiteId)?;
        let codes = &context.world.pre_auth_codes;
        let code = codes
            .iter()
            .find(|code| code.value == self.pre_auth_code && code.suite == which)
            .ok_or(LinkFault::UnknownCode)?;
        if code.used {
            Err(LinkFault::UsedCode)
        } else if context.now >= code.expires_at {
            Err(LinkFault::ExpiredCode)
        } else {
            Ok(())
        }
    }
}

/// Presses 确认安装: consumes the pre-auth code, and answers the URL of the redirect.
pub(crate) fn confirm(
    context: &mut Context<'_>,
    link: &InstallLink,
    corp_id: &str,
    auth_mode: AuthMode,
) -> Result<String, LinkFault> {
    link.check(context)?;
    let (which, _) = context.suites.by_id(&link.suite_id).ok_or(LinkFault::SuiteId)?;
    for code in &mut context.world.pre_auth_codes {
        code.used |= code.value == link.pre_auth_code;
    }
    let code = context
        .world
        .new_auth_code((&which, corp_id), auth_mode, false, context.now, context.entropy);
    let mut redirect = link.redirect_uri.clone();
    redirect
        .query_pairs_mut()
        .append_pair("auth_code", &code)
        .append_pair("expires_in", &AUTH_CODE_LIFETIME_SECONDS.to_string())
        .append_pair("state", &link.state);
    Ok(redirect.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(state: &str) -> String {
        format!("suite_id=s&pre_auth_code=p&redirect_uri=http%3A%2F%2F127.0.0.1%2Fback%3Fa%3D1&state={state}")
    }

    #[test]
    fn a_state_of_letters_and_digits_passes_up_to_128() {
        assert!(InstallLink::from_query(&query(&"a9".repeat(64))).is_ok());
        for bad in ["", "a-b", "a%20b", "%E4%BD%A0", &"a".repeat(129)] {
            assert_eq!(
                InstallLink::from_query(&query(bad)).unwrap_err(),
                LinkFault::State,
                "{bad}"
            );
        }
    }

    #[test]
    fn a_redirect_uri_must_be_http() {
        for bad in ["", "javascript:alert(1)", "/relative", "ftp://h/"] {
            let query = format!("suite_id=s&pre_auth_code=p&state=a&redirect_uri={bad}");
            assert_eq!(
                InstallLink::from_query(&query).unwrap_err(),
                LinkFault::RedirectUri,
                "{bad}"
            );
        }
    }
}
