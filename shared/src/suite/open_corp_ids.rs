//! The encrypted ids of corporations that WeCom's events name by their plaintext id.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use wecom_client::ErrorCode;

use super::{access::SuiteAccess, call_error::CallError};
use crate::{clock::Clock, error::StepError, ids::CorpId, store::Suite};

/// Encrypted ids by plaintext id (企业ID), as WeCom has named them (`corpid_to_opencorpid`). A pair never changes, and is the same for all
/// suites of the provider. Bounded to 4096; cleared when full.
#[derive(Debug, Default)]
pub struct OpenCorpIds(Mutex<BTreeMap<CorpId, CorpId>>);

const MOST: usize = 4096;

impl OpenCorpIds {
    /// The id under which the apps of the provider of `suite` see the corporation. `None` when it has none of them.
    ///
    /// # Errors
    /// [`StepError::WecomBan`], [`StepError::WecomRefused`], [`StepError::WecomTimeout`], or the failure of the stores.
    pub(crate) async fn of(
        &self,
        corp_id: &CorpId,
        suite: &Suite,
        access: SuiteAccess<'_>,
        clock: &dyn Clock,
    ) -> Result<Option<CorpId>, StepError> {
        let known = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(corp_id)
            .cloned();
        if known.is_some() {
            return Ok(known);
        }
        let wecom = access.wecom;
        let asked = access.as_provider(suite, clock, |token| async move {
            wecom.open_corp_id(&token, corp_id.as_str()).await
        });
        let open_corp_id = match asked.await {
            Ok(id) => CorpId::parse(&id).map_err(|error| StepError::Internal(Box::new(error)))?,
            Err(error) if error.errcode().is_some_and(|code| NOBODYS.contains(&code)) => return Ok(None),
            Err(error) => return Err(CallError::into_step(error)),
        };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(corp_id.clone(), open_corp_id.clone());
        Ok(Some(open_corp_id))
    }
}

/// The corporation has authorized no app of the provider, or there is none of this id.
const NOBODYS: [ErrorCode; 3] = [
    ErrorCode::API_NOT_AUTHORIZED,
    ErrorCode::AUTHORIZATION_INVALID,
    ErrorCode::INVALID_CORP_ID,
];
