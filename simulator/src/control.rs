//! The control interface: what a person does on WeCom's pages, and what a test does to WeCom, as functions.
//!
//! The pages and the JSON interface under `/_simulator/` are two ways to call what is here.

mod callbacks;
pub(crate) mod http;
pub(crate) mod requests;
mod suite;
pub(crate) mod views;

use std::sync::Arc;

use self::requests::{ClockRequest, InstallRequest, NewCorporation, SettingsPatch, SwitchesPatch};
use self::views::{ClockView, CorporationView, InstallView, SecretView, StateView};
use crate::clock::LONGEST_ADVANCE_SECONDS;
use crate::faults::Fault;
use crate::hub::Hub;
use crate::install::{self, InstallLink};
use crate::journal::CallRecord;
use crate::tickets;
use crate::world::corporation::SecretKind;
use crate::world::ledger::{Holder, WrongSecrets};
use crate::world::seeds::{self, Founding};
use crate::world::settings::{Settings, Switches};

/// The most copies of an event in one request.
const MAX_COPIES: usize = 1000;
/// The most members of a corporation.
const MAX_MEMBERS: usize = 100_000;

/// Why something could not be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// No corporation has that id.
    #[error("no corporation has this id")]
    UnknownCorporation,
    /// Nothing has that name; `/_simulator/state` lists what there is.
    #[error("unknown {0}")]
    Unknown(&'static str),
    /// The request contradicts itself or the rules of WeCom.
    #[error("{0}")]
    Invalid(String),
    /// That needs something that is not there yet.
    #[error("{0}")]
    NotReady(&'static str),
}

/// WeCom's side, to be acted on.
#[derive(Clone)]
pub struct Control {
    pub(crate) hub: Arc<Hub>,
}

impl Control {
    /// Everything there is, Secrets included.
    #[must_use]
    pub fn state(&self) -> StateView {
        let faults = self.hub.faults.waiting();
        self.hub.look(|world, now| StateView::of(&self.hub, world, now, faults))
    }

    /// Founds one more corporation.
    ///
    /// # Errors
    /// [`ControlError::Invalid`] for an id that is taken, or more people than fit.
    pub fn add_corporation(&self, new: &NewCorporation) -> Result<CorporationView, ControlError> {
        if new.members > MAX_MEMBERS || new.followers > new.members {
            return Err(ControlError::Invalid(format!(
                "up to {MAX_MEMBERS} members, and no more followers than members"
            )));
        }
        self.hub.change(|scene| {
            let taken = new
                .corp_id
                .as_deref()
                .is_some_and(|id| scene.world.corporation(id).is_some());
            let open_taken = new
                .open_corp_id
                .as_deref()
                .is_some_and(|id| scene.world.by_open_corp_id(id).is_some());
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
            let corporation = seeds::found(&founding, scene.entropy);
            let view = CorporationView::of(&corporation);
            scene.world.corporations.push(corporation);
            Ok(view)
        })
    }

    /// Confirms an install link without a browser, and gives the address the browser would be sent to.
    ///
    /// # Errors
    /// [`ControlError::Invalid`] for a link that the install page would refuse.
    pub fn install(&self, request: &InstallRequest) -> Result<InstallView, ControlError> {
        let link = InstallLink::parse(&request.url).map_err(|fault| ControlError::Invalid(fault.to_string()))?;
        let redirect_url = self.hub.change(|scene| {
            if scene.world.corporation(&request.corp_id).is_none() {
                return Err(ControlError::UnknownCorporation);
            }
            install::confirm(scene, &link, &request.corp_id, request.auth_mode)
                .map_err(|fault| ControlError::Invalid(fault.to_string()))
        })?;
        Ok(InstallView { redirect_url })
    }

    /// A Secret of a corporation.
    ///
    /// # Errors
    /// [`ControlError::UnknownCorporation`].
    pub fn secret(&self, corp_id: &str, kind: SecretKind) -> Result<SecretView, ControlError> {
        self.hub.look(|world, _| {
            let corporation = world.corporation(corp_id).ok_or(ControlError::UnknownCorporation)?;
            Ok(SecretView {
                secret: corporation.secrets.of(kind).to_owned(),
            })
        })
    }

    /// Presses 重新获取 beside a Secret: the old one and its tokens are dead at once.
    ///
    /// # Errors
    /// [`ControlError::UnknownCorporation`].
    pub fn reset_secret(&self, corp_id: &str, kind: SecretKind) -> Result<SecretView, ControlError> {
        self.hub.change(|scene| {
            let secret = seeds::secret(scene.entropy);
            let corporation = scene
                .world
                .corporation_mut(corp_id)
                .ok_or(ControlError::UnknownCorporation)?;
            corporation.secrets.replace(kind, secret.clone());
            let holder = Holder::Secret {
                corp_id: corporation.corp_id.clone(),
                kind,
            };
            scene.world.revoke(&holder);
            Ok(SecretView { secret })
        })
    }

    /// Changes how WeCom behaves towards one corporation.
    ///
    /// # Errors
    /// [`ControlError::UnknownCorporation`].
    pub fn set_switches(&self, corp_id: &str, patch: SwitchesPatch) -> Result<Switches, ControlError> {
        self.hub.change(|scene| {
            let corporation = scene
                .world
                .corporation_mut(corp_id)
                .ok_or(ControlError::UnknownCorporation)?;
            patch.apply_to(&mut corporation.switches);
            Ok(corporation.switches)
        })
    }

    /// Changes how WeCom behaves towards everybody.
    ///
    /// # Errors
    /// [`ControlError::Invalid`] for a code that WeCom does not answer with, or a limit of none.
    pub fn set_settings(&self, patch: SettingsPatch) -> Result<Settings, ControlError> {
        patch.check().map_err(ControlError::Invalid)?;
        let settings = self.hub.change(|scene| {
            patch.apply_to(&mut scene.world.settings);
            scene.world.settings
        });
        self.hub.ticket_due.notify_one();
        Ok(settings)
    }

    /// Ends the ban for wrong secrets, and forgets their count.
    pub fn lift_ban(&self) {
        self.hub.change(|scene| {
            scene.world.wrong_secrets = WrongSecrets::default();
        });
    }

    /// Asks for faults, after those that are waiting already.
    pub fn add_faults(&self, faults: impl IntoIterator<Item = Fault>) -> Vec<Fault> {
        self.hub.faults.add(faults);
        self.hub.faults.waiting()
    }

    /// Takes back all faults.
    pub fn clear_faults(&self) {
        self.hub.faults.clear();
    }

    /// The latest API calls, oldest first.
    #[must_use]
    pub fn calls(&self) -> Vec<CallRecord> {
        self.hub.journal.calls()
    }

    /// Forgets the calls.
    pub fn clear_calls(&self) {
        self.hub.journal.clear();
    }

    /// Moves WeCom's clock on. When that makes a suite ticket due, it is pushed before this returns, unless tickets are paused.
    ///
    /// # Errors
    /// [`ControlError::Invalid`] for more than ten years.
    pub async fn advance_clock(&self, request: ClockRequest) -> Result<ClockView, ControlError> {
        let seconds = Some(request.advance_seconds)
            .filter(|seconds| *seconds <= LONGEST_ADVANCE_SECONDS)
            .and_then(|seconds| i64::try_from(seconds).ok())
            .ok_or_else(|| ControlError::Invalid("ten years at most".to_owned()))?;
        self.hub.change(|scene| {
            scene.world.clock_offset_seconds = scene.world.clock_offset_seconds.saturating_add(seconds);
        });
        let ticket = if tickets::due_in(&self.hub).is_some_and(|due| due.is_zero()) {
            tickets::push(&self.hub).await
        } else {
            None
        };
        self.hub.ticket_due.notify_one();
        Ok(ClockView {
            now: self.hub.now(),
            ticket,
        })
    }
}
