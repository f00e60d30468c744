//! Refused requests of a callback, as its record keeps them for the admin: merged by reason and source address, the newest
//! first.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::ids::CorpId;

/// The most entries that a record holds.
const MOST: usize = 20;

/// A refusal of the same reason as the newest entry is not stored within this time of it.
const SAME_REASON: SignedDuration = SignedDuration::from_secs(10);

/// The refused requests of one reason and one source address: when the last of them arrived, and nothing of what it said but the
/// corporation that it was for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct Refusal {
    /// Time at which the last of them arrived.
    pub at: Timestamp,
    /// Reason for the refusals.
    pub reason: RejectionReason,
    /// Address that they came from; `null` when it was not recorded.
    pub source_ip: Option<String>,
    /// Corporation that they were for, where the reason is `receive_id_mismatch`: the sender had the right Token and EncodingAESKey.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receive_id: Option<CorpId>,
    /// Number of them, at least: notes are limited, and a process may end with some that it has counted but not stored.
    #[cfg_attr(feature = "contract", schemars(range(min = 1)))]
    pub count: u64,
}

/// A request that was refused: when and why, never what it said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct Rejection {
    /// Time of arrival.
    pub at: Timestamp,
    /// Reason for the refusal.
    pub reason: RejectionReason,
}

/// Reason why a request to a callback was refused, in terms of what an admin can change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RejectionReason {
    /// The Token in WeCom's console is another one.
    SignatureMismatch,
    /// The EncodingAESKey in WeCom's console is another one.
    DecryptionFailed,
    /// The values were entered in another corporation's console.
    ReceiveIdMismatch,
    /// Somebody opened the URL by hand.
    OpenedInBrowser,
    /// The URL in WeCom's console lacks its last characters.
    UrlCutOff,
    /// Not a request that WeCom makes; also a word of a newer version.
    #[serde(other)]
    Malformed,
}

impl RejectionReason {
    /// The stable word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignatureMismatch => "signature_mismatch",
            Self::DecryptionFailed => "decryption_failed",
            Self::ReceiveIdMismatch => "receive_id_mismatch",
            Self::Malformed => "malformed",
            Self::OpenedInBrowser => "opened_in_browser",
            Self::UrlCutOff => "url_cut_off",
        }
    }
}

/// The entries, and the last refusal where it is newer.
pub(super) fn with_last(refusals: &[Refusal], last: Option<Rejection>) -> Vec<Refusal> {
    let mut refusals = refusals.to_vec();
    if let Some(last) = last
        && refusals.first().is_none_or(|newest| newest.at < last.at)
    {
        let last = Refusal {
            at: last.at,
            reason: last.reason,
            source_ip: None,
            receive_id: None,
            count: 1,
        };
        refusals.insert(0, last);
        refusals.truncate(MOST);
    }
    refusals
}

/// The entries with one more; see [`Callback::refusals_with`](super::Callback::refusals_with).
pub(super) fn merged(mut refusals: Vec<Refusal>, refusal: Refusal) -> Option<Vec<Refusal>> {
    let newest = refusals.first();
    if newest.is_some_and(|newest| newest.reason == refusal.reason && newest.at >= refusal.at - SAME_REASON) {
        return None;
    }
    let kind = |refusal: &Refusal| (refusal.reason, refusal.source_ip.clone(), refusal.receive_id.clone());
    let is_same = |other: &Refusal| kind(other) == kind(&refusal);
    let before = refusals.iter().position(is_same).map(|place| refusals.remove(place));
    let count = before.map_or(0, |before| before.count).saturating_add(refusal.count);
    refusals.insert(0, Refusal { count, ..refusal });
    if refusals.len() > MOST {
        let entries = |reason| refusals.iter().filter(|other| other.reason == reason).count();
        let most = refusals.iter().map(|refusal| entries(refusal.reason)).max();
        if let Some(oldest) = refusals
            .iter()
            .rposition(|refusal| Some(entries(refusal.reason)) == most)
        {
            refusals.remove(oldest);
        }
    }
    Some(refusals)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        authorization::Callback,
        ids::{CallbackId, Scope, TenantId},
    };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + second).unwrap()
    }

    fn callback() -> Callback {
        Callback::new(
            CallbackId::parse(&"a".repeat(32)).unwrap(),
            TenantId::parse("acme").unwrap(),
            Scope::Contacts,
        )
    }

    fn refusal(second: i64, reason: RejectionReason, source_ip: &str) -> Refusal {
        Refusal {
            at: at(second),
            reason,
            source_ip: Some(source_ip.to_owned()),
            receive_id: None,
            count: 1,
        }
    }

    /// Whether it was stored.
    fn note(callback: &mut Callback, refusal: Refusal) -> bool {
        let noted = callback.refusals_with(refusal);
        let stored = noted.is_some();
        callback.refusals = noted.unwrap_or_else(|| callback.refusals.clone());
        stored
    }

    #[test]
    fn merges_by_reason_and_address_with_the_newest_first() {
        let mut callback = callback();
        let (token, browser) = (RejectionReason::SignatureMismatch, RejectionReason::OpenedInBrowser);
        for (second, reason, source_ip) in [
            (0, token, "192.0.2.1"),
            (1, browser, "192.0.2.2"),
            (2, token, "192.0.2.1"),
            (30, token, "192.0.2.3"),
        ] {
            assert!(note(&mut callback, refusal(second, reason, source_ip)), "{second}");
        }
        let kept: Vec<_> = callback
            .refusals
            .iter()
            .map(|kept| (kept.at, kept.reason, kept.count))
            .collect();
        assert_eq!(kept, [(at(30), token, 1), (at(2), token, 2), (at(1), browser, 1)]);
    }

    #[test]
    fn leaves_out_a_refusal_of_the_reason_that_was_just_noted_whatever_its_address() {
        let mut callback = callback();
        let token = RejectionReason::SignatureMismatch;
        assert!(note(&mut callback, refusal(0, token, "192.0.2.1")));
        assert!(!note(&mut callback, refusal(10, token, "192.0.2.2")));
        assert!(note(&mut callback, refusal(11, token, "192.0.2.2")));
    }

    #[test]
    fn keeps_twenty_and_what_wecom_did_however_many_addresses_others_have() {
        let mut callback = callback();
        assert!(note(
            &mut callback,
            refusal(0, RejectionReason::DecryptionFailed, "192.0.2.1")
        ));
        for number in 1..=100 {
            let stranger = refusal(
                11 * number,
                RejectionReason::OpenedInBrowser,
                &format!("198.51.100.{number}"),
            );
            assert!(note(&mut callback, stranger));
            assert!(callback.refusals.len() <= MOST);
        }
        assert_eq!(callback.refusals.len(), MOST);
        assert_eq!(
            callback.refusals.last().map(|oldest| oldest.reason),
            Some(RejectionReason::DecryptionFailed)
        );
        assert_eq!(callback.refusals.first().map(|newest| newest.at), Some(at(1100)));
    }

    #[test]
    fn shows_the_one_that_an_earlier_version_stored() {
        let mut callback = callback();
        callback.last_rejection = Some(Rejection {
            at: at(5),
            reason: RejectionReason::Malformed,
        });
        let last = Refusal {
            source_ip: None,
            ..refusal(5, RejectionReason::Malformed, "")
        };
        assert_eq!(callback.last_refusals(), std::slice::from_ref(&last));
        // It is newer than the entries after a return to an earlier version.
        let before = refusal(1, RejectionReason::Malformed, "192.0.2.1");
        callback.refusals = vec![before.clone()];
        assert_eq!(callback.last_refusals(), [last.clone(), before.clone()]);
        callback.refusals = vec![last.clone(), before.clone()];
        assert_eq!(callback.last_refusals(), [last, before]);
    }
}
