//! The control interface: actions of people on WeCom's pages, and settings for tests, as functions.
//!
//! The pages and the JSON interface under `/_simulator/` both call these functions.

mod app;
mod callbacks;
pub(crate) mod http;
pub(crate) mod requests;
mod suite;
pub(crate) mod views;

use std::sync::Arc;

use self::{
    requests::{ClockRequest, InstallRequest, NewCorporation, SettingsPatch, SwitchesPatch},
    views::{ClockView, CorporationView, InstallView, SecretView, StateView},
};
use crate::{
    clock::LONGEST_ADVANCE_SECONDS,
    faults::Fault,
    install::{self, InstallLink},
    journal::CallRecord,
    shared::Shared,
    tickets,
    world::{
        corporation::SecretKind,
        ledger::{Holder, WrongSecrets},
        seeds::{self, Founding},
        settings::{Settings, Switches},
    },
};

/// Maximum number of copies of an event in one request.
const MAX_COPIES: usize = 1000;
/// Maximum number of members of a corporation.
const MAX_MEMBERS: usize = 100_000;

/// Error of an action.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// No corporation has that id.
    #[error("no corporation has this id")]
    UnknownCorporation,
    /// There is nothing with that name; `/_simulator/state` lists all names.
    #[error("unknown {0}")]
    Unknown(&'static str),
    /// The request is contradictory, or violates a rule of WeCom.
    #[error("{0}")]
    Invalid(String),
    /// A precondition is missing.
    #[error("{0}")]
    NotReady(&'static str),
}

/// Access to the running simulator.
#[derive(Clone)]
pub struct Control {
    pub(crate) shared: Arc<Shared>,
}

impl Control {
    /// The whole state, Secrets included.
    #[must_use]
    pub fn state(&self) -> StateView {
        let faults = self.shared.faults.waiting();
        self.shared
            .look(|world, now| StateView::of(&self.shared, world, now, faults))
    }

    /// Creates a corporation.
    ///
    /// # Errors
    /// [`ControlError::Invalid`] for an id that is in use, or for too many members.
    pub fn add_corporation(&self, new: &NewCorporation) -> Result<CorporationView, ControlError> {
        if new.members > MAX_MEMBERS || new.followers > new.members {
            return Err(ControlError::Invalid(format!(
                "up to {MAX_MEMBERS} members, and no more followers than members"
            )));
        }
        self.shared.change(|context| {
            let taken = new
                .corp_id
                .as_deref()
                .is_some_and(|id| context.world.corporation(id).is_some());
            let open_taken = new
                .open_corp_id
                .as_deref()
                .is_some_and(|id| context.world.by_open_corp_id(id).is_some());
            if taken || open_taken {
                return Err(ControlError::Invalid("the corporation id is taken".to_owned()));
            }
            let founding = Founding {
                name: &new.name,
                corp_id: new.corp_id.as_deref(),
                open_corp_id: new.open_corp_id.as_deref(),
                members: new.members,
                followers: new.followers,
            };
            let corporation = seeds::found(&founding, context.entropy);
            let view = CorporationView::of(&corporation);
            context.world.corporations.push(corporation);
            Ok(view)
        })
    }

    /// Confirms an install link without a browser, and answers the URL of the redirect.
    ///
    /// # Errors
    /// [`ControlError::Invalid`] for a link that the install page would refuse.
    pub fn install(&self, request: &InstallRequest) -> Result<InstallView, ControlError> {
        let link = InstallLink::parse(&request.url).map_err(|fault| ControlError::Invalid(fault.to_string()))?;
        let redirect_url = self.shared.change(|context| {
            if context.world.corporation(&request.corp_id).is_none() {
                return Err(ControlError::UnknownCorporation);
            }
            install::confirm(context, &link, &request.corp_id, request.auth_mode)
                .map_err(|fault| ControlError::Invalid(fault.to_string()))
        })?;
        Ok(InstallView { redirect_url })
    }

    /// A Secret of a corporation.
    ///
    /// # Errors
    /// [`ControlError::UnknownCorporation`].
    pub fn secret(&self, corp_id: &str, kind: SecretKind) -> Result<SecretView, ControlError> {
        self.shared.look(|world, _| {
            let corporation = world.corporation(corp_id).ok_or(ControlError::UnknownCorporation)?;
            Ok(SecretView {
                secret: corporation.secrets.of(kind).to_owned(),
            })
        })
    }

    /// Presses 重新获取 for a Secret: the old one and its tokens are invalid at once.
    ///
    /// # Errors
    /// [`ControlError::UnknownCorporation`].
    pub fn reset_secret(&self, corp_id: &str, kind: SecretKind) -> Result<SecretView, ControlError> {
        self.shared.change(|context| {
            let secret = seeds::secret(context.entropy);
            let corporation = context
                .world
                .corporation_mut(corp_id)
                .ok_or(ControlError::UnknownCorporation)?;
            corporation.secrets.replace(kind, secret.clone());
            let holder = Holder::Secret {
                corp_id: corporation.corp_id.clone(),
                kind,
            };
            context.world.revoke(&holder);
            Ok(SecretView { secret })
        })
    }

    /// Changes settings of one corporation.
    ///
    /// # Errors
    /// [`ControlError::UnknownCorporation`].
    pub fn set_switches(&self, corp_id: &str, patch: SwitchesPatch) -> Result<Switches, ControlError> {
        self.shared.change(|context| {
            let corporation = context
                .world
                .corporation_mut(corp_id)
                .ok_or(ControlError::UnknownCorporation)?;
            patch.apply_to(&mut corporation.switches);
            Ok(corporation.switches)
        })
    }

    /// Changes settings of all corporations.
    ///
    /// # Errors
    /// [`ControlError::Invalid`] for a code that WeCom does not use, or a limit of zero.
    pub fn set_settings(&self, patch: SettingsPatch) -> Result<Settings, ControlError> {
        patch.check().map_err(ControlError::Invalid)?;
        let settings = self.shared.change(|context| {
            patch.apply_to(&mut context.world.settings);
            context.world.settings
        });
        self.shared.suites.wake();
        Ok(settings)
    }

    /// Ends the ban for wrong secrets, and resets their count.
    pub fn lift_ban(&self) {
        self.shared.change(|context| {
            context.world.wrong_secrets = WrongSecrets::default();
        });
    }

    /// Adds faults after the pending ones.
    pub fn add_faults(&self, faults: impl IntoIterator<Item = Fault>) -> Vec<Fault> {
        self.shared.faults.add(faults);
        self.shared.faults.waiting()
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        self.shared.faults.clear();
    }

    /// Latest API calls, oldest first.
    #[must_use]
    pub fn calls(&self) -> Vec<CallRecord> {
        self.shared.journal.calls()
    }

    /// Empties the journal.
    pub fn clear_calls(&self) {
        self.shared.journal.clear();
    }

    /// Advances WeCom's clock. A suite ticket that becomes due is pushed before this returns, unless tickets are paused.
    ///
    /// # Errors
    /// [`ControlError::Invalid`] for more than ten years.
    pub async fn advance_clock(&self, request: ClockRequest) -> Result<ClockView, ControlError> {
        let seconds = Some(request.advance_seconds)
            .filter(|seconds| *seconds <= LONGEST_ADVANCE_SECONDS)
            .and_then(|seconds| i64::try_from(seconds).ok())
            .ok_or_else(|| ControlError::Invalid("ten years at most".to_owned()))?;
        self.shared.change(|context| {
            context.world.clock_offset_seconds = context.world.clock_offset_seconds.saturating_add(seconds);
        });
        let mut ticket = None;
        for which in self.shared.suites.all() {
            if tickets::due_in(&self.shared, &which).is_some_and(|due| due.is_zero()) {
                let pushed = tickets::push(&self.shared, &which).await;
                ticket = ticket.or(pushed);
            }
        }
        self.shared.suites.wake();
        Ok(ClockView {
            now: self.shared.now(),
            ticket,
        })
    }
}
