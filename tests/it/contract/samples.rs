//! Records to store.

use jiff::Timestamp;
use wecom_authorization::{
    audit::{Action, Actor, ActorKind, AuditEntry},
    authorization::{
        AuthMode, Authorization, Callback, Generation, InstallSession, Installation, InstallationStatus, KindCheck,
        Privilege, RegisteredSecret, SecretStatus,
    },
    entropy::SystemEntropy,
    ids::{CallbackId, CorpId, EventId, InstallState, Scope, TenantId},
    store::{AtRest, Change, StoredSuiteEvent, StoredToken},
};

pub(crate) fn tenant(name: &str) -> TenantId {
    TenantId::parse(name).unwrap()
}

pub(crate) fn corp(name: &str) -> CorpId {
    CorpId::parse(name).unwrap()
}

/// An event of the suite, sealed.
pub(crate) fn suite_event(at: Timestamp) -> StoredSuiteEvent {
    StoredSuiteEvent {
        event_id: EventId::of("ww3f2a9c41d07be865", b"suite"),
        suite_id: "ww3f2a9c41d07be865".to_owned(),
        info_type: "change_auth".to_owned(),
        corp_id: None,
        damaged: false,
        created_at: Some(at),
        received_at: at,
        payload: AtRest::Sealed("first.AAAA".to_owned()),
        parkings: 0,
    }
}

/// An authorization with every field filled, never stored.
pub(crate) fn authorization(tenant_id: &TenantId, at: Timestamp) -> Authorization {
    let mut authorization = Authorization::new(tenant_id.clone());
    authorization.installation = Some(Installation {
        status: InstallationStatus::Installed,
        corp_id: corp("wpYunFan"),
        corp_name: "云帆科技有限公司".to_owned(),
        agent_id: Some(1_000_010),
        auth_mode: AuthMode::Admin,
        version_id: "version-1".to_owned(),
        auth_mode_since: at,
        installed_at: at,
        cancelled_at: None,
        privilege: Some(Privilege {
            level: 1,
            departments: 1,
            members: 2,
            tags: 0,
            fingerprint: "0123456789abcdef".to_owned(),
            since: at,
        }),
        is_bound: true,
        doubted_at: None,
        code_missing_since: None,
        suite_id: None,
        is_customized: false,
        permissions: None,
        unpublished_since: None,
        disabled_since: None,
        licence: None,
    });
    for scope in Scope::ALL {
        let state = authorization.scope_mut(scope);
        state.callback_id = Some(CallbackId::generate(&SystemEntropy));
        state.secret = Some(RegisteredSecret {
            status: SecretStatus::Accepted,
            corp_id: corp("ww0a1b2c3d4e5f6071"),
            kind_check: KindCheck::IpNotTrusted,
            status_since: at,
            last_four: "a1b2".to_owned(),
            version_id: "version-2".to_owned(),
            agent_id: None,
            registered_at: at,
            checked_at: at,
        });
    }
    authorization.settings.callback_base_url = Some("https://wecom.example.com".to_owned());
    authorization.completed_at = Some(at);
    authorization
}

/// A callback that waits for WeCom's check, never stored.
pub(crate) fn callback(tenant_id: &TenantId, at: Timestamp) -> Callback {
    let id = CallbackId::generate(&SystemEntropy);
    let mut callback = Callback::new(id, tenant_id.clone(), Scope::Contacts);
    callback.propose(generation(1, at));
    callback
}

pub(crate) fn generation(number: u64, at: Timestamp) -> Generation {
    Generation {
        number,
        sealed: format!("sealed {number}"),
        created_at: at,
    }
}

/// A link that nobody has opened, good for 20 minutes.
pub(crate) fn session(tenant_id: &TenantId, at: Timestamp) -> InstallSession {
    let state = InstallState::generate(&SystemEntropy);
    let expires_at = at + jiff::SignedDuration::from_mins(20);
    InstallSession::new(
        state,
        tenant_id.clone(),
        "pre_auth_code".to_owned(),
        expires_at,
        admin(),
    )
}

/// A signed-in admin.
pub(crate) fn admin() -> Actor {
    Actor {
        kind: ActorKind::Admin,
        id: Some("user-1".to_owned()),
        source_ip: Some("203.0.113.7".to_owned()),
    }
}

/// A line of the audit trail.
pub(crate) fn line(at: Timestamp) -> AuditEntry {
    AuditEntry::done(Action::CredentialsGenerated, &admin(), at, &SystemEntropy)
        .of(Scope::Contacts)
        .with("generation", &3)
}

pub(crate) fn save(authorization: Authorization) -> Change {
    Change::Save(Box::new(authorization))
}

pub(crate) fn save_callback(callback: Callback) -> Change {
    Change::SaveCallback(Box::new(callback))
}

/// A token of the suite, as if `token` were what it was sealed to.
pub(crate) fn cached(token: &str, expires_at: Timestamp) -> StoredToken {
    StoredToken {
        token: AtRest::Sealed(token.to_owned()),
        expires_at,
        version_id: None,
    }
}
