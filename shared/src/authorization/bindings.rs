//! The bindings of a tenant: one for each of its corporations (docs/adr/0040-several-corporations.md).

use serde::{Deserialize, Serialize};

use super::{
    Authorization, Callback, Health, NextStep,
    findings::{findings, health},
};
use crate::ids::{BindingId, CorpId, SuiteId};

/// The further bindings of a tenant, in the order in which they were added. The first one is not among them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bindings {
    /// The number of changes, for optimistic locking; zero if it was never stored.
    pub version: u64,
    /// Their ids.
    pub binding_ids: Vec<BindingId>,
}

/// A tenant has as many bindings as it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManyBindings;

impl Bindings {
    /// The largest number of bindings of one tenant, the first included. All of them are read for a list.
    pub const MOST: usize = 50;

    /// Adds a binding.
    ///
    /// # Errors
    /// [`TooManyBindings`].
    pub fn add(&mut self, binding_id: BindingId) -> Result<(), TooManyBindings> {
        if self.binding_ids.len() + 1 >= Self::MOST {
            return Err(TooManyBindings);
        }
        self.binding_ids.push(binding_id);
        Ok(())
    }

    /// Removes a binding.
    pub fn remove(&mut self, binding_id: &BindingId) {
        self.binding_ids.retain(|known| known != binding_id);
    }
}

/// A binding in the list of a tenant's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema), schemars(rename = "Binding"))]
pub struct BindingView {
    /// Names the binding in `/authorizations/{binding_id}`: `first`, or 32 hexadecimal digits.
    binding_id: BindingId,
    /// Id of the corporation, as the installed app sees it.
    corp_id: Option<CorpId>,
    corp_name: Option<String>,
    /// Whether a customised app (代开发应用) is installed, instead of a third-party app.
    is_customized_app: bool,
    /// The suite that is installed; `null` when none is, or it is the first suite and was installed by an earlier version.
    suite_id: Option<SuiteId>,
    health: Health,
    next_step: NextStep,
}

impl BindingView {
    /// The entry of `authorization` with its callbacks, contacts first.
    #[must_use]
    pub fn new(authorization: &Authorization, callbacks: &[Option<Callback>; 2], now: jiff::Timestamp) -> Self {
        let [contacts, external_contacts] = callbacks.each_ref().map(Option::as_ref);
        let installation = authorization.installation.as_ref();
        Self {
            binding_id: authorization.tenant_id.binding_id(),
            corp_id: installation.map(|installation| installation.corp_id.clone()),
            corp_name: installation
                .map(|installation| installation.corp_name.clone())
                .filter(|name| !name.is_empty()),
            is_customized_app: installation.is_some_and(|installation| installation.is_customized),
            suite_id: installation.and_then(|installation| installation.suite_id.clone()),
            health: health(&findings(authorization, [contacts, external_contacts], now)),
            next_step: authorization.next_step(contacts, external_contacts),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: usize) -> BindingId {
        BindingId::parse(&format!("{number:032x}")).unwrap()
    }

    #[test]
    fn a_tenant_has_fifty_bindings_at_most_and_a_removed_one_makes_room() {
        let mut bindings = Bindings::default();
        for number in 1..Bindings::MOST {
            bindings.add(id(number)).unwrap();
        }
        assert_eq!(bindings.add(id(0)), Err(TooManyBindings));
        bindings.remove(&id(7));
        bindings.add(id(0)).unwrap();
        assert_eq!(bindings.binding_ids.len(), 49);
        assert!(!bindings.binding_ids.contains(&id(7)));
    }
}
