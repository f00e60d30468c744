//! Writes bindings with everything that opens them, as lines that `import-bindings` takes, sealed to a key of the operator's.
//!
//! That a binding is exported is in its audit trail before the page that has it is answered. Nothing else is changed.
//!
//! Tests: `tests/it/export.rs`.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use crate::{
    context::Context,
    error::StepError,
    ids::TenantId,
    lifecycle::{Export, LeftOut},
    sealing::Recipient,
    store::SecretName,
};

/// Bindings of tenants between two looks at the time.
const PART: usize = 20;

/// Exports bindings.
#[derive(Debug)]
pub struct ExportBindings<'a> {
    /// Exports one.
    pub export: Export<'a>,
    /// Number of bindings after which a page ends. A page of Secrets Manager's list is not divided.
    pub limit: usize,
}

/// The bindings that are exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exported {
    /// Every binding that has a permanent code in Secrets Manager, from this page of its list on.
    All(Option<String>),
    /// Every binding of these tenants, from this one on.
    Of(Vec<TenantId>, Option<TenantId>),
}

/// A page of an export.
#[derive(Debug)]
pub struct ExportPage {
    /// The number of bindings in it.
    pub exported: usize,
    /// What is not in it.
    pub left_out: Vec<LeftOut>,
    /// The lines, sealed; `None` when there is none.
    pub sealed: Option<String>,
    /// Where the next page begins: a page of Secrets Manager's list, or a binding.
    pub next: Option<String>,
}

/// What became of one binding: its line, and what is not in it.
type Written = (Option<SecretString>, Vec<LeftOut>);

impl ExportBindings<'_> {
    /// A page of bindings, sealed to `recipient`. None of them is begun after `until`, but those of a page of Secrets Manager's list.
    ///
    /// # Errors
    /// [`StepError::UnknownPosition`], or the failure of a store. The same page can be asked for again.
    pub async fn run(
        &self,
        exported: Exported,
        recipient: &Recipient,
        until: Timestamp,
        context: Context<'_>,
    ) -> Result<ExportPage, StepError> {
        let mut written = Vec::new();
        let next = match exported {
            Exported::All(mut position) => loop {
                let (listed, next) = self.export.vault.list(position).await?;
                let keys = listed.into_iter().filter_map(|secret| match secret.name {
                    SecretName::Installation(key) => Some(key),
                    _ => None,
                });
                written.extend(self.written(keys.collect(), recipient, context).await?);
                if next.is_none() || written.len() >= self.limit || context.now() >= until {
                    break next;
                }
                position = next;
            },
            Exported::Of(tenants, from) => {
                let mut keys = self.bindings_of(&tenants).await?;
                keys.retain(|key| from.as_ref().is_none_or(|from| key >= from));
                let mut parts = keys.chunks(PART.min(self.limit));
                let mut next = parts.next();
                while let Some(part) = next {
                    written.extend(self.written(part.to_vec(), recipient, context).await?);
                    next = parts.next();
                    if written.len() >= self.limit || context.now() >= until {
                        break;
                    }
                }
                next.and_then(|part| part.first()).map(ToString::to_string)
            }
        };
        let (mut lines, mut left_out) = (Zeroizing::new(Vec::new()), Vec::new());
        let mut exported = 0;
        for (line, missing) in written {
            left_out.extend(missing);
            if let Some(line) = line {
                exported += 1;
                lines.extend(line.expose_secret().as_bytes());
                lines.push(b'\n');
            }
        }
        Ok(ExportPage {
            exported,
            left_out,
            sealed: (exported > 0).then(|| recipient.seal(&lines, context.entropy)),
            next,
        })
    }

    /// The keys of all bindings of tenants, in an order that stays.
    async fn bindings_of(&self, tenants: &[TenantId]) -> Result<Vec<TenantId>, StepError> {
        let mut keys = tenants.to_vec();
        for tenant_id in tenants {
            let further = self.export.store.bindings(tenant_id).await?.binding_ids;
            keys.extend(further.iter().map(|binding_id| tenant_id.binding(binding_id)));
        }
        keys.sort_unstable();
        keys.dedup();
        Ok(keys)
    }

    /// The lines of bindings, four at a time.
    async fn written(
        &self,
        keys: Vec<TenantId>,
        recipient: &Recipient,
        context: Context<'_>,
    ) -> Result<Vec<Written>, StepError> {
        let queue = Mutex::new(keys.into_iter());
        let work = async || {
            let mut written = Vec::new();
            loop {
                let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
                let Some(key) = next else {
                    return Ok::<_, StepError>(written);
                };
                // Boxed, because four of these futures are part of one.
                written.push(Box::pin(self.export.line(&key, recipient, context)).await?);
            }
        };
        let (a, b, c, d) = tokio::try_join!(work(), work(), work(), work())?;
        Ok([a, b, c, d].into_iter().flatten().collect())
    }
}
