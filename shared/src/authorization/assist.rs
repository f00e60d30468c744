//! One-time assist links: one step's values, for a colleague without an account.
//!
//! A link is opened once, within its lifetime. Whoever opened it may look at the step's status until then. It ends with the
//! callback that it was made for.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Authorization;
use crate::ids::{CallbackId, Fingerprint, Scope};

/// How long a link can be opened, and the status read after that.
const LIFETIME: SignedDuration = SignedDuration::from_mins(30);

/// The most links of a tenant that have not ended.
const MOST: usize = 5;

/// A link as it is stored in the authorization: everything but its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssistLink {
    /// The name of the link, 32 hexadecimal digits. Opens nothing.
    pub id: String,
    /// The step whose values it shows.
    pub scope: Scope,
    /// The callback that the values belong to.
    pub callback_id: CallbackId,
    /// The fingerprint of the secret in its URL.
    pub secret: Fingerprint,
    /// When it was made.
    pub created_at: Timestamp,
    /// The end of its lifetime.
    pub expires_at: Timestamp,
    /// When it was opened.
    pub opened_at: Option<Timestamp>,
    /// The fingerprint of the cookie of the browser that opened it.
    pub viewer: Option<Fingerprint>,
}

impl AssistLink {
    /// A new link for the values of a callback.
    #[must_use]
    pub fn new(id: String, scope: Scope, callback_id: CallbackId, secret: Fingerprint, now: Timestamp) -> Self {
        Self {
            id,
            scope,
            callback_id,
            secret,
            created_at: now,
            expires_at: now + LIFETIME,
            opened_at: None,
            viewer: None,
        }
    }
}

/// Too many links have not ended; the first of them ends then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManyAssistLinks(pub Timestamp);

impl Authorization {
    /// The links that have not ended, the oldest first.
    pub fn assist_links(&self, now: Timestamp) -> impl Iterator<Item = &AssistLink> {
        self.assist_links.iter().filter(move |link| {
            let callback_id = self.scope(link.scope).callback_id.as_ref();
            now < link.expires_at && callback_id == Some(&link.callback_id)
        })
    }

    /// Adds a link, and drops those that have ended.
    ///
    /// # Errors
    /// [`TooManyAssistLinks`].
    pub fn add_assist_link(&mut self, link: AssistLink) -> Result<(), TooManyAssistLinks> {
        let mut links: Vec<_> = self.assist_links(link.created_at).cloned().collect();
        if links.len() >= MOST
            && let Some(first) = links.iter().map(|link| link.expires_at).min()
        {
            return Err(TooManyAssistLinks(first));
        }
        links.push(link);
        self.assist_links = links;
        Ok(())
    }

    /// Ends a link. Returns it, if there was one that had not ended.
    pub fn revoke_assist_link(&mut self, id: &str, now: Timestamp) -> Option<AssistLink> {
        let link = self.assist_links(now).find(|link| link.id == id)?.clone();
        self.assist_links.retain(|other| other.id != id);
        Some(link)
    }

    /// The link with this secret, opened or not, if it has not ended.
    #[must_use]
    pub fn assist_link(&self, secret: &Fingerprint, now: Timestamp) -> Option<&AssistLink> {
        self.assist_links(now).find(|link| link.secret == *secret)
    }

    /// Marks a link as opened by the browser with this cookie. Returns it; `None` if it was opened before or has ended.
    pub fn open_assist_link(
        &mut self,
        secret: &Fingerprint,
        viewer: Fingerprint,
        now: Timestamp,
    ) -> Option<AssistLink> {
        let id = self.assist_link(secret, now)?.id.clone();
        let link = self.assist_links.iter_mut().find(|link| link.id == id)?;
        if link.opened_at.is_some() {
            return None;
        }
        (link.opened_at, link.viewer) = (Some(now), Some(viewer));
        Some(link.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::TenantId;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + 60 * minute).unwrap()
    }

    fn callback_id(digit: &str) -> CallbackId {
        CallbackId::parse(&digit.repeat(32)).unwrap()
    }

    fn authorization() -> Authorization {
        let mut authorization = Authorization::new(TenantId::parse("acme").unwrap());
        authorization.contacts.callback_id = Some(callback_id("a"));
        authorization
    }

    fn link(name: &str, minute: i64) -> AssistLink {
        AssistLink::new(
            name.to_owned(),
            Scope::Contacts,
            callback_id("a"),
            Fingerprint::of(name),
            at(minute),
        )
    }

    fn open(authorization: &mut Authorization, name: &str, minute: i64) -> bool {
        let opened = authorization.open_assist_link(&Fingerprint::of(name), Fingerprint::of("cookie"), at(minute));
        opened.is_some()
    }

    #[test]
    fn is_opened_once_and_within_thirty_minutes() {
        let mut authorization = authorization();
        authorization.add_assist_link(link("one", 0)).unwrap();
        authorization.add_assist_link(link("two", 1)).unwrap();
        assert!(!open(&mut authorization, "three", 2), "guessed");
        assert!(open(&mut authorization, "one", 29));
        assert!(!open(&mut authorization, "one", 29), "used");
        assert!(!open(&mut authorization, "two", 31), "expired");
        let secret = Fingerprint::of("one");
        let opened = authorization.assist_link(&secret, at(29)).unwrap();
        assert_eq!(
            (opened.opened_at, &opened.viewer),
            (Some(at(29)), &Some(Fingerprint::of("cookie")))
        );
        assert_eq!(authorization.assist_link(&secret, at(30)), None);
    }

    #[test]
    fn ends_with_its_callback_and_when_it_is_revoked() {
        let mut authorization = authorization();
        authorization.add_assist_link(link("one", 0)).unwrap();
        authorization.contacts.callback_id = Some(callback_id("b"));
        assert!(!open(&mut authorization, "one", 1), "another callback");
        authorization.contacts.callback_id = Some(callback_id("a"));
        assert_eq!(authorization.revoke_assist_link("one", at(31)), None, "it had ended");
        assert_eq!(authorization.revoke_assist_link("one", at(1)), Some(link("one", 0)));
        assert_eq!(authorization.revoke_assist_link("one", at(1)), None);
        assert!(!open(&mut authorization, "one", 1));
    }

    #[test]
    fn there_are_five_at_most_and_those_that_have_ended_make_room() {
        let mut authorization = authorization();
        for minute in 0..5 {
            authorization
                .add_assist_link(link(&minute.to_string(), minute))
                .unwrap();
        }
        let refused = authorization.add_assist_link(link("5", 29));
        assert_eq!(refused, Err(TooManyAssistLinks(at(30))));
        authorization.add_assist_link(link("5", 30)).unwrap();
        assert_eq!(authorization.assist_links.len(), 5, "the first one is dropped");
    }
}
