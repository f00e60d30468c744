//! Install sessions: one browser, one exchange, one end.

use jiff::SignedDuration;
use wecom_authorization::{
    authorization::{Exchange, InstallFailure, InstallOutcome, InstallSession},
    ids::Fingerprint,
    store::Change,
};

use super::{
    endpoint::{Endpoint, at_once, number},
    samples::{session, tenant},
};

async fn opened(endpoint: &Endpoint) -> InstallSession {
    let session = session(&tenant("acme"), endpoint.now);
    endpoint.store().create_session(&session).await.unwrap();
    session
}

async fn read(endpoint: &Endpoint, session: &InstallSession) -> InstallSession {
    endpoint.store().session(&session.state).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_session_reads_back_as_it_was_and_ends_a_day_after_its_link() {
    let endpoint = Endpoint::any().await;
    let unknown = session(&tenant("acme"), endpoint.now);
    assert_eq!(endpoint.store().session(&unknown.state).await.unwrap(), None);
    let made = opened(&endpoint).await;
    assert_eq!(read(&endpoint, &made).await, made);
    let item = endpoint
        .item(&format!("STATE#{}", made.state), "SESSION")
        .await
        .unwrap();
    let end = made.expires_at + SignedDuration::from_hours(24);
    assert_eq!(number(&item, "ttl"), end.as_second());
}

/// As the SDK does when the answer to the first attempt was lost.
#[tokio::test]
async fn a_session_that_is_made_again_stays_as_it_is() {
    let endpoint = Endpoint::any().await;
    let made = opened(&endpoint).await;
    assert!(
        endpoint
            .store()
            .bind_browser(&made.state, &Fingerprint::of("browser"))
            .await
            .unwrap()
    );
    endpoint.store().create_session(&made).await.unwrap();
    assert_eq!(read(&endpoint, &made).await.browser, Some(Fingerprint::of("browser")));
}

#[tokio::test]
async fn a_session_is_tied_to_the_browser_that_opens_it_first() {
    let endpoint = Endpoint::any().await;
    let (store, made) = (endpoint.store(), opened(&endpoint).await);
    assert!(store.bind_browser(&made.state, &Fingerprint::of("one")).await.unwrap());
    assert!(
        store.bind_browser(&made.state, &Fingerprint::of("one")).await.unwrap(),
        "once more"
    );
    assert!(
        !store
            .bind_browser(&made.state, &Fingerprint::of("other"))
            .await
            .unwrap()
    );
    assert_eq!(read(&endpoint, &made).await.browser, Some(Fingerprint::of("one")));
    let unknown = session(&tenant("acme"), endpoint.now).state;
    assert!(!store.bind_browser(&unknown, &Fingerprint::of("one")).await.unwrap());
    assert_eq!(store.session(&unknown).await.unwrap(), None);
}

#[tokio::test]
async fn of_fifty_browsers_that_open_a_link_at_once_one_is_tied_to_it() {
    let endpoint = Endpoint::any().await;
    let made = opened(&endpoint).await;
    let results = at_once(50, |browser| {
        let (store, state) = (endpoint.store(), made.state.clone());
        async move {
            store
                .bind_browser(&state, &Fingerprint::of(&browser.to_string()))
                .await
                .unwrap()
        }
    });
    let results = results.await;
    let winners: Vec<usize> = (0..50).filter(|browser| results[*browser]).collect();
    assert_eq!(winners.len(), 1, "{winners:?}");
    assert_eq!(
        read(&endpoint, &made).await.browser,
        Some(Fingerprint::of(&winners[0].to_string()))
    );
}

#[tokio::test]
async fn an_exchange_is_claimed_by_whoever_saw_the_session_as_it_is() {
    let endpoint = Endpoint::any().await;
    let (store, unclaimed) = (endpoint.store(), opened(&endpoint).await);
    assert!(
        store
            .claim_exchange(&unclaimed, &Fingerprint::of("code"), endpoint.now)
            .await
            .unwrap()
    );
    let claimed = read(&endpoint, &unclaimed).await;
    let claim = Exchange {
        auth_code: Fingerprint::of("code"),
        started_at: endpoint.now,
    };
    assert_eq!(claimed.exchange, Some(claim));
    for now in [endpoint.now, endpoint.at_second(60)] {
        assert!(
            !store
                .claim_exchange(&unclaimed, &Fingerprint::of("code"), now)
                .await
                .unwrap()
        );
    }
    let later = endpoint.at_second(30);
    assert!(
        store
            .claim_exchange(&claimed, &Fingerprint::of("code"), later)
            .await
            .unwrap(),
        "taken over"
    );
    assert!(
        !store
            .claim_exchange(&claimed, &Fingerprint::of("code"), later)
            .await
            .unwrap()
    );
    let taken_over = read(&endpoint, &unclaimed).await;
    assert_eq!(taken_over.exchange.as_ref().map(|claim| claim.started_at), Some(later));

    let end = Change::EndInstallSession(unclaimed.state.clone(), InstallOutcome::Installed);
    store.commit(vec![end]).await.unwrap();
    assert!(
        !store
            .claim_exchange(&taken_over, &Fingerprint::of("code"), later)
            .await
            .unwrap(),
        "it has ended"
    );
    let unknown = session(&tenant("acme"), endpoint.now);
    assert!(
        !store
            .claim_exchange(&unknown, &Fingerprint::of("code"), later)
            .await
            .unwrap()
    );
    assert_eq!(store.session(&unknown.state).await.unwrap(), None);
}

#[tokio::test]
async fn of_fifty_who_claim_an_exchange_at_one_moment_one_has_it() {
    let endpoint = Endpoint::any().await;
    let mut seen = opened(&endpoint).await;
    for second in [0, 30] {
        let now = endpoint.at_second(second);
        let results = at_once(50, |_| {
            let (store, seen) = (endpoint.store(), seen.clone());
            async move {
                store
                    .claim_exchange(&seen, &Fingerprint::of("code"), now)
                    .await
                    .unwrap()
            }
        });
        assert_eq!(results.await.into_iter().filter(|claimed| *claimed).count(), 1);
        seen = read(&endpoint, &seen).await;
    }
}

#[tokio::test]
async fn a_failed_session_says_why_and_an_installed_one_stays_installed() {
    let endpoint = Endpoint::any().await;
    let (store, failed) = (endpoint.store(), opened(&endpoint).await);
    for failure in [InstallFailure::CorpMismatch, InstallFailure::InstallLinkExpired] {
        store.fail_session(&failed.state, &failure).await.unwrap();
        let outcome = Some(InstallOutcome::Failed(InstallFailure::CorpMismatch));
        assert_eq!(
            read(&endpoint, &failed).await.outcome,
            outcome,
            "the first end is the end"
        );
    }
    let installed = opened(&endpoint).await;
    let end = Change::EndInstallSession(installed.state.clone(), InstallOutcome::Installed);
    store.commit(vec![end]).await.unwrap();
    store
        .fail_session(&installed.state, &InstallFailure::CorpMismatch)
        .await
        .unwrap();
    let outcome = read(&endpoint, &installed).await.outcome;
    assert_eq!(outcome, Some(InstallOutcome::Installed));

    let unknown = session(&tenant("acme"), endpoint.now).state;
    store
        .fail_session(&unknown, &InstallFailure::CorpMismatch)
        .await
        .unwrap();
    assert_eq!(
        store.session(&unknown).await.unwrap(),
        None,
        "nothing is made by failing"
    );
}

#[tokio::test]
async fn a_claim_that_is_given_back_can_be_claimed_at_once_with_the_same_code() {
    let endpoint = Endpoint::any().await;
    let (store, made) = (endpoint.store(), opened(&endpoint).await);
    store
        .release_exchange(&made.state, &Fingerprint::of("code"))
        .await
        .unwrap();
    assert_eq!(read(&endpoint, &made).await, made, "nothing was claimed");
    assert!(
        store
            .claim_exchange(&made, &Fingerprint::of("code"), endpoint.now)
            .await
            .unwrap()
    );
    let claimed = read(&endpoint, &made).await;
    store
        .release_exchange(&made.state, &Fingerprint::of("another code"))
        .await
        .unwrap();
    assert_eq!(read(&endpoint, &made).await, claimed, "another code's claim");
    store
        .release_exchange(&made.state, &Fingerprint::of("code"))
        .await
        .unwrap();
    let released = read(&endpoint, &made).await;
    let claim = released.exchange.clone().unwrap();
    assert_eq!(
        claim.auth_code,
        Fingerprint::of("code"),
        "the session takes no other code"
    );
    assert!(
        claim.started_at + Exchange::LEASE <= endpoint.now,
        "nobody waits for it"
    );
    assert!(
        store
            .claim_exchange(&released, &Fingerprint::of("code"), endpoint.now)
            .await
            .unwrap()
    );

    let end = Change::EndInstallSession(made.state.clone(), InstallOutcome::Installed);
    store.commit(vec![end]).await.unwrap();
    let ended = read(&endpoint, &made).await;
    store
        .release_exchange(&made.state, &Fingerprint::of("code"))
        .await
        .unwrap();
    assert_eq!(read(&endpoint, &made).await, ended);
    let unknown = session(&tenant("acme"), endpoint.now).state;
    store
        .release_exchange(&unknown, &Fingerprint::of("code"))
        .await
        .unwrap();
    assert_eq!(store.session(&unknown).await.unwrap(), None);
}
