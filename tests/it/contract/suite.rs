//! Suite tickets, cached tokens, their renewal, and exchanged codes: the newest ticket wins, no token is handed out that is over,
//! one caller renews it, and what a code was exchanged for is remembered.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::SignedDuration;
use secrecy::ExposeSecret as _;
use wecom_authorization::{
    ids::{Fingerprint, Scope, TokenName},
    store::{AtRest, Change, StoredToken},
};

use super::{
    endpoint::{Endpoint, at_once, number},
    samples::{cached, tenant},
};

fn text(stored: AtRest) -> String {
    match stored {
        AtRest::Sealed(sealed) => sealed,
        AtRest::Plain(plain) => format!("plain {}", plain.expose_secret()),
    }
}

async fn ticket(endpoint: &Endpoint, suite_id: &str) -> Option<(String, i64)> {
    let kept = endpoint.store().ticket(suite_id).await.unwrap();
    kept.map(|(ticket, at)| (text(ticket), at.duration_since(endpoint.now).as_secs()))
}

async fn keep_ticket(endpoint: &Endpoint, ticket: &str, second: i64) {
    let (ticket, at) = (AtRest::Sealed(ticket.to_owned()), endpoint.at_second(second));
    endpoint.store().put_ticket("ww3f2a", &ticket, at).await.unwrap();
}

#[tokio::test]
async fn the_newest_ticket_is_kept_whatever_order_they_come_in() {
    let endpoint = Endpoint::any().await;
    assert_eq!(ticket(&endpoint, "ww3f2a").await, None);
    for (given, second, kept) in [
        ("first", 0, ("first", 0)),
        ("second", 600, ("second", 600)),
        ("late", 0, ("second", 600)),
        ("later", 599, ("second", 600)),
        ("same moment", 600, ("same moment", 600)),
        ("third", 1200, ("third", 1200)),
    ] {
        keep_ticket(&endpoint, given, second).await;
        let kept = Some((kept.0.to_owned(), kept.1));
        assert_eq!(ticket(&endpoint, "ww3f2a").await, kept, "{given}");
    }
    assert_eq!(ticket(&endpoint, "ww9999").await, None, "another suite's");
}

#[tokio::test]
async fn a_ticket_and_a_token_that_an_earlier_version_stored_are_read() {
    let endpoint = Endpoint::any().await;
    let put = async |pk: &str, sk: &str, attributes: &[(&str, String)]| {
        let mut request = endpoint.dynamodb.put_item().table_name(&endpoint.authorization_table);
        for (name, value) in [("pk", pk), ("sk", sk)] {
            request = request.item(name, AttributeValue::S(value.to_owned()));
        }
        for (name, value) in attributes {
            request = request.item(*name, AttributeValue::S(value.clone()));
        }
        request.send().await.unwrap();
    };
    let issued = ("issued_at", endpoint.now.to_string());
    put("SUITE#ww3f2a", "TICKET", &[("ticket", "old".to_owned()), issued]).await;
    assert_eq!(ticket(&endpoint, "ww3f2a").await, Some(("plain old".to_owned(), 0)));
    let expires = ("expires_at", endpoint.at_second(7200).to_string());
    put("TOKEN#suite/ww3f2a", "TOKEN", &[("token", "old".to_owned()), expires]).await;
    let (store, name) = (endpoint.store(), TokenName::suite("ww3f2a"));
    let read = store.token(&name, endpoint.now).await.unwrap().unwrap();
    store
        .drop_refused_token(&name, &AtRest::Plain("another".into()))
        .await
        .unwrap();
    assert!(store.token(&name, endpoint.now).await.unwrap().is_some());
    store.drop_refused_token(&name, &read.token).await.unwrap();
    assert_eq!(text(read.token), "plain old");
    assert!(store.token(&name, endpoint.now).await.unwrap().is_none());
}

#[tokio::test]
async fn of_fifty_tickets_at_once_the_newest_is_kept() {
    let endpoint = Endpoint::any().await;
    let results = at_once(50, |writer| {
        let store = endpoint.store();
        // In an order that is neither up nor down.
        let second = i64::try_from(writer * 17 % 50).unwrap();
        let at = endpoint.at_second(second);
        async move {
            let ticket = AtRest::Sealed(second.to_string());
            store.put_ticket("ww3f2a", &ticket, at).await.unwrap();
        }
    });
    results.await;
    assert_eq!(ticket(&endpoint, "ww3f2a").await, Some(("49".to_owned(), 49)));
}

#[tokio::test]
async fn a_token_is_handed_out_until_it_ends() {
    let endpoint = Endpoint::any().await;
    let store = endpoint.store();
    let token = async |second| {
        let token = store
            .token(&TokenName::suite("ww3f2a"), endpoint.at_second(second))
            .await
            .unwrap();
        token.map(|cached| (text(cached.token), cached.expires_at))
    };
    assert_eq!(token(0).await, None);
    let end = endpoint.at_second(7200);
    store
        .put_token(&TokenName::suite("ww3f2a"), &cached("one", end))
        .await
        .unwrap();
    for second in [0, 7199] {
        assert_eq!(token(second).await, Some(("one".to_owned(), end)));
    }
    assert_eq!(token(7200).await, None);
    assert!(
        store
            .token(&TokenName::suite("ww9999"), endpoint.now)
            .await
            .unwrap()
            .is_none()
    );
    let item = endpoint.item("TOKEN#suite/ww3f2a", "TOKEN").await.unwrap();
    assert_eq!(number(&item, "ttl"), (end + SignedDuration::from_hours(1)).as_second());

    store
        .put_token(&TokenName::suite("ww3f2a"), &cached("two", endpoint.at_second(60)))
        .await
        .unwrap();
    assert_eq!(token(0).await, Some(("two".to_owned(), endpoint.at_second(60))));
    for _ in 0..2 {
        store.drop_token(&TokenName::suite("ww3f2a")).await.unwrap();
        assert_eq!(token(0).await, None);
    }
}

#[tokio::test]
async fn a_token_remembers_which_version_of_a_secret_it_was_got_with() {
    let endpoint = Endpoint::any().await;
    let store = endpoint.store();
    let kept = StoredToken {
        version_id: Some("of-the-contacts-secret".to_owned()),
        ..cached("one", endpoint.at_second(7200))
    };
    store
        .put_token(&TokenName::scope(&tenant("acme"), Scope::Contacts), &kept)
        .await
        .unwrap();
    let read = store
        .token(&TokenName::scope(&tenant("acme"), Scope::Contacts), endpoint.now)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(read.version_id, kept.version_id);
}

#[tokio::test]
async fn of_fifty_tokens_at_once_one_is_kept_whole() {
    let endpoint = Endpoint::any().await;
    let results = at_once(50, |writer| {
        let store = endpoint.store();
        let end = endpoint.at_second(1000 + i64::try_from(writer).unwrap());
        async move {
            let token = cached(&writer.to_string(), end);
            store.put_token(&TokenName::provider("ww"), &token).await.unwrap();
        }
    });
    results.await;
    let kept = endpoint
        .store()
        .token(&TokenName::provider("ww"), endpoint.now)
        .await
        .unwrap()
        .unwrap();
    let writer: i64 = text(kept.token).parse().unwrap();
    let last = endpoint.at_second(999 + writer);
    let store = endpoint.store();
    assert!(store.token(&TokenName::provider("ww"), last).await.unwrap().is_some());
    let over = endpoint.at_second(1000 + writer);
    assert!(store.token(&TokenName::provider("ww"), over).await.unwrap().is_none());
}

#[tokio::test]
async fn one_caller_at_a_time_renews_a_token() {
    let endpoint = Endpoint::any().await;
    let store = endpoint.store();
    let claim = async |second: i64| {
        let (now, until) = (endpoint.at_second(second), endpoint.at_second(second + 20));
        store
            .claim_refresh(&TokenName::suite("ww3f2a"), now, until)
            .await
            .unwrap()
    };
    assert!(claim(0).await);
    assert!(
        store
            .token(&TokenName::suite("ww3f2a"), endpoint.now)
            .await
            .unwrap()
            .is_none(),
        "a lease is no token"
    );
    assert!(!claim(19).await);
    assert!(claim(20).await, "its holder has died");
    assert!(!claim(21).await);
    store
        .put_token(&TokenName::suite("ww3f2a"), &cached("one", endpoint.at_second(7200)))
        .await
        .unwrap();
    assert!(claim(22).await, "a kept token gives the lease back");
    let kept = store.token(&TokenName::suite("ww3f2a"), endpoint.now).await.unwrap();
    assert_eq!(
        text(kept.unwrap().token),
        "one",
        "the old token serves on while it is renewed"
    );
    store.drop_token(&TokenName::suite("ww3f2a")).await.unwrap();
    assert!(claim(23).await, "so does a dropped one");
    let item = endpoint.item("TOKEN#suite/ww3f2a", "TOKEN").await.unwrap();
    assert!(
        number(&item, "ttl") > endpoint.at_second(23).as_second(),
        "a lease alone ends too"
    );
}

#[tokio::test]
async fn of_fifty_who_would_renew_a_token_at_one_moment_one_does() {
    let endpoint = Endpoint::any().await;
    for second in [0, 20] {
        let results = at_once(50, |_| {
            let store = endpoint.store();
            let (now, until) = (endpoint.at_second(second), endpoint.at_second(second + 20));
            async move {
                store
                    .claim_refresh(&TokenName::suite("ww3f2a"), now, until)
                    .await
                    .unwrap()
            }
        });
        assert_eq!(results.await.into_iter().filter(|claimed| *claimed).count(), 1);
    }
}

#[tokio::test]
async fn what_a_code_was_exchanged_for_is_remembered_for_two_days() {
    let endpoint = Endpoint::any().await;
    let store = endpoint.store();
    assert_eq!(store.exchanged_for(&Fingerprint::of("code")).await.unwrap(), None);
    for _ in 0..2 {
        let note = Change::NoteExchange(Fingerprint::of("code"), tenant("acme"), endpoint.now);
        store.commit(vec![note]).await.unwrap();
        assert_eq!(
            store.exchanged_for(&Fingerprint::of("code")).await.unwrap(),
            Some(tenant("acme"))
        );
    }
    assert_eq!(store.exchanged_for(&Fingerprint::of("another")).await.unwrap(), None);
    let item = endpoint
        .item(&format!("CODE#{}", Fingerprint::of("code").as_str()), "EXCHANGE")
        .await
        .unwrap();
    assert_eq!(
        number(&item, "ttl"),
        (endpoint.now + SignedDuration::from_hours(48)).as_second()
    );
}
