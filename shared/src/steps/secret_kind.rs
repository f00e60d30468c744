//! Which kind of Secret a token comes from: told by the calls that it may make.

use jiff::Timestamp;
use secrecy::SecretString;
use wecom_client::{Client, Error as WecomError, ErrorClass, ErrorCode, Refusal};

use super::{SecretKind, StepError};
use crate::{authorization::KindCheck, ids::Scope};

/// Makes the call that only this kind of Secret may make; when WeCom refuses it, the other kind's tells what it is.
pub(super) async fn check_kind(
    wecom: &Client,
    scope: Scope,
    token: &SecretString,
    now: Timestamp,
) -> Result<KindCheck, StepError> {
    let refusal = match probe(wecom, scope, token).await {
        Ok(()) => return Ok(KindCheck::Confirmed),
        Err(WecomError::Refused(refusal)) => refusal,
        Err(error) => return Err(StepError::from_wecom(error, now)),
    };
    match refusal.errcode {
        ErrorCode::IP_NOT_TRUSTED => Ok(KindCheck::IpNotTrusted),
        // Only a contacts Secret is answered so (developer document 90313).
        ErrorCode::FORBIDDEN_FOR_CONTACTS_SECRET if scope == Scope::Contacts => Ok(KindCheck::Confirmed),
        ErrorCode::API_FORBIDDEN | ErrorCode::FORBIDDEN_FOR_CONTACTS_SECRET | ErrorCode::AGENT_MISMATCH => {
            Err(StepError::WrongSecretKind {
                looks_like: looks_like(wecom, scope, token, &refusal).await,
                refusal,
            })
        }
        _ => match refusal.errcode.class() {
            ErrorClass::Retry | ErrorClass::SlowDown | ErrorClass::Refresh => {
                Err(StepError::from_wecom(WecomError::Refused(refusal), now))
            }
            _ => Ok(KindCheck::Unconfirmed),
        },
    }
}

async fn looks_like(wecom: &Client, scope: Scope, token: &SecretString, refusal: &Refusal) -> Option<SecretKind> {
    if refusal.errcode == ErrorCode::FORBIDDEN_FOR_CONTACTS_SECRET {
        return Some(SecretKind::Contacts);
    }
    let other = match scope {
        Scope::Contacts => SecretKind::ExternalContacts,
        Scope::ExternalContacts => SecretKind::Contacts,
    };
    match probe(wecom, scope.other(), token).await {
        Ok(()) => Some(other),
        Err(WecomError::Refused(refusal)) if refusal.errcode == ErrorCode::API_FORBIDDEN => Some(SecretKind::OtherApp),
        Err(_) => None,
    }
}

pub(super) async fn probe(wecom: &Client, scope: Scope, token: &SecretString) -> Result<(), WecomError> {
    match scope {
        Scope::Contacts => wecom.probe_contacts(token).await,
        Scope::ExternalContacts => wecom.probe_external_contacts(token).await.map(|_members| ()),
    }
}
