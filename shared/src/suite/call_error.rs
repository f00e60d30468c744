//! Errors of a single call to WeCom.

use wecom_client::{Error as WecomError, ErrorCode, Refusal};

use crate::error::StepError;

/// A call to WeCom failed.
#[derive(Debug)]
pub(crate) enum CallError {
    /// WeCom refused this call, for which the caller knows the meaning of the codes, or did not answer.
    Wecom(WecomError),
    /// The call was not made, or failed with a meaning that does not depend on the caller.
    Step(StepError),
}

impl From<StepError> for CallError {
    fn from(error: StepError) -> Self {
        Self::Step(error)
    }
}

impl CallError {
    /// The error of a step, for a call none of whose codes has a meaning of its own.
    pub(crate) fn into_step(self) -> StepError {
        match self {
            Self::Wecom(error) => StepError::from_wecom(error),
            Self::Step(error) => error,
        }
    }

    /// The refusal of this call; `None` when WeCom did not answer, which says nothing.
    pub(crate) fn refusal(self) -> Result<Option<Refusal>, StepError> {
        match self {
            Self::Wecom(WecomError::Refused(refusal)) => Ok(Some(refusal)),
            Self::Wecom(_) => Ok(None),
            Self::Step(error) => Err(error),
        }
    }

    /// The `errcode` that WeCom refused this call with.
    pub(crate) fn errcode(&self) -> Option<ErrorCode> {
        match self {
            Self::Wecom(WecomError::Refused(refusal)) => Some(refusal.errcode),
            _ => None,
        }
    }
}
