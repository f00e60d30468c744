//! Which kind of Secret a token comes from: told by the calls that it may make.

use secrecy::SecretString;
use wecom_client::{Error as WecomError, ErrorClass, ErrorCode, Refusal};

use super::{SecretKind, StepError, SuiteAccess, breaker::ask, suite_access::CallError};
use crate::{authorization::KindCheck, clock::Clock, ids::Scope, store::Breaker};

/// What `gettoken` answers when corporation and Secret do not belong together. Repeated, it bans everybody.
pub(super) const WRONG_SECRET: [ErrorCode; 3] = [
    ErrorCode::INVALID_SECRET,
    ErrorCode::FOREIGN_SECRET,
    ErrorCode::INVALID_CORP_ID,
];

/// Makes the call that only this kind of Secret may make; when WeCom refuses it, the other kind's tells what it is.
pub(super) async fn check_kind<S: Breaker, V: Sync>(
    access: &SuiteAccess<'_, S, V>,
    scope: Scope,
    token: &SecretString,
    clock: &dyn Clock,
) -> Result<KindCheck, StepError> {
    let refusal = match probe(access, scope, token, clock).await {
        Ok(()) => return Ok(KindCheck::Confirmed),
        Err(CallError::Wecom(WecomError::Refused(refusal))) => refusal,
        Err(error) => return Err(error.into_step()),
    };
    if let Some(told) = told_by(&refusal, scope) {
        return Ok(told);
    }
    match refusal.errcode {
        ErrorCode::API_FORBIDDEN | ErrorCode::FORBIDDEN_FOR_CONTACTS_SECRET | ErrorCode::AGENT_MISMATCH => {
            Err(StepError::WrongSecretKind {
                looks_like: looks_like(access, scope, token, &refusal, clock).await,
                refusal,
            })
        }
        _ => match refusal.errcode.class() {
            ErrorClass::Retry | ErrorClass::SlowDown | ErrorClass::Refresh => {
                Err(StepError::from_wecom(WecomError::Refused(refusal)))
            }
            _ => Ok(KindCheck::Unconfirmed),
        },
    }
}

/// What a refusal tells of a Secret of the right kind.
pub(super) fn told_by(refusal: &Refusal, scope: Scope) -> Option<KindCheck> {
    match refusal.errcode {
        ErrorCode::IP_NOT_TRUSTED => Some(KindCheck::IpNotTrusted),
        ErrorCode::APPLICATION_DISABLED | ErrorCode::SYSTEM_APPLICATION_DISABLED => Some(KindCheck::AppDisabled),
        // Only a contacts Secret is answered so (developer document 90313).
        ErrorCode::FORBIDDEN_FOR_CONTACTS_SECRET if scope == Scope::Contacts => Some(KindCheck::Confirmed),
        _ => None,
    }
}

async fn looks_like<S: Breaker, V: Sync>(
    access: &SuiteAccess<'_, S, V>,
    scope: Scope,
    token: &SecretString,
    refusal: &Refusal,
    clock: &dyn Clock,
) -> Option<SecretKind> {
    if refusal.errcode == ErrorCode::FORBIDDEN_FOR_CONTACTS_SECRET {
        return Some(SecretKind::Contacts);
    }
    let other = match scope {
        Scope::Contacts => SecretKind::ExternalContacts,
        Scope::ExternalContacts => SecretKind::Contacts,
    };
    match probe(access, scope.other(), token, clock).await {
        Ok(()) => Some(other),
        Err(error) if error.errcode() == Some(ErrorCode::API_FORBIDDEN) => Some(SecretKind::OtherApp),
        Err(_) => None,
    }
}

pub(super) async fn probe<S: Breaker, V: Sync>(
    access: &SuiteAccess<'_, S, V>,
    scope: Scope,
    token: &SecretString,
    clock: &dyn Clock,
) -> Result<(), CallError> {
    let probed = async {
        match scope {
            Scope::Contacts => access.wecom.probe_contacts(token).await,
            Scope::ExternalContacts => access.wecom.probe_external_contacts(token).await.map(|_members| ()),
        }
    };
    ask(access.store, clock, probed).await
}
