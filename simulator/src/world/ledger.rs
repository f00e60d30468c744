//! Tickets, codes and tokens that were issued, and the count of wrong secrets.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    Which, World,
    corporation::{AuthMode, SecretKind},
};
use crate::{clock, entropy::Entropy};

/// Validity of a suite ticket: 30 minutes.
pub(crate) const TICKET_LIFETIME_SECONDS: i64 = 1800;
/// Validity of every token: 2 hours.
pub(crate) const TOKEN_LIFETIME_SECONDS: i64 = 7200;
/// Validity of a pre-auth code: 20 minutes.
pub(crate) const PRE_AUTH_CODE_LIFETIME_SECONDS: i64 = 1200;
/// Validity of a QR code for templates: 10 days.
pub(crate) const QR_CODE_LIFETIME_SECONDS: i64 = 864_000;
/// Validity of an auth code: 10 minutes.
pub(crate) const AUTH_CODE_LIFETIME_SECONDS: i64 = 600;
/// Period in which wrong secrets are counted, and duration of the ban: 1 hour.
pub(crate) const BAN_SECONDS: i64 = 3600;
/// Number of codes and tokens kept, expired ones included: those are answered with "expired", not "unknown".
const KEPT: usize = 200;

/// A pushed suite ticket.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Ticket {
    pub(crate) value: String,
    pub(crate) made_at: Timestamp,
}

/// A code in an install link.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct PreAuthCode {
    pub(crate) value: String,
    pub(crate) expires_at: Timestamp,
    pub(crate) used: bool,
    /// `auth_type` 1 of `set_session_info`: a test authorization.
    pub(crate) test: bool,
    #[serde(default)]
    pub(crate) suite: Which,
}

/// A QR code with which an administrator authorizes templates. Several may scan it.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct QrCode {
    /// The code in its link.
    pub(crate) value: String,
    pub(crate) state: String,
    pub(crate) templates: Vec<Which>,
    pub(crate) expires_at: Timestamp,
}

/// A code that can be exchanged for a permanent code once.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct AuthCode {
    pub(crate) value: String,
    pub(crate) corp_id: String,
    pub(crate) auth_mode: AuthMode,
    pub(crate) expires_at: Timestamp,
    pub(crate) used: bool,
    /// Whether it comes from `reset_permanent_code`: the exchange then creates a new permanent code.
    pub(crate) resets: bool,
    /// `state` of the QR code that was scanned.
    #[serde(default)]
    pub(crate) state: Option<String>,
    #[serde(default)]
    pub(crate) suite: Which,
}

/// Holder of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Holder {
    /// `suite_access_token` of the first suite.
    Suite,
    /// `suite_access_token` of another suite.
    OtherSuite { suite_id: String },
    /// `provider_access_token`.
    Provider,
    /// The installed app in a corporation.
    Installation {
        corp_id: String,
        #[serde(default)]
        suite: Which,
    },
    /// A corporation, with one of its own Secrets.
    Secret { corp_id: String, kind: SecretKind },
}

/// A token of any type.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct AccessToken {
    pub(crate) value: String,
    pub(crate) holder: Holder,
    pub(crate) expires_at: Timestamp,
}

/// Count of wrong secrets. WeCom counts by source address; here there is one.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct WrongSecrets {
    seen_at: Vec<Timestamp>,
    pub(crate) banned_until: Option<Timestamp>,
}

impl WrongSecrets {
    pub(crate) fn banned(&self, now: Timestamp) -> bool {
        self.banned_until.is_some_and(|until| now < until)
    }

    /// Counts a wrong secret; at the limit the ban starts.
    pub(crate) fn count(&mut self, now: Timestamp, limit: u32) {
        let window = SignedDuration::from_secs(BAN_SECONDS);
        self.seen_at.retain(|seen| now.duration_since(*seen) < window);
        self.seen_at.push(now);
        if self.seen_at.len() >= usize::try_from(limit).unwrap_or(usize::MAX) {
            self.seen_at.clear();
            self.banned_until = Some(clock::after(now, BAN_SECONDS));
        }
    }
}

impl World {
    pub(crate) fn new_ticket(&mut self, which: &Which, now: Timestamp, entropy: &mut Entropy) -> String {
        let value = format!("tk_{}", entropy.letters_and_digits(61));
        push(
            &mut self.side(which).tickets,
            Ticket {
                value: value.clone(),
                made_at: now,
            },
        );
        value
    }

    pub(crate) fn ticket_is_fresh(&self, which: &Which, ticket: &str, now: Timestamp) -> bool {
        let lifetime = SignedDuration::from_secs(TICKET_LIFETIME_SECONDS);
        self.side_now(which)
            .tickets
            .iter()
            .any(|known| known.value == ticket && now.duration_since(known.made_at) < lifetime)
    }

    pub(crate) fn new_pre_auth_code(&mut self, suite: Which, now: Timestamp, entropy: &mut Entropy) -> String {
        let value = format!("pac_{}", entropy.letters_and_digits(60));
        let code = PreAuthCode {
            value: value.clone(),
            expires_at: clock::after(now, PRE_AUTH_CODE_LIFETIME_SECONDS),
            used: false,
            test: false,
            suite,
        };
        push(&mut self.pre_auth_codes, code);
        value
    }

    pub(crate) fn new_qr_code(
        &mut self,
        templates: Vec<Which>,
        state: &str,
        now: Timestamp,
        entropy: &mut Entropy,
    ) -> String {
        let value = entropy.letters_and_digits(40);
        let code = QrCode {
            value: value.clone(),
            state: state.to_owned(),
            templates,
            expires_at: clock::after(now, QR_CODE_LIFETIME_SECONDS),
        };
        push(&mut self.qr_codes, code);
        value
    }

    pub(crate) fn new_auth_code(
        &mut self,
        (suite, corp_id): (&Which, &str),
        auth_mode: AuthMode,
        resets: bool,
        now: Timestamp,
        entropy: &mut Entropy,
    ) -> String {
        let value = format!("ac_{}", entropy.letters_and_digits(61));
        let code = AuthCode {
            value: value.clone(),
            corp_id: corp_id.to_owned(),
            auth_mode,
            expires_at: clock::after(now, AUTH_CODE_LIFETIME_SECONDS),
            used: false,
            resets,
            state: None,
            suite: suite.clone(),
        };
        push(&mut self.auth_codes, code);
        value
    }

    /// The holder's token and its remaining seconds: the valid one, or a new one.
    pub(crate) fn token_for(&mut self, holder: Holder, now: Timestamp, entropy: &mut Entropy) -> (String, i64) {
        let living = self
            .access_tokens
            .iter()
            .find(|token| token.holder == holder && now < token.expires_at);
        if let Some(token) = living {
            return (token.value.clone(), token.expires_at.duration_since(now).as_secs());
        }
        let value = entropy.letters_and_digits(128);
        let token = AccessToken {
            value: value.clone(),
            holder,
            expires_at: clock::after(now, TOKEN_LIFETIME_SECONDS),
        };
        push(&mut self.access_tokens, token);
        (value, TOKEN_LIFETIME_SECONDS)
    }

    /// Revokes the tokens of a Secret that was reset.
    pub(crate) fn revoke(&mut self, holder: &Holder) {
        self.access_tokens.retain(|token| token.holder != *holder);
    }
}

fn push<T>(kept: &mut Vec<T>, new: T) {
    let surplus = (kept.len() + 1).saturating_sub(KEPT);
    kept.drain(..surplus.min(kept.len()));
    kept.push(new);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_764_000_000 + second).unwrap()
    }

    #[test]
    fn a_living_token_is_given_out_again_with_what_is_left_of_it() {
        let (mut world, mut entropy) = (World::default(), Entropy::new(Some(1)));
        let (first, whole) = world.token_for(Holder::Suite, at(0), &mut entropy);
        let (second, rest) = world.token_for(Holder::Suite, at(7199), &mut entropy);
        let (third, _) = world.token_for(Holder::Suite, at(7200), &mut entropy);
        assert_eq!((first.as_str(), whole, rest), (second.as_str(), 7200, 1));
        assert_ne!(first, third);
    }

    #[test]
    fn wrong_secrets_spread_over_more_than_an_hour_ban_nobody() {
        let mut wrong = WrongSecrets::default();
        for n in 0..10 {
            wrong.count(at(n * 1801), 3);
            assert!(!wrong.banned(at(n * 1801)));
        }
    }

    #[test]
    fn the_wrong_secret_that_reaches_the_limit_bans_for_an_hour() {
        let mut wrong = WrongSecrets::default();
        for n in 0..3 {
            assert!(!wrong.banned(at(n)));
            wrong.count(at(n), 3);
        }
        assert!(wrong.banned(at(2)) && wrong.banned(at(3601)));
        assert!(!wrong.banned(at(3602)));
    }

    #[test]
    fn only_the_newest_codes_are_kept() {
        let (mut world, mut entropy) = (World::default(), Entropy::new(Some(1)));
        for _ in 0..KEPT {
            world.new_pre_auth_code(Which::FIRST, at(0), &mut entropy);
        }
        let newest = world.new_pre_auth_code(Which::FIRST, at(0), &mut entropy);
        assert_eq!(world.pre_auth_codes.len(), KEPT);
        assert_eq!(world.pre_auth_codes.last().unwrap().value, newest);
    }
}
