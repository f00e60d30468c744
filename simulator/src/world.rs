//! State of WeCom: corporations, codes, tokens, deliveries.
//!
//! Plain data and the rules between them. No I/O and no clock: the time is always an argument.

pub(crate) mod corporation;
pub(crate) mod ledger;
pub(crate) mod seeds;
pub(crate) mod settings;

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use self::{
    corporation::Corporation,
    ledger::{AccessToken, AuthCode, PreAuthCode, QrCode, Ticket, WrongSecrets},
    settings::Settings,
};
use crate::delivery::{CheckOutcome, Delivery};

/// Number of deliveries kept.
const DELIVERIES_KEPT: usize = 100;

/// State of WeCom.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct World {
    pub(crate) corporations: Vec<Corporation>,
    pub(crate) settings: Settings,
    pub(crate) suite: SuiteSide,
    pub(crate) other_suites: BTreeMap<String, SuiteSide>,
    pub(crate) pre_auth_codes: Vec<PreAuthCode>,
    pub(crate) auth_codes: Vec<AuthCode>,
    pub(crate) qr_codes: Vec<QrCode>,
    pub(crate) access_tokens: Vec<AccessToken>,
    pub(crate) wrong_secrets: WrongSecrets,
    /// Latest deliveries, newest first.
    pub(crate) deliveries: VecDeque<Delivery>,
    /// Difference between WeCom's clock and the real one.
    pub(crate) clock_offset_seconds: i64,
}

/// Which of the provider's apps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Which(Option<String>);

impl Which {
    /// First app of the provider.
    pub(crate) const FIRST: Self = Self(None);

    /// Another one, by its id.
    pub(crate) fn another(suite_id: &str) -> Self {
        Self(Some(suite_id.to_owned()))
    }

    /// Its id, if it is not the first.
    pub(crate) fn id(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

/// A suite's command callback, and the tickets pushed to it.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SuiteSide {
    pub(crate) callback_url: Option<Url>,
    pub(crate) tickets: Vec<Ticket>,
    /// Time at which a ticket was last answered with `success`.
    pub(crate) ticket_accepted_at: Option<Timestamp>,
    pub(crate) last_check: Option<CheckOutcome>,
}

impl World {
    /// What is known of a suite.
    pub(crate) fn side(&mut self, which: &Which) -> &mut SuiteSide {
        match which.id() {
            None => &mut self.suite,
            Some(suite_id) => self.other_suites.entry(suite_id.to_owned()).or_default(),
        }
    }

    /// [`Self::side`] of a suite, without a change.
    pub(crate) fn side_now(&self, which: &Which) -> SuiteSide {
        match which.id() {
            None => self.suite.clone(),
            Some(suite_id) => self.other_suites.get(suite_id).cloned().unwrap_or_default(),
        }
    }

    /// The corporation with this plaintext id, compared case-insensitively.
    pub(crate) fn corporation(&self, corp_id: &str) -> Option<&Corporation> {
        self.corporations
            .iter()
            .find(|corporation| corporation.corp_id.eq_ignore_ascii_case(corp_id))
    }

    /// Mutable access to the corporation with this plaintext id.
    pub(crate) fn corporation_mut(&mut self, corp_id: &str) -> Option<&mut Corporation> {
        self.corporations
            .iter_mut()
            .find(|corporation| corporation.corp_id.eq_ignore_ascii_case(corp_id))
    }

    /// The corporation with this encrypted id of the provider, compared case-sensitively.
    pub(crate) fn by_open_corp_id(&self, open_corp_id: &str) -> Option<&Corporation> {
        self.corporations
            .iter()
            .find(|corporation| corporation.open_corp_id == open_corp_id)
    }

    pub(crate) fn record_delivery(&mut self, delivery: Delivery) {
        self.deliveries.push_front(delivery);
        self.deliveries.truncate(DELIVERIES_KEPT);
    }
}
