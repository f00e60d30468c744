//! Takes over bindings that another platform has made, without their admins.
//!
//! Each line is imported by itself, as `lifecycle/import.rs` says; one that is wrong keeps no other from being imported.
//!
//! Tests: `tests/it/import.rs`.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;
use secrecy::SecretString;

use crate::{
    binding_line::{BindingLine, Fault, Faulty},
    context::Context,
    error::StepError,
    ids::{CallbackPath, CorpId, TenantId},
    lifecycle::{Import, NotImported, Taken},
};

/// Imports bindings.
#[derive(Debug)]
pub struct ImportBindings<'a> {
    /// Imports one.
    pub import: Import<'a>,
}

/// What became of a line.
#[derive(Debug)]
pub struct LineReport {
    /// The tenant, and which of its bindings, if the line names one.
    pub tenant_id: Option<TenantId>,
    /// What became of it.
    pub outcome: LineOutcome,
}

/// What became of a line.
#[derive(Debug)]
pub enum LineOutcome {
    /// The binding is there now.
    Imported,
    /// It was imported before; nothing was changed.
    Already,
    /// It would be imported; nothing was changed.
    Importable,
    /// It can't be imported as it is; nothing was changed.
    Refused(Faulty),
    /// It could not be imported this time; the same line may be sent again.
    Failed(StepError),
    /// The time was up before it was looked at.
    NotBegun,
}

impl ImportBindings<'_> {
    /// Imports each line, four at a time, and begins none after `until`. A report for each line, in their order.
    pub async fn run(
        &self,
        lines: &[SecretString],
        is_dry_run: bool,
        until: Timestamp,
        context: Context<'_>,
    ) -> Vec<LineReport> {
        let mut seen = Seen::default();
        let read: Vec<_> = lines
            .iter()
            .map(|text| BindingLine::parse(text).and_then(|line| seen.once(&line).map(|()| line)))
            .collect();
        let queue = Mutex::new(read.iter().enumerate());
        let work = async || {
            let mut done = Vec::new();
            loop {
                let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
                let Some((number, line)) = next else { return done };
                // Boxed, because four of these futures are part of one.
                done.push((number, Box::pin(self.outcome(line, is_dry_run, until, context)).await));
            }
        };
        let (a, b, c, d) = tokio::join!(work(), work(), work(), work());
        let mut done: Vec<_> = [a, b, c, d].into_iter().flatten().collect();
        done.sort_unstable_by_key(|(number, _)| *number);
        done.into_iter().map(|(_, report)| report).collect()
    }

    async fn outcome(
        &self,
        line: &Result<BindingLine, Faulty>,
        is_dry_run: bool,
        until: Timestamp,
        context: Context<'_>,
    ) -> LineReport {
        let line = match line {
            Ok(line) => line,
            Err(faulty) => {
                return LineReport {
                    tenant_id: None,
                    outcome: LineOutcome::Refused(*faulty),
                };
            }
        };
        let outcome = if context.now() >= until {
            LineOutcome::NotBegun
        } else {
            match self.import.run(line, is_dry_run, context).await {
                Ok(Taken::Now) => LineOutcome::Imported,
                Ok(Taken::Before) => LineOutcome::Already,
                Ok(Taken::Checked) => LineOutcome::Importable,
                Err(NotImported::Refused(faulty)) => LineOutcome::Refused(faulty),
                Err(NotImported::Failed(error)) => {
                    tracing::warn!(error = %error, tenant.id = %line.tenant_id, "a binding could not be imported");
                    LineOutcome::Failed(error)
                }
            }
        };
        LineReport {
            tenant_id: Some(line.tenant_id.clone()),
            outcome,
        }
    }
}

/// What the lines before have.
#[derive(Default)]
struct Seen {
    tenants: HashSet<TenantId>,
    corps: HashSet<CorpId>,
    paths: HashSet<CallbackPath>,
}

impl Seen {
    /// Refuses a line that has what one before it has. Lines of one batch are imported side by side.
    fn once(&mut self, line: &BindingLine) -> Result<(), Faulty> {
        if self.tenants.contains(&line.tenant_id) {
            return Err((Fault::TenantTwice, Some("tenant_id")));
        }
        if self.corps.contains(&line.corp_id) {
            return Err((Fault::CorpTwice, Some("corp_id")));
        }
        let mut paths = HashSet::new();
        for (_, callback, field) in line.callbacks() {
            if self.paths.contains(&callback.path) || !paths.insert(callback.path.clone()) {
                return Err((Fault::PathTwice, Some(field)));
            }
        }
        self.tenants.insert(line.tenant_id.clone());
        self.corps.insert(line.corp_id.clone());
        self.paths.extend(paths);
        Ok(())
    }
}
