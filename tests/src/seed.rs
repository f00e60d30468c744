//! Puts the samples' people into a store.

use aws_types::SdkConfig;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use wecom_authorization::{
    audit::{Action, Actor, AuditEntry},
    authorization::{
        AssistLink, AuthMode, Authorization, Callback, Generation, InstallOutcome, InstallSession, Installation,
        InstallationStatus, KindCheck, RegisteredSecret, Retired, ScopeState, SecretStatus,
    },
    callback::xml,
    entropy::SystemEntropy,
    ids::{CallbackId, CorpId, EventId, Fingerprint, InstallState, Scope, SuiteId, TenantId, TokenName},
    sealing::{KeyRing, SealingKeys},
    store::{Change, DynamoDb, EventSource, NewEvent, SecretName, SecretsManager, tables},
    suite::{CachedToken, Tokens},
};

use crate::people::{
    ACME, ACME_CONTACTS, ACME_CONTACTS_BEFORE, ACME_EXTERNAL_CONTACTS, Address, COOKIE, EXPIRED_LINK, GLOBEX, HOOLI,
    INITECH, INITECH_CONTACTS, KEY_RING, NEW_ASSIST, NEW_LINK, OPENED_ASSIST, OPENED_LINK, QR_CODE, STARK,
    STARK_CONTACTS, SUITE, SUITE_ID, TEMPLATE, TEMPLATE_ID, Tenant, UMBRELLA, USED_LINK, WONKA,
};

/// Whatever went wrong.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// Names of the tables and secrets to fill.
#[derive(Debug, Clone)]
pub struct Names {
    /// `AUTHORIZATION_TABLE`
    pub authorization_table: String,
    /// `EVENT_TABLE`
    pub event_table: String,
    /// `SECRET_PREFIX`
    pub secret_prefix: String,
}

impl Default for Names {
    /// As `cargo run` and `env.json` call them.
    fn default() -> Self {
        Self {
            authorization_table: "wecom-authorization".to_owned(),
            event_table: "wecom-events".to_owned(),
            secret_prefix: "wecom-authorization".to_owned(),
        }
    }
}

/// Fills an empty store. What is over was over on 2026-11-01; what is still good is good until 2099.
///
/// # Errors
/// When the store fails, or is not empty.
pub async fn seed(aws: &SdkConfig, names: &Names) -> Result<(), Error> {
    let dynamodb = aws_sdk_dynamodb::Client::new(aws);
    tables::AUTHORIZATION_TABLE
        .create(&dynamodb, &names.authorization_table)
        .await?;
    tables::EVENT_TABLE.create(&dynamodb, &names.event_table).await?;
    let secrets = aws_sdk_secretsmanager::Client::new(aws);
    let stage = Stage {
        store: DynamoDb::new(
            dynamodb,
            names.authorization_table.clone(),
            names.event_table.clone(),
            SignedDuration::from_hours(24 * 365 * 50),
        ),
        vault: SecretsManager::new(secrets.clone(), names.secret_prefix.clone()),
        keys: KeyRing::parse(&KEY_RING.into())?,
        sealing_keys: SealingKeys::new(SecretsManager::new(secrets, names.secret_prefix.clone())),
    };
    stage.suite().await?;
    stage.tenants().await?;
    stage.links().await?;
    stage.events().await
}

struct Stage {
    store: DynamoDb,
    vault: SecretsManager,
    keys: KeyRing,
    sealing_keys: SealingKeys,
}

/// Noon of the day on which everything happened.
fn then() -> Timestamp {
    "2026-11-01T12:00:00Z".parse().expect("a time")
}

/// Later than anybody will play a sample.
fn later() -> Timestamp {
    "2099-01-01T00:00:00Z".parse().expect("a time")
}

impl Stage {
    fn tokens(&self) -> Tokens<'_> {
        Tokens {
            store: &self.store,
            keys: &self.sealing_keys,
            entropy: &SystemEntropy,
        }
    }

    async fn suite(&self) -> Result<(), Error> {
        self.vault.put(&SecretName::Suite, &SUITE.into()).await?;
        let template = SecretName::AnotherSuite(SuiteId::parse(TEMPLATE_ID)?);
        self.vault.put(&template, &TEMPLATE.into()).await?;
        self.vault.put(&SecretName::SealingKey, &KEY_RING.into()).await?;
        let ticket = SecretString::from("suite-ticket-of-the-samples");
        for suite_id in [SUITE_ID, TEMPLATE_ID] {
            self.tokens().put_ticket(suite_id, &ticket, later(), then()).await?;
        }
        Ok(())
    }

    async fn tenants(&self) -> Result<(), Error> {
        let mut acme = self.installed(&ACME, AuthMode::Admin).await?;
        acme.contacts = self.scope(&ACME, Scope::Contacts, &ACME_CONTACTS).await?;
        acme.external_contacts = self
            .scope(&ACME, Scope::ExternalContacts, &ACME_EXTERNAL_CONTACTS)
            .await?;
        let token = CachedToken {
            token: "contacts-access-token-of-acme".into(),
            expires_at: later(),
            version_id: acme.contacts.secret.as_ref().map(|secret| secret.version_id.clone()),
        };
        self.tokens()
            .put_token(&TokenName::scope(&acme.tenant_id, Scope::Contacts), &token, then())
            .await?;
        // `check-health` finds it due.
        acme.next_check_at = Some(then());
        let mut contacts = callback(&ACME, Scope::Contacts, &ACME_CONTACTS)?;
        contacts.current = Some(self.generation(&contacts, 2, &ACME_CONTACTS));
        contacts.previous = vec![Retired {
            generation: self.generation(&contacts, 1, &ACME_CONTACTS_BEFORE),
            valid_until: later(),
        }];
        contacts.verified_at = Some(then());
        let mut external_contacts = callback(&ACME, Scope::ExternalContacts, &ACME_EXTERNAL_CONTACTS)?;
        external_contacts.current = Some(self.generation(&external_contacts, 1, &ACME_EXTERNAL_CONTACTS));
        external_contacts.verified_at = Some(then());
        self.keep(&ACME, acme, vec![contacts, external_contacts]).await?;

        let globex = self.installed(&GLOBEX, AuthMode::Admin).await?;
        self.keep(&GLOBEX, globex, Vec::new()).await?;
        let umbrella = self.installed(&UMBRELLA, AuthMode::Member).await?;
        self.keep(&UMBRELLA, umbrella, Vec::new()).await?;

        let mut wonka = self.installed(&WONKA, AuthMode::Admin).await?;
        if let Some(scanned) = &mut wonka.installation {
            scanned.status = InstallationStatus::AwaitingConfirmation;
            scanned.is_bound = false;
            scanned.is_customized = true;
        }
        self.keep(&WONKA, wonka, Vec::new()).await?;

        let mut initech = self.installed(&INITECH, AuthMode::Admin).await?;
        initech.contacts = self.scope(&INITECH, Scope::Contacts, &INITECH_CONTACTS).await?;
        let mut contacts = callback(&INITECH, Scope::Contacts, &INITECH_CONTACTS)?;
        contacts.pending = Some(self.generation(&contacts, 1, &INITECH_CONTACTS));
        initech.assist_links = assist_links(&contacts);
        self.keep(&INITECH, initech, vec![contacts]).await?;

        let mut stark = self.installed(&STARK, AuthMode::Admin).await?;
        stark.contacts.callback_id = Some(CallbackId::parse(STARK_CONTACTS.callback_id)?);
        stark.settings.callback_base_url = Some("https://127.0.0.1".to_owned());
        let mut contacts = callback(&STARK, Scope::Contacts, &STARK_CONTACTS)?;
        contacts.pending = Some(self.generation(&contacts, 1, &STARK_CONTACTS));
        self.keep(&STARK, stark, vec![contacts]).await
    }

    /// An authorization after step 1, with its permanent code in the vault.
    async fn installed(&self, tenant: &Tenant, auth_mode: AuthMode) -> Result<Authorization, Error> {
        let tenant_id = TenantId::parse(tenant.id)?;
        let kept = format!(
            r#"{{"corp_id":"{}","corp_name":"{}","permanent_code":"{}","auth_code":"of the samples"}}"#,
            tenant.open_corp_id,
            tenant.name,
            tenant.permanent_code(),
        );
        let name = SecretName::Installation(tenant_id.clone());
        let version_id = self.vault.put(&name, &kept.into()).await?;
        let mut authorization = Authorization::new(tenant_id);
        authorization.installation = Some(Installation {
            status: InstallationStatus::Installed,
            corp_id: CorpId::parse(tenant.open_corp_id)?,
            corp_name: tenant.name.to_owned(),
            agent_id: Some(1_000_010),
            auth_mode,
            is_bound: auth_mode == AuthMode::Admin,
            version_id,
            auth_mode_since: then(),
            installed_at: then(),
            cancelled_at: None,
            privilege: None,
            doubted_at: None,
            code_missing_since: None,
            suite_id: None,
            is_customized: false,
            permissions: None,
            unpublished_since: None,
            disabled_since: None,
            licence: None,
        });
        Ok(authorization)
    }

    /// Step 2 or 3 with its Secret in the vault.
    async fn scope(&self, tenant: &Tenant, scope: Scope, address: &Address) -> Result<ScopeState, Error> {
        let secret = match scope {
            Scope::Contacts => tenant.contacts_secret(),
            Scope::ExternalContacts => tenant.external_contacts_secret(),
        };
        let name = SecretName::Scope(TenantId::parse(tenant.id)?, scope);
        let version_id = self.vault.put(&name, &secret.into()).await?;
        Ok(ScopeState {
            secret: Some(RegisteredSecret {
                status: SecretStatus::Accepted,
                corp_id: CorpId::parse(tenant.corp_id)?,
                kind_check: KindCheck::Confirmed,
                status_since: then(),
                last_four: tenant
                    .id
                    .chars()
                    .rev()
                    .take(4)
                    .collect::<Vec<_>>()
                    .into_iter()
                    .rev()
                    .collect(),
                version_id,
                agent_id: None,
                registered_at: then(),
                checked_at: then(),
            }),
            callback_id: Some(CallbackId::parse(address.callback_id)?),
            heard_until: None,
        })
    }

    fn generation(&self, callback: &Callback, number: u64, address: &Address) -> Generation {
        let (id, scope) = (&callback.callback_id, callback.scope);
        Generation {
            number,
            sealed: self
                .keys
                .seal(&address.credentials(), id, scope, number, then(), &SystemEntropy),
            created_at: then(),
        }
    }

    async fn keep(&self, tenant: &Tenant, authorization: Authorization, callbacks: Vec<Callback>) -> Result<(), Error> {
        let tenant_id = TenantId::parse(tenant.id)?;
        let corp_id = CorpId::parse(tenant.open_corp_id)?;
        let is_bound = authorization
            .installed()
            .is_some_and(|installation| installation.is_bound);
        let entry = AuditEntry::done(Action::Installed, &Actor::system(), then(), &SystemEntropy);
        let mut changes = vec![
            Change::Save(Box::new(authorization)),
            if is_bound {
                Change::BindCorp(corp_id, tenant_id.clone())
            } else {
                Change::NoteMember(corp_id, tenant_id.clone())
            },
            Change::Audit(tenant_id, entry),
        ];
        changes.extend(
            callbacks
                .into_iter()
                .map(|callback| Change::SaveCallback(Box::new(callback))),
        );
        self.store.commit(changes).await?;
        Ok(())
    }

    async fn links(&self) -> Result<(), Error> {
        let tenant_id = TenantId::parse(HOOLI.id)?;
        for (state, expires_at) in [
            (NEW_LINK, later()),
            (OPENED_LINK, later()),
            (USED_LINK, later()),
            (EXPIRED_LINK, then()),
        ] {
            let state = InstallState::parse(state)?;
            let code = "pre-auth-code-of-the-samples".to_owned();
            let session = InstallSession::new(state, tenant_id.clone(), code, expires_at, Actor::system());
            self.store.create_session(&session).await?;
        }
        let qr_code = InstallSession::of_qr_code(InstallState::parse(QR_CODE)?, tenant_id, later(), Actor::system())
            .of_suite(Some(SuiteId::parse(TEMPLATE_ID)?));
        self.store.create_session(&qr_code).await?;
        let initech = TenantId::parse(INITECH.id)?;
        let assist = |secret| Change::PutAssistLink(Fingerprint::of(secret), initech.clone(), later());
        self.store
            .commit([NEW_ASSIST, OPENED_ASSIST].map(assist).to_vec())
            .await?;
        let browser = Fingerprint::of(COOKIE);
        for state in [OPENED_LINK, USED_LINK] {
            self.store.bind_browser(&InstallState::parse(state)?, &browser).await?;
        }
        let used = InstallState::parse(USED_LINK)?;
        let end = Change::EndInstallSession(used, InstallOutcome::Installed);
        self.store.commit(vec![end]).await?;
        Ok(())
    }

    /// Two events of ACME's, a second apart.
    async fn events(&self) -> Result<(), Error> {
        for (second, event, change_type, rest) in [
            (
                0,
                "change_contact",
                "create_user",
                "<UserID>wangfang</UserID><Department>3,12</Department>",
            ),
            (1, "change_contact", "delete_user", "<UserID>chenlei</UserID>"),
        ] {
            let received_at = then() + SignedDuration::from_secs(second);
            let message = format!(
                "<xml><ToUserName>{}</ToUserName><FromUserName>sys</FromUserName><CreateTime>{}</CreateTime>\
                 <MsgType>event</MsgType><Event>{event}</Event><ChangeType>{change_type}</ChangeType>{rest}</xml>",
                ACME.corp_id,
                received_at.as_second(),
            );
            let event = NewEvent {
                event_id: EventId::of(ACME_CONTACTS.callback_id, message.as_bytes()),
                delivery_id: "first".to_owned(),
                source: EventSource {
                    callback_id: Some(CallbackId::parse(ACME_CONTACTS.callback_id)?),
                    tenant_id: TenantId::parse(ACME.id)?,
                    scope: Scope::Contacts.into(),
                    corp_id: CorpId::parse(ACME.corp_id)?,
                },
                event: event.to_owned(),
                change_type: Some(change_type.to_owned()),
                created_at: Some(received_at),
                received_at,
                retention_days: None,
                damaged: false,
                payload: xml::to_json(message.as_bytes())?,
            };
            self.store.append_event(event).await?;
        }
        Ok(())
    }
}

/// Links for the values of a callback: one that nobody has opened, and one that has been.
fn assist_links(callback: &Callback) -> Vec<AssistLink> {
    let link = |number: &str, secret| AssistLink {
        expires_at: later(),
        ..AssistLink::new(
            number.repeat(32),
            callback.scope,
            callback.callback_id.clone(),
            Fingerprint::of(secret),
            then(),
        )
    };
    let opened = AssistLink {
        opened_at: Some(then()),
        viewer: Some(Fingerprint::of(COOKIE)),
        ..link("2", OPENED_ASSIST)
    };
    vec![link("1", NEW_ASSIST), opened]
}

fn callback(tenant: &Tenant, scope: Scope, address: &Address) -> Result<Callback, Error> {
    let id = CallbackId::parse(address.callback_id)?;
    let mut callback = Callback::new(id, TenantId::parse(tenant.id)?, scope);
    callback.corp_id = Some(CorpId::parse(tenant.corp_id)?);
    Ok(callback)
}
