//! What a re-installation within the recovery window brings back (docs/adr/0025-deletion-and-its-proof.md).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Authorization, Callback, RegisteredSecret, ScopeState};
use crate::ids::{CorpId, Scope, TenantId};

/// Steps 2 and 3 of an authorization that WeCom ended, without any value of a Secret: those are in Secrets Manager, scheduled for deletion.
/// No callback exists meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recoverable {
    /// The tenant that the authorization belonged to.
    pub tenant_id: TenantId,
    /// The corporation, as WeCom names it to this provider. For any other nothing is restored.
    pub corp_id: CorpId,
    /// The end of the recovery window.
    pub until: Timestamp,
    /// The time at which the wizard was completed.
    pub completed_at: Option<Timestamp>,
    /// Step 2.
    pub contacts: RecoverableScope,
    /// Step 3.
    pub external_contacts: RecoverableScope,
}

/// Step 2 or 3 of an authorization that ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoverableScope {
    /// The Secret, if one was registered.
    pub secret: Option<RegisteredSecret>,
    /// The callback with its sealed credentials, if there was one.
    pub callback: Option<Callback>,
}

impl Recoverable {
    /// What can be restored of an authorization that is about to end and has these callbacks; `None` when it is not bound to a
    /// corporation, or has neither Secrets nor callbacks.
    #[must_use]
    pub fn of(authorization: &Authorization, callbacks: &[Option<Callback>; 2], until: Timestamp) -> Option<Self> {
        let installation = authorization.installed().filter(|known| known.is_bound)?;
        let [contacts, external_contacts] = callbacks;
        let scope = |state: &ScopeState, callback: &Option<Callback>| RecoverableScope {
            secret: state.secret.clone(),
            callback: callback.as_ref().map(Callback::renewed),
        };
        let recoverable = Self {
            tenant_id: authorization.tenant_id.clone(),
            corp_id: installation.corp_id.clone(),
            until,
            completed_at: authorization.completed_at,
            contacts: scope(&authorization.contacts, contacts),
            external_contacts: scope(&authorization.external_contacts, external_contacts),
        };
        let is_empty = Scope::ALL.map(|scope| *recoverable.scope(scope) == RecoverableScope::default());
        is_empty.contains(&false).then_some(recoverable)
    }

    /// Step 2 or 3.
    #[must_use]
    pub fn scope(&self, scope: Scope) -> &RecoverableScope {
        match scope {
            Scope::Contacts => &self.contacts,
            Scope::ExternalContacts => &self.external_contacts,
        }
    }

    /// Step 2 or 3, to change it.
    pub fn scope_mut(&mut self, scope: Scope) -> &mut RecoverableScope {
        match scope {
            Scope::Contacts => &mut self.contacts,
            Scope::ExternalContacts => &mut self.external_contacts,
        }
    }
}

impl Callback {
    /// The same callback as a new record: id, path, corporation and generations, without notes and counts.
    fn renewed(&self) -> Self {
        Self {
            corp_id: self.corp_id.clone(),
            current: self.current.clone(),
            pending: self.pending.clone(),
            previous: self.previous.clone(),
            verified_at: self.verified_at,
            heard_until: self.heard_until,
            legacy_path: self.legacy_path.clone(),
            ..Self::new(self.callback_id.clone(), self.tenant_id.clone(), self.scope)
        }
    }
}
