//! The binding of a corporation to a tenant (docs/adr/0005-who-may-bind-a-corporation.md).

use crate::{
    authorization::{AuthMode, Authorization, Installation, InstallationStatus},
    error::CorpFault,
    ids::{ClaimId, CorpId, TenantId},
    store::Change,
};

/// Effect of an installation that replaces `before` on the corporation and its claim, and whether it is bound with it: an administrator's
/// is, and so is one of a corporation that was bound to the tenant already. A member's keeps nobody out, and neither does one that
/// waits for the admin's confirmation.
pub(crate) fn bind(
    before: Option<&Installation>,
    installation: &mut Installation,
    tenant_id: &TenantId,
) -> Vec<Change> {
    let was_bound = before.is_some_and(|before| before.is_bound);
    let is_admins = installation.auth_mode == AuthMode::Admin && installation.status == InstallationStatus::Installed;
    installation.is_bound = was_bound || is_admins;
    let (corp_id, tenant_id) = (installation.corp_id.clone(), tenant_id.clone());
    let claim = installation
        .is_bound
        .then(|| Change::ForgetClaim(ClaimId::of(installation.suite_id.as_ref(), &corp_id)));
    let change = if installation.is_bound {
        Change::BindCorp(corp_id, tenant_id)
    } else {
        Change::NoteMember(corp_id, tenant_id)
    };
    let noted = before.filter(|before| !before.is_bound);
    let left = noted.filter(|noted| installation.is_bound || noted.corp_id != installation.corp_id);
    let forgotten = left.map(|left| Change::ForgetMember(left.corp_id.clone()));
    std::iter::once(change).chain(claim).chain(forgotten).collect()
}

/// A tenant has one corporation that is bound to it.
pub(super) fn refuse_other_corp(authorization: &Authorization, corp_id: &CorpId) -> Result<(), CorpFault> {
    match authorization.installed() {
        Some(before) if before.is_bound && before.corp_id != *corp_id => Err(CorpFault::AnotherInstalled),
        _ => Ok(()),
    }
}
