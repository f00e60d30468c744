//! The import of a binding that another platform has made.
//!
//! WeCom is asked about the permanent code, about whose 企业ID the plaintext one is, and about no Secret: many wrong ones ban our
//! address. A Secret counts as accepted and of an unconfirmed kind until `check-health` asks about it, within twelve hours.
//!
//! Writes, in this order: the plans to write the secrets, the secrets, then one transaction of everything else. An attempt that dies in
//! between leaves plans, which the next attempt takes further, and `check-health` cleans up (docs/adr/0022).

use secrecy::SecretString;
use wecom_client::ErrorCode;

use super::{Update, bind::bind, due::first_check, refresh::is_gone};
use crate::{
    audit::Action,
    authorization::{
        AuthMode, Authorization, Callback, CleanupTask, Generation, Installation, KindCheck, RegisteredSecret,
        SecretStatus, TooManyBindings,
    },
    binding_line::{BindingLine, CallbackLine, Fault, Faulty},
    config::CallbackIdCheck,
    context::{Context, audited, saved_callback},
    entropy::random_id,
    error::StepError,
    ids::{Fingerprint, Scope},
    pasted::last_four,
    sealing::SealingKeys,
    store::{Change, SecretName, SecretsManager, StoreError},
    suite::{CallError, OpenCorpIds, StoredInstallation, SuiteAccess, installation},
};

/// Imports bindings.
#[derive(Debug, Clone, Copy)]
pub struct Import<'a> {
    /// WeCom, and the tables.
    pub suite: SuiteAccess<'a>,
    /// Secrets Manager, where permanent codes and Secrets are stored.
    pub vault: &'a SecretsManager,
    /// The sealing keys, for the credentials of callbacks.
    pub keys: &'a SealingKeys,
    /// Which corporations are meant by plaintext ids.
    pub open_corp_ids: &'a OpenCorpIds,
    /// Which callback ids are looked up.
    pub id_check: CallbackIdCheck,
}

/// How a line was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// The binding was made of it.
    Now,
    /// The binding had been made of it before.
    Before,
    /// The binding could be made of it.
    Checked,
}

/// Reason why no binding was made of a line.
#[derive(Debug)]
pub(crate) enum NotImported {
    /// The line can't be imported as it is.
    Refused(Faulty),
    /// Another attempt may succeed.
    Failed(StepError),
}

impl From<StepError> for NotImported {
    fn from(error: StepError) -> Self {
        match error {
            StepError::CorpMismatch { .. } => Self::Refused((Fault::CorpBound, Some("corp_id"))),
            error => Self::Failed(error),
        }
    }
}

impl From<StoreError> for NotImported {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<Faulty> for NotImported {
    fn from(faulty: Faulty) -> Self {
        Self::Refused(faulty)
    }
}

/// A line, and the binding that it makes.
struct Binding<'a> {
    line: &'a BindingLine,
    stored: StoredInstallation,
    /// Without the version of the permanent code, which is not written yet.
    installation: Installation,
    callbacks: Vec<Callback>,
}

impl Import<'_> {
    /// Makes the binding of a line; of a dry run only says whether it could.
    ///
    /// # Errors
    /// [`NotImported`].
    pub(crate) async fn run(
        &self,
        line: &BindingLine,
        is_dry_run: bool,
        context: Context<'_>,
    ) -> Result<Taken, NotImported> {
        match self.attempt(line, is_dry_run, context).await {
            // An earlier run may have gone on after its client had ended.
            Err(refused @ NotImported::Refused(_)) => {
                let now = self.suite.store.authorization(&line.tenant_id).await?;
                if is_made_of(&now, &line.fingerprint) {
                    Ok(Taken::Before)
                } else {
                    Err(refused)
                }
            }
            taken => taken,
        }
    }

    async fn attempt(&self, line: &BindingLine, is_dry_run: bool, context: Context<'_>) -> Result<Taken, NotImported> {
        let before = self.suite.store.authorization(&line.tenant_id).await?;
        if is_made_of(&before, &line.fingerprint) {
            return Ok(Taken::Before);
        }
        refuse_bound(&before)?;
        self.listed(line).await?;
        let owner = self.suite.store.tenant_of(&line.corp_id).await?;
        if owner.is_some_and(|owner| owner != line.tenant_id) {
            return Err((Fault::CorpBound, Some("corp_id")).into());
        }
        let callbacks = self.callbacks(line, context).await?;
        let (stored, installation) = Box::pin(self.installation(line, context)).await?;
        let binding = Binding {
            line,
            stored,
            installation,
            callbacks,
        };
        binding.refuse_incomplete(before, context)?;
        if is_dry_run {
            return Ok(Taken::Checked);
        }
        self.write(&binding, context).await
    }

    /// The callbacks, with their credentials in use.
    async fn callbacks(&self, line: &BindingLine, context: Context<'_>) -> Result<Vec<Callback>, NotImported> {
        let now = context.now();
        let keys = self.keys.to_seal(now).await?;
        let mut callbacks = Vec::new();
        for (scope, CallbackLine { path, credentials }, field) in line.callbacks() {
            let (id, legacy_path) = if let Some(id) = keys.callback_id_in(path, self.id_check) {
                (id, None)
            } else {
                let id = keys.callback_id_at(path);
                let id = id.ok_or_else(|| StepError::Internal("the sealing key was never rotated".into()))?;
                (id, Some(path.clone()))
            };
            if self.suite.store.callback(&id).await?.is_some() {
                return Err((Fault::PathTaken, Some(field)).into());
            }
            let mut callback = Callback::new(id, line.tenant_id.clone(), scope);
            callback.legacy_path = legacy_path;
            callback.corp_id.clone_from(&line.plaintext_corp_id);
            let number = callback.next_number();
            let id = &callback.callback_id;
            callback.current = Some(Generation {
                number,
                sealed: keys.seal(credentials, id, scope, number, now, context.entropy),
                created_at: now,
            });
            callback.verified_at = Some(now);
            callbacks.push(callback);
        }
        Ok(callbacks)
    }

    /// The permanent code, and the installation as WeCom describes it now.
    async fn installation(
        &self,
        line: &BindingLine,
        context: Context<'_>,
    ) -> Result<(StoredInstallation, Installation), NotImported> {
        let suite = self.suite.vault.named(line.suite_id.as_ref(), context.now()).await?;
        let suite = suite.ok_or((Fault::UnknownSuite, Some("suite_id")))?;
        let mut stored = StoredInstallation {
            corp_id: line.corp_id.clone(),
            corp_name: String::new(),
            permanent_code: line.permanent_code.clone(),
            // No auth_code is known, and none has this fingerprint.
            auth_code: Fingerprint::of("imported"),
            suite_id: suite.name(),
        };
        let info = match self.suite.auth_info(&stored, context.clock).await {
            Err(error) if is_gone(&error) || error.errcode() == Some(ErrorCode::INVALID_CORP_ID) => {
                return Err((Fault::PermanentCodeRefused, Some("permanent_code")).into());
            }
            info => info.map_err(CallError::into_step)?,
        };
        if info.corp_id != line.corp_id.as_str() {
            return Err((Fault::CorpMismatch, Some("corp_id")).into());
        }
        if let Some(plaintext) = &line.plaintext_corp_id
            && !line.corp_id.same_plaintext(plaintext.as_str())
        {
            let known = self
                .open_corp_ids
                .of(plaintext, &suite, self.suite, context.clock)
                .await?;
            if known.as_ref() != Some(&line.corp_id) {
                return Err((Fault::CorpMismatch, Some("plaintext_corp_id")).into());
            }
        }
        let installation = installation(&stored, info, String::new(), context.clock);
        if installation.auth_mode == AuthMode::Member {
            return Err((Fault::MemberAuthorization, None).into());
        }
        stored.corp_name.clone_from(&installation.corp_name);
        Ok((stored, installation.since(line.completed_at.unwrap_or(context.now()))))
    }

    /// Adds a further binding to those of its tenant; `None` for the first, and for one that is among them.
    async fn listed(&self, line: &BindingLine) -> Result<Option<Change>, NotImported> {
        if !line.tenant_id.is_further() {
            return Ok(None);
        }
        let mut bindings = self.suite.store.bindings(&line.tenant_id).await?;
        let binding_id = line.tenant_id.binding_id();
        if bindings.binding_ids.contains(&binding_id) {
            return Ok(None);
        }
        let added = bindings.add(binding_id);
        added.map_err(|TooManyBindings| (Fault::TooManyBindings, Some("tenant_id")))?;
        Ok(Some(Change::SaveBindings(line.tenant_id.tenant(), bindings)))
    }

    async fn write(&self, binding: &Binding<'_>, context: Context<'_>) -> Result<Taken, NotImported> {
        let tenant_id = &binding.line.tenant_id;
        let plans = self.plan(binding, context).await?;
        let mut versions = vec![(
            CleanupTask::Installation,
            binding.stored.put(self.vault, tenant_id).await?,
        )];
        for (scope, secret) in binding.secrets() {
            let name = SecretName::Scope(tenant_id.clone(), scope);
            versions.push((CleanupTask::Scope(scope), self.vault.put(&name, secret).await?));
        }
        let mut update = Update::of(self.suite.store, tenant_id, context);
        loop {
            let mut authorization = update.read().await?;
            // The answer to the commit was lost.
            if is_made_of(&authorization, &binding.line.fingerprint) {
                return Ok(Taken::Now);
            }
            refuse_bound(&authorization)?;
            // Whoever took a plan over deletes what was written under it.
            if !plans.iter().all(|plan| authorization.settle_write(plan)) {
                return Err(StepError::StateChanged.into());
            }
            let mut changes = binding.add_to(&mut authorization, &versions, context);
            changes.extend(self.listed(binding.line).await?);
            if update.commit(authorization, changes).await? {
                return Ok(Taken::Now);
            }
        }
    }

    /// Plans the writes of all secrets. Returns the ids of the plans.
    async fn plan(&self, binding: &Binding<'_>, context: Context<'_>) -> Result<Vec<String>, NotImported> {
        let scopes = binding.secrets().map(|(scope, _)| CleanupTask::Scope(scope));
        let plans: Vec<_> = std::iter::once(CleanupTask::Installation)
            .chain(scopes)
            .map(|secret| (secret, random_id(context.entropy)))
            .collect();
        let mut update = Update::of(self.suite.store, &binding.line.tenant_id, context);
        loop {
            let mut authorization = update.read().await?;
            refuse_bound(&authorization)?;
            for (secret, id) in &plans {
                // Secrets are being deleted, after a disconnect.
                if !authorization.plan_write(*secret, id.clone(), context.now()) {
                    return Err(StepError::AttemptInProgress.into());
                }
            }
            if update.commit(authorization, Vec::new()).await? {
                return Ok(plans.into_iter().map(|(_, id)| id).collect());
            }
        }
    }
}

/// Whether the binding was made of the line with this fingerprint.
fn is_made_of(authorization: &Authorization, line: &Fingerprint) -> bool {
    authorization.installed().is_some() && authorization.imported.as_ref() == Some(line)
}

/// Nothing of a binding that there is is replaced.
fn refuse_bound(authorization: &Authorization) -> Result<(), NotImported> {
    if authorization.is_removed {
        return Err((Fault::BindingRemoved, Some("binding_id")).into());
    }
    let has = |scope: Scope| !authorization.scope(scope).is_empty();
    if authorization.present().is_some() || Scope::ALL.into_iter().any(has) {
        return Err((Fault::TenantBound, Some("tenant_id")).into());
    }
    Ok(())
}

impl Binding<'_> {
    fn secrets(&self) -> impl Iterator<Item = (Scope, &SecretString)> {
        let scopes = self.line.scopes.iter();
        scopes.filter_map(|(scope, line)| Some((*scope, line.secret.as_ref()?)))
    }

    /// Refuses a line that says that it is complete, and is not.
    fn refuse_incomplete(&self, mut authorization: Authorization, context: Context<'_>) -> Result<(), NotImported> {
        let Some(completed_at) = self.line.completed_at else {
            return Ok(());
        };
        let field = Some("completed_at");
        if completed_at > context.now() {
            return Err((Fault::CompletedInFuture, field).into());
        }
        self.add_to(&mut authorization, &[], context);
        let callback = |scope| self.callbacks.iter().find(|callback| callback.scope == scope);
        let [contacts, external_contacts] = Scope::ALL.map(callback);
        if authorization.missing(contacts, external_contacts).is_empty() {
            Ok(())
        } else {
            Err((Fault::StepsMissing, field).into())
        }
    }

    /// Adds the binding to an authorization that has none. Returns what is written with it.
    fn add_to(
        &self,
        authorization: &mut Authorization,
        versions: &[(CleanupTask, String)],
        context: Context<'_>,
    ) -> Vec<Change> {
        let (line, tenant_id) = (self.line, &self.line.tenant_id);
        let version = |secret: CleanupTask| {
            let written = versions.iter().find(|(written, _)| *written == secret);
            written.map_or_else(String::new, |(_, version_id)| version_id.clone())
        };
        let mut installation = self.installation.clone();
        installation.version_id = version(CleanupTask::Installation);
        let mut changes = bind(authorization.present(), &mut installation, tenant_id);
        let removed = authorization.install(installation);
        changes.extend(removed.into_iter().map(Change::RemoveCallback));
        authorization.settings.event_retention_days = line
            .event_retention_days
            .or(authorization.settings.event_retention_days);
        let mut entry = context.entry(Action::Imported).with("corp_id", &line.corp_id);
        for callback in &self.callbacks {
            authorization.scope_mut(callback.scope).callback_id = Some(callback.callback_id.clone());
            if let Some(path) = &callback.legacy_path {
                entry = entry.with(&format!("{}_path", callback.scope.as_str()), path);
            }
            let callback = Callback {
                event_retention_days: authorization.settings.event_retention_days,
                ..callback.clone()
            };
            changes.extend(saved_callback(None, callback, context));
        }
        changes.push(audited(tenant_id, entry));
        for (scope, written) in &line.scopes {
            let secret = written.secret.as_ref().zip(line.plaintext_corp_id.as_ref());
            authorization.scope_mut(*scope).secret = secret.map(|(secret, corp_id)| RegisteredSecret {
                status: SecretStatus::Accepted,
                corp_id: corp_id.clone(),
                kind_check: KindCheck::Unconfirmed,
                status_since: context.now(),
                last_four: last_four(secret),
                version_id: version(CleanupTask::Scope(*scope)),
                agent_id: written.agent_id,
                registered_at: context.now(),
                checked_at: context.now(),
            });
        }
        authorization.completed_at = line.completed_at;
        authorization.imported = Some(line.fingerprint.clone());
        if authorization.cleanup.is_none() {
            authorization.next_check_at = Some(first_check(tenant_id, context.now()));
        }
        changes
    }
}
