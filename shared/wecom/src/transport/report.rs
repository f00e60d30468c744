//! Log event of a call.

use std::time::Duration;

use tracing::{info, warn};

use super::{Failure, FailureKind};
use crate::{ErrorClass, ErrorCode, Refusal};

/// Logs how a call ended, without query, body and headers: at INFO where no operator needs to act, else at WARN.
pub(super) fn report(path: &str, attempt: u32, took: Duration, failure: Option<&Failure>) {
    let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let outcome = failure.map_or("ok", |failure| failure.kind.name());
    let cause = failure.and_then(|failure| failure.cause.as_deref());
    let refusal = failure.and_then(|failure| failure.kind.refusal());
    let errmsg = refusal.map(|refusal| refusal.errmsg.as_str());
    let errcode = refusal.map(|refusal| refusal.errcode);
    let needs_no_operator = match errcode {
        Some(errcode) => errcode.class() == ErrorClass::UserMistake,
        None => failure.is_none(),
    };
    // A success without an errcode is logged with 0; a call without an answer has none.
    let errcode = errcode.or(failure.is_none().then_some(ErrorCode::OK));
    let errcode = errcode.map(|errcode| errcode.0);
    if needs_no_operator {
        info!(
            path,
            errcode, errmsg, cause, attempt, duration_ms, outcome, "called WeCom"
        );
    } else {
        warn!(
            path,
            errcode, errmsg, cause, attempt, duration_ms, outcome, "called WeCom"
        );
    }
}

impl FailureKind {
    fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::TimedOut | Self::NotConnected | Self::ConnectionLost | Self::Unintelligible => None,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Refused(_) => "refused",
            Self::TimedOut => "timed_out",
            Self::NotConnected => "not_connected",
            Self::ConnectionLost => "connection_lost",
            Self::Unintelligible => "unintelligible",
        }
    }
}
