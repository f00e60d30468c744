//! A year of one tenant: the actions of its admin and of WeCom, the passing of time, and what state, health, audit trail and event
//! bus must show at each point. The timeline is written to `year.txt`, in Cargo's folder for tests
//! (`target/tmp`).

mod timeline;

use serde_json::{Value, json};
use simulator::{AuthMode, Fault, SecretKind, SuiteEventRequest, SwitchesPatch};

use self::timeline::{Expected, Timeline};
use crate::{
    faults::harness::{Harness, member_created},
    support::{CORP, Credentials, Scope},
};

#[tokio::test]
async fn a_year_in_the_life_of_a_tenant() {
    let mut timeline = Timeline::begin().await;
    let [contacts, _] = Box::pin(setting_up(&mut timeline)).await;
    let contacts = Box::pin(a_first_rotation(&mut timeline, contacts)).await;
    let contacts = Box::pin(a_second_rotation(&mut timeline, contacts)).await;
    Box::pin(a_secret_is_reset(&mut timeline)).await;
    Box::pin(an_address_is_trusted_no_more(&mut timeline)).await;
    Box::pin(an_app_is_disabled(&mut timeline)).await;
    Box::pin(the_app_may_see_less(&mut timeline)).await;
    Box::pin(silence(&mut timeline, &contacts)).await;
    Box::pin(the_app_is_removed(&mut timeline, &contacts)).await;
    Box::pin(installed_again(&mut timeline)).await;
    Box::pin(disconnected(&mut timeline)).await;
    timeline.end().await;
}

async fn setting_up(timeline: &mut Timeline) -> [Credentials; 2] {
    timeline.harness.install().await;
    let expected = Expected::new("contacts_secret", "ok")
        .audit(&["installation_started", "installed"])
        .notified(&["installation: not_installed → installed"]);
    timeline.write("The app is installed.", expected).await;
    let both = bind_both(timeline, false).await;
    timeline.days(25).await;
    timeline.deliver(&both[0], "weeks-later").await;
    timeline
        .write("Weeks with nothing to report.", Expected::new("done", "ok"))
        .await;
    both
}

/// Steps 2 to 4, the first time and after a disconnect.
async fn bind_both(timeline: &mut Timeline, is_again: bool) -> [Credentials; 2] {
    let mut both = Vec::new();
    for (scope, name, next) in [
        (Scope::Contacts, "contacts", "external_contacts_secret"),
        (Scope::ExternalContacts, "external_contacts", "complete"),
    ] {
        both.push(timeline.harness.bind(scope).await);
        let expected = Expected::new(next, "ok")
            .audit(&["secret_registered", "callback_verified"])
            .notified(
                &[
                    "callback: awaiting_verification → verified",
                    "callback: none → awaiting_verification",
                    "gap: set_up_again",
                    "kind_check: none → confirmed",
                    "secret: missing → accepted",
                ]
                .into_iter()
                .filter(|change| is_again || !change.starts_with("gap"))
                .map(|change| format!("{name}.{change}"))
                .collect::<Vec<_>>(),
            );
        timeline.write(&format!("{name}: Secret and callback."), expected).await;
    }
    let target = "/authorization/completion";
    let completed = timeline
        .harness
        .admin("complete-authorization", "POST", target, &Value::Null);
    completed.await.with_status(200);
    let expected = Expected::new("done", "ok")
        .audit(&["completed"])
        .notified(&["completion: open → completed"]);
    timeline.write("The wizard is completed.", expected).await;
    timeline.everyday = both.last().cloned();
    both.try_into().unwrap_or_else(|_| unreachable!("two scopes"))
}

async fn a_first_rotation(timeline: &mut Timeline, old: Credentials) -> Credentials {
    let new = rotate(timeline).await;
    timeline.deliver(&old, "while-the-admin-is-pasting").await;
    timeline.harness.check(&new).await.with_echo();
    let expected = Expected::new("done", "ok")
        .audit(&["credentials_generated", "callback_verified"])
        .notified(&[
            "contacts.previous_credentials: none → valid",
            "contacts.rotation: none → pending",
            "contacts.rotation: pending → none",
        ]);
    timeline.write("Token and EncodingAESKey are rotated.", expected).await;
    timeline.deliver(&old, "sealed-before").await;
    timeline.deliver(&new, "sealed-after").await;

    timeline.hours(25).await;
    let refused = timeline.harness.deliver(&old, &member_created("too-late")).await;
    refused.refused(403, "callback_rejected");
    let kept = timeline.harness.authorization().await;
    let id = kept.contacts.callback_id.unwrap();
    let callback = timeline.harness.store().callback(&id).await;
    assert!(
        callback.unwrap().unwrap().previous.is_empty(),
        "destroyed, not only refused"
    );
    let expected = Expected::new("done", "ok").notified(&["contacts.previous_credentials: valid → none"]);
    timeline.write("The old pair's day is over.", expected).await;
    new
}

/// A rotation that is started and forgotten, then finished, then undone in WeCom's console with the old values.
async fn a_second_rotation(timeline: &mut Timeline, old: Credentials) -> Credentials {
    let new = rotate(timeline).await;
    timeline.hours(49).await;
    let expected = Expected::new("done", "attention")
        .finding("contacts rotation_unfinished")
        .audit(&["credentials_generated"])
        .notified(&["contacts.rotation: none → pending", "health: ok → attention"]);
    timeline.write("A rotation is started and forgotten.", expected).await;

    timeline.harness.check(&new).await.with_echo();
    timeline.hours(1).await;
    timeline.harness.check(&old).await.with_echo();
    timeline.deliver(&old, "with-the-old-values").await;
    let expected = Expected::new("done", "attention")
        .finding("contacts old_credentials_in_use")
        .audit(&["callback_verified"])
        .notified(&[
            "contacts.previous_credentials: none → valid",
            "contacts.rotation: pending → none",
        ]);
    timeline
        .write("The old values are saved over the new ones.", expected)
        .await;
    timeline.harness.check(&new).await.with_echo();
    timeline.hours(25).await;
    let expected = Expected::new("done", "ok")
        .notified(&["contacts.previous_credentials: valid → none", "health: attention → ok"]);
    timeline.write("The new ones are saved again.", expected).await;
    new
}

async fn a_secret_is_reset(timeline: &mut Timeline) {
    timeline.days(20).await;
    token(timeline, "contacts").await.unwrap();
    timeline
        .harness
        .wecom()
        .reset_secret(CORP, SecretKind::Contacts)
        .unwrap();
    timeline.hours(14).await;
    let expected = Expected::new("contacts_secret", "broken")
        .finding("contacts secret_rejected")
        .audit(&["secret_checked"])
        .notified(&["contacts.secret: accepted → rejected", "health: ok → broken"]);
    timeline.write("The 通讯录Secret is reset in WeCom.", expected).await;

    assert_eq!(token(timeline, "contacts").await, Err("secret_rejected".to_owned()));
    let asked = timeline.asked("/cgi-bin/gettoken");
    timeline.hours(14).await;
    assert_eq!(
        timeline.asked("/cgi-bin/gettoken") - asked,
        1,
        "the other Secret's, and never again the one that was refused"
    );
    let expected = Expected::new("contacts_secret", "broken").finding("contacts secret_rejected");
    timeline.write("It is not tried again.", expected).await;

    timeline.harness.register(Scope::Contacts).await;
    token(timeline, "contacts").await.unwrap();
    timeline.looks().await;
    let expected = Expected::new("done", "ok")
        .audit(&["secret_registered"])
        .notified(&["contacts.secret: rejected → accepted", "health: broken → ok"]);
    timeline.write("The new Secret is entered.", expected).await;
}

async fn an_address_is_trusted_no_more(timeline: &mut Timeline) {
    let trusted = |is_trusted: bool| SwitchesPatch {
        contacts_ip_untrusted: Some(!is_trusted),
        ..SwitchesPatch::default()
    };
    timeline.harness.wecom().set_switches(CORP, trusted(false)).unwrap();
    timeline.hours(14).await;
    let expected = Expected::new("done", "attention")
        .finding("contacts ip_not_trusted")
        .audit(&["secret_checked"])
        .notified(&[
            "contacts.kind_check: confirmed → ip_not_trusted",
            "health: ok → attention",
        ]);
    timeline.write("Our address is taken off the list.", expected).await;
    let since = timeline.since("ip_not_trusted").await;
    timeline.hours(14).await;
    assert_eq!(
        timeline.since("ip_not_trusted").await,
        since,
        "looked at again, it began when it began"
    );
    timeline.harness.wecom().set_switches(CORP, trusted(true)).unwrap();
    timeline.hours(14).await;
    let expected = Expected::new("done", "ok").audit(&["secret_checked"]).notified(&[
        "contacts.kind_check: ip_not_trusted → confirmed",
        "health: attention → ok",
    ]);
    timeline.write("It is put back.", expected).await;
}

async fn an_app_is_disabled(timeline: &mut Timeline) {
    timeline.harness.wecom().add_faults([Fault {
        path: Some("/cgi-bin/externalcontact/get_follow_user_list".to_owned()),
        errcode: Some(50003),
        ..Fault::default()
    }]);
    timeline.hours(14).await;
    let expected = Expected::new("done", "broken")
        .finding("external_contacts app_disabled")
        .audit(&["secret_checked"])
        .notified(&[
            "external_contacts.kind_check: confirmed → app_disabled",
            "health: ok → broken",
        ]);
    timeline
        .write("The app behind the 客户Secret is disabled.", expected)
        .await;
    timeline.hours(14).await;
    let expected = Expected::new("done", "ok").audit(&["secret_checked"]).notified(&[
        "external_contacts.kind_check: app_disabled → confirmed",
        "health: broken → ok",
    ]);
    timeline.write("It is enabled again.", expected).await;
}

async fn the_app_may_see_less(timeline: &mut Timeline) {
    changed(timeline, Some(vec![2, 5]), None).await;
    let expected = Expected::new("done", "ok")
        .audit(&["authorization_changed"])
        .notified(&["installation.privilege"]);
    timeline.write("The app may see two departments only.", expected).await;
    // WeCom's event is lost: a health check finds out.
    timeline
        .harness
        .wecom()
        .send_suite_event(&change(Some(Vec::new()), None))
        .await
        .unwrap();
    timeline.hours(14).await;
    let expected = Expected::new("done", "attention")
        .finding("visible_range_empty")
        .audit(&["authorization_changed"])
        .notified(&["health: ok → attention", "installation.privilege"]);
    timeline.write("The app may see nobody.", expected).await;

    changed(timeline, Some(vec![1]), Some(AuthMode::Member)).await;
    timeline.hours(1).await;
    let since: jiff::Timestamp = timeline
        .since("member_authorization")
        .await
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(
        timeline.harness.now().duration_since(since).as_hours() < 2,
        "not since the installation"
    );
    let expected = Expected::new("install", "broken")
        .finding("member_authorization")
        .audit(&["authorization_changed"])
        .notified(&[
            "health: attention → broken",
            "installation.privilege",
            "installation: installed → installed_by_member",
        ]);
    timeline.write("It becomes a single member's.", expected).await;
    changed(timeline, None, Some(AuthMode::Admin)).await;
    timeline.hours(1).await;
    let expected = Expected::new("done", "ok")
        .audit(&["authorization_changed"])
        .notified(&[
            "health: broken → ok",
            "installation.privilege",
            "installation: installed_by_member → installed",
        ]);
    timeline.write("And an administrator's again.", expected).await;
}

async fn silence(timeline: &mut Timeline, contacts: &Credentials) {
    timeline.hours(24 * 31).await;
    let expected = Expected::new("done", "attention")
        .finding("contacts callback_silent")
        .finding("external_contacts callback_silent")
        .notified(&["health: ok → attention"]);
    timeline.write("Nothing arrives for a month.", expected).await;
    timeline.deliver(contacts, "at-last").await;
    timeline.looks().await;
    let expected = Expected::new("done", "attention")
        .finding("external_contacts callback_silent")
        .notified(&["contacts.gap: silent"]);
    timeline.write("A colleague edits a profile.", expected).await;
}

async fn the_app_is_removed(timeline: &mut Timeline, contacts: &Credentials) {
    token(timeline, "contacts").await.unwrap();
    let request = SuiteEventRequest {
        event: Some("cancel_auth".to_owned()),
        corp_id: Some(CORP.to_owned()),
        silent: true,
        ..SuiteEventRequest::default()
    };
    timeline.harness.wecom().send_suite_event(&request).await.unwrap();
    timeline.everyday = None;
    timeline.hears("cancel_auth").await;
    timeline
        .harness
        .deliver(contacts, &member_created("nobody"))
        .await
        .refused(404, "not_found");
    timeline.harness.check(contacts).await.refused(404, "not_found");
    assert_eq!(token(timeline, "contacts").await, Err("not_installed".to_owned()));
    assert_eq!(timeline.kept_in_the_vault().await, Vec::<String>::new());
    let events = timeline.events().await;
    assert!(events > 0, "they are kept until they end by themselves");
    let expected = Expected::new("install", "broken")
        .finding("authorization_cancelled")
        .audit(&["authorization_cancelled"])
        .notified(&[
            "completion: completed → open",
            "contacts.callback: verified → none",
            "contacts.kind_check: confirmed → none",
            "contacts.secret: accepted → missing",
            "external_contacts.callback: verified → none",
            "external_contacts.kind_check: confirmed → none",
            "external_contacts.secret: accepted → missing",
            "health: attention → broken",
            "installation: installed → cancelled",
        ]);
    timeline.write("The corporation removes the app.", expected).await;
}

async fn installed_again(timeline: &mut Timeline) {
    timeline.days(100).await;
    timeline.harness.install().await;
    let expected = Expected::new("contacts_secret", "ok")
        .audit(&["data_deleted", "installation_started", "installed"])
        .notified(&["health: broken → ok", "installation: cancelled → installed"]);
    timeline
        .write("It is installed again, and starts clean.", expected)
        .await;
    let [contacts, _] = bind_both(timeline, true).await;
    for month in 0..7 {
        timeline.deliver(&contacts, &format!("in-month-{month}")).await;
        timeline.days(25).await;
    }
    token(timeline, "installation").await.unwrap();
    let vault = ["contacts", "external-contacts", "installation"].map(|name| format!("acme/{name}"));
    assert_eq!(timeline.kept_in_the_vault().await, vault);
    timeline
        .write("Half a year in which all is well.", Expected::new("done", "ok"))
        .await;
}

async fn disconnected(timeline: &mut Timeline) {
    timeline.everyday = None;
    for _ in 0..2 {
        let ended = timeline
            .harness
            .admin("disconnect", "DELETE", "/authorization", &Value::Null)
            .await;
        assert_eq!(ended.status, 204);
    }
    assert_eq!(token(timeline, "installation").await, Err("not_installed".to_owned()));
    assert_eq!(timeline.kept_in_the_vault().await, Vec::<String>::new());
    let expected = Expected::new("install", "ok").audit(&["disconnected"]).notified(&[
        "completion: completed → open",
        "contacts.callback: verified → none",
        "contacts.kind_check: confirmed → none",
        "contacts.secret: accepted → missing",
        "external_contacts.callback: verified → none",
        "external_contacts.kind_check: confirmed → none",
        "external_contacts.secret: accepted → missing",
        "installation: installed → not_installed",
    ]);
    timeline.write("The admin disconnects, twice.", expected).await;
    let run = timeline.days(1).await;
    assert_eq!(run["checked"], 1, "the deletion is certified: {run}");
    let run = timeline.days(1).await;
    assert_eq!(run["checked"], 0, "nobody has to be looked at any more: {run}");
    let expected = Expected::new("install", "ok").audit(&["data_deleted"]);
    timeline.write("Nothing is left to do.", expected).await;
}

async fn rotate(timeline: &Timeline) -> Credentials {
    let made = timeline.harness.generate(Scope::Contacts, true).await.with_status(201);
    Credentials::of(&made)
}

/// Requests an access token. Returns the error's type if it is refused.
async fn token(timeline: &Timeline, kind: &str) -> Result<(), String> {
    let input = json!({"tenant_id": "acme", "kind": kind});
    timeline.harness.invoke("issue-access-token", input).await.map(drop)
}

fn change(visible_departments: Option<Vec<i64>>, auth_mode: Option<AuthMode>) -> SuiteEventRequest {
    SuiteEventRequest {
        event: Some("change_auth".to_owned()),
        corp_id: Some(CORP.to_owned()),
        visible_departments,
        auth_mode,
        silent: true,
        ..SuiteEventRequest::default()
    }
}

/// Changes the authorization at WeCom and processes its event.
async fn changed(timeline: &Timeline, departments: Option<Vec<i64>>, auth_mode: Option<AuthMode>) {
    let request = change(departments, auth_mode);
    timeline.harness.wecom().send_suite_event(&request).await.unwrap();
    timeline.hears("change_auth").await;
}

/// Here, so that the timeline does not depend on how a [`Harness`] is started.
async fn deployment() -> Harness {
    Harness::start(false).await
}
