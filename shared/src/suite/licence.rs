//! How far a customised app has come in a corporation: whether it is online, and its interface licence (接口调用许可).

use jiff::Timestamp;
use secrecy::SecretString;
use wecom_client::{ErrorCode, PublishStatus};

use super::{
    SuiteAccess,
    breaker::{Caller, TenantCorp, ask},
    call_error::CallError,
};
use crate::{
    authorization::{EXPIRING, Installation, Licence},
    context::Context,
    error::StepError,
    ids::TenantId,
    store::Suite,
};

/// How a customised app is in a corporation; `None` where WeCom does not say.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct AgentState {
    /// Whether the provider has put it online.
    pub(crate) is_online: Option<bool>,
    /// Whether the corporation has disabled (停用) it.
    pub(crate) is_disabled: Option<bool>,
}

impl SuiteAccess<'_> {
    /// Whether a customised app is online and enabled (`agent/get`), with a token of the app.
    pub(crate) async fn agent_state(
        &self,
        (tenant_id, installation): (&TenantId, &Installation),
        token: &SecretString,
        context: Context<'_>,
    ) -> Result<AgentState, StepError> {
        let Some(agent_id) = installation.agent_id else {
            return Ok(AgentState::default());
        };
        let corp = TenantCorp {
            tenant_id,
            corp_id: installation.corp_id.as_str(),
            entropy: context.entropy,
        };
        let caller = Caller::Corp(corp, "agent/get");
        let agent = ask(self.store, caller, context.clock, self.wecom.agent(token, agent_id)).await;
        let agent = match agent {
            Err(error) if error.errcode() == Some(ErrorCode::APPLICATION_DISABLED) => {
                return Ok(AgentState {
                    is_online: None,
                    is_disabled: Some(true),
                });
            }
            agent => agent.map_err(CallError::into_step)?,
        };
        Ok(AgentState {
            is_online: match agent.publish_status {
                Some(PublishStatus::NotDeveloped | PublishStatus::InDevelopment) => Some(false),
                Some(PublishStatus::Online | PublishStatus::OnlineWithChanges) => Some(true),
                Some(PublishStatus::Unknown(_)) | None => None,
            },
            is_disabled: Some(agent.is_disabled),
        })
    }

    /// The licence that an app needs in a corporation (`license/get_app_license_info`), if it needs one. Whether there is one
    /// (`license/list_actived_account`) is asked when it is needed soon.
    pub(crate) async fn licence(
        &self,
        installation: &Installation,
        suite: &Suite,
        context: Context<'_>,
    ) -> Result<Option<Licence>, StepError> {
        let (wecom, clock) = (self.wecom, context.clock);
        let (corp_id, suite_id) = (installation.corp_id.as_str(), suite.suite_id.as_str());
        let needed = self.as_provider(suite, clock, |token| async move {
            wecom.app_license(&token, corp_id, suite_id).await
        });
        let needed = Box::pin(needed).await.map_err(CallError::into_step)?;
        let trial_ends_at = needed.trial.map(|trial| trial.ends_at);
        let needed_at = trial_ends_at.max(needed.enforced_at).filter(|_| needed.is_required);
        let needed_at = needed_at.and_then(|seconds| Timestamp::from_second(i64::try_from(seconds).ok()?).ok());
        let Some(needed_at) = needed_at else {
            return Ok(None);
        };
        let is_bought = needed_at.duration_since(context.now()) < EXPIRING && {
            let bought = self.as_provider(suite, clock, |token| async move {
                wecom.has_licensed_account(&token, corp_id).await
            });
            Box::pin(bought).await.map_err(CallError::into_step)?
        };
        Ok(Some(Licence { needed_at, is_bought }))
    }
}
