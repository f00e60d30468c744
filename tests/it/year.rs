//! A year in the life of one tenant: what its admin, WeCom and time do to it, and what state, health, audit trail and event
//! bus say at each point. The story is written down in `year.txt`, in the folder that cargo keeps for tests
//! (`target/tmp`), for whoever wants to read it.

mod diary;

use serde_json::{Value, json};
use simulator::{AuthMode, Fault, SecretKind, SuiteEventRequest, SwitchesPatch};

use self::diary::{Diary, Expected};
use crate::{
    faults::stage::{Stage, member_created},
    support::{CORP, Credentials, Scope},
};

#[tokio::test]
async fn a_year_in_the_life_of_a_tenant() {
    let mut diary = Diary::begin().await;
    let [contacts, _] = Box::pin(setting_up(&mut diary)).await;
    let contacts = Box::pin(a_first_rotation(&mut diary, contacts)).await;
    let contacts = Box::pin(a_second_rotation(&mut diary, contacts)).await;
    Box::pin(a_secret_is_reset(&mut diary)).await;
    Box::pin(an_address_is_trusted_no_more(&mut diary)).await;
    Box::pin(an_app_is_disabled(&mut diary)).await;
    Box::pin(the_app_may_see_less(&mut diary)).await;
    Box::pin(silence(&mut diary, &contacts)).await;
    Box::pin(the_app_is_removed(&mut diary, &contacts)).await;
    Box::pin(installed_again(&mut diary)).await;
    Box::pin(disconnected(&mut diary)).await;
    diary.end().await;
}

async fn setting_up(diary: &mut Diary) -> [Credentials; 2] {
    diary.stage.install().await;
    let expected = Expected::new("contacts_secret", "ok")
        .audit(&["installation_started", "installed"])
        .told(&["installation: not_installed → installed"]);
    diary.write("The app is installed.", expected).await;
    let both = bind_both(diary).await;
    diary.days(25).await;
    diary.deliver(&both[0], "weeks-later").await;
    diary
        .write("Weeks with nothing to report.", Expected::new("done", "ok"))
        .await;
    both
}

/// Steps 2 to 4, the first time and after everything was lost.
async fn bind_both(diary: &mut Diary) -> [Credentials; 2] {
    let mut both = Vec::new();
    for (scope, name, next) in [
        (Scope::Contacts, "contacts", "external_contacts_secret"),
        (Scope::ExternalContacts, "external_contacts", "complete"),
    ] {
        both.push(diary.stage.bind(scope).await);
        let expected = Expected::new(next, "ok")
            .audit(&["secret_registered", "callback_verified"])
            .told(&[
                &format!("{name}.callback: awaiting_verification → verified"),
                &format!("{name}.callback: none → awaiting_verification"),
                &format!("{name}.kind_check: none → confirmed"),
                &format!("{name}.secret: missing → accepted"),
            ]);
        diary.write(&format!("{name}: Secret and callback."), expected).await;
    }
    let target = "/authorization/completion";
    let completed = diary
        .stage
        .admin("complete-authorization", "POST", target, &Value::Null);
    completed.await.with_status(200);
    let expected = Expected::new("done", "ok")
        .audit(&["completed"])
        .told(&["completion: open → completed"]);
    diary.write("The wizard is completed.", expected).await;
    diary.everyday = both.last().cloned();
    both.try_into().unwrap_or_else(|_| unreachable!("two scopes"))
}

async fn a_first_rotation(diary: &mut Diary, old: Credentials) -> Credentials {
    let new = rotate(diary).await;
    diary.deliver(&old, "while-the-admin-is-pasting").await;
    diary.stage.check(&new).await.with_echo();
    let expected = Expected::new("done", "ok")
        .audit(&["credentials_generated", "callback_verified"])
        .told(&[
            "contacts.previous_credentials: none → valid",
            "contacts.rotation: none → pending",
            "contacts.rotation: pending → none",
        ]);
    diary.write("Token and EncodingAESKey are rotated.", expected).await;
    diary.deliver(&old, "sealed-before").await;
    diary.deliver(&new, "sealed-after").await;

    diary.hours(25).await;
    let refused = diary.stage.deliver(&old, &member_created("too-late")).await;
    refused.refused(403, "callback_rejected");
    let kept = diary.stage.authorization().await;
    let id = kept.contacts.callback_id.unwrap();
    let callback = diary.stage.store().callback(&id).await;
    assert!(
        callback.unwrap().unwrap().previous.is_empty(),
        "destroyed, not only refused"
    );
    let expected = Expected::new("done", "ok").told(&["contacts.previous_credentials: valid → none"]);
    diary.write("The old pair's day is over.", expected).await;
    new
}

/// Begun and forgotten; finished, and undone in WeCom's console by somebody who had the old values at hand.
async fn a_second_rotation(diary: &mut Diary, old: Credentials) -> Credentials {
    let new = rotate(diary).await;
    diary.hours(49).await;
    let expected = Expected::new("done", "attention")
        .finding("contacts rotation_unfinished")
        .audit(&["credentials_generated"])
        .told(&["contacts.rotation: none → pending", "health: ok → attention"]);
    diary.write("A rotation is begun and forgotten.", expected).await;

    diary.stage.check(&new).await.with_echo();
    diary.hours(1).await;
    diary.stage.check(&old).await.with_echo();
    diary.deliver(&old, "with-the-old-values").await;
    let expected = Expected::new("done", "attention")
        .finding("contacts old_credentials_in_use")
        .audit(&["callback_verified"])
        .told(&[
            "contacts.previous_credentials: none → valid",
            "contacts.rotation: pending → none",
        ]);
    diary
        .write("The old values are saved over the new ones.", expected)
        .await;
    diary.stage.check(&new).await.with_echo();
    diary.hours(25).await;
    let expected =
        Expected::new("done", "ok").told(&["contacts.previous_credentials: valid → none", "health: attention → ok"]);
    diary.write("The new ones are saved again.", expected).await;
    new
}

async fn a_secret_is_reset(diary: &mut Diary) {
    diary.days(20).await;
    token(diary, "contacts").await.unwrap();
    diary.stage.wecom().reset_secret(CORP, SecretKind::Contacts).unwrap();
    diary.hours(14).await;
    let expected = Expected::new("contacts_secret", "broken")
        .finding("contacts secret_rejected")
        .audit(&["secret_checked"])
        .told(&["contacts.secret: accepted → rejected", "health: ok → broken"]);
    diary.write("The 通讯录Secret is reset in WeCom.", expected).await;

    assert_eq!(token(diary, "contacts").await, Err("secret_rejected".to_owned()));
    let asked = diary.asked("/cgi-bin/gettoken");
    diary.hours(14).await;
    assert_eq!(
        diary.asked("/cgi-bin/gettoken") - asked,
        1,
        "the other Secret's, and never again the one that was refused"
    );
    let expected = Expected::new("contacts_secret", "broken").finding("contacts secret_rejected");
    diary.write("It is not tried again.", expected).await;

    diary.stage.register(Scope::Contacts).await;
    token(diary, "contacts").await.unwrap();
    diary.looks().await;
    let expected = Expected::new("done", "ok")
        .audit(&["secret_registered"])
        .told(&["contacts.secret: rejected → accepted", "health: broken → ok"]);
    diary.write("The new Secret is entered.", expected).await;
}

async fn an_address_is_trusted_no_more(diary: &mut Diary) {
    let trusted = |is_trusted: bool| SwitchesPatch {
        contacts_ip_untrusted: Some(!is_trusted),
        ..SwitchesPatch::default()
    };
    diary.stage.wecom().set_switches(CORP, trusted(false)).unwrap();
    diary.hours(14).await;
    let expected = Expected::new("done", "attention")
        .finding("contacts ip_not_trusted")
        .audit(&["secret_checked"])
        .told(&[
            "contacts.kind_check: confirmed → ip_not_trusted",
            "health: ok → attention",
        ]);
    diary.write("Our address is taken off the list.", expected).await;
    let since = diary.since("ip_not_trusted").await;
    diary.hours(14).await;
    assert_eq!(
        diary.since("ip_not_trusted").await,
        since,
        "looked at again, it began when it began"
    );
    diary.stage.wecom().set_switches(CORP, trusted(true)).unwrap();
    diary.hours(14).await;
    let expected = Expected::new("done", "ok").audit(&["secret_checked"]).told(&[
        "contacts.kind_check: ip_not_trusted → confirmed",
        "health: attention → ok",
    ]);
    diary.write("It is put back.", expected).await;
}

async fn an_app_is_disabled(diary: &mut Diary) {
    diary.stage.wecom().add_faults([Fault {
        path: Some("/cgi-bin/externalcontact/get_follow_user_list".to_owned()),
        errcode: Some(50003),
        ..Fault::default()
    }]);
    diary.hours(14).await;
    let expected = Expected::new("done", "broken")
        .finding("external_contacts app_disabled")
        .audit(&["secret_checked"])
        .told(&[
            "external_contacts.kind_check: confirmed → app_disabled",
            "health: ok → broken",
        ]);
    diary
        .write("The app behind the 客户Secret is disabled.", expected)
        .await;
    diary.hours(14).await;
    let expected = Expected::new("done", "ok").audit(&["secret_checked"]).told(&[
        "external_contacts.kind_check: app_disabled → confirmed",
        "health: broken → ok",
    ]);
    diary.write("It is enabled again.", expected).await;
}

async fn the_app_may_see_less(diary: &mut Diary) {
    changed(diary, Some(vec![2, 5]), None).await;
    let expected = Expected::new("done", "ok")
        .audit(&["authorization_changed"])
        .told(&["installation.privilege"]);
    diary.write("The app may see two departments only.", expected).await;
    // WeCom's event of this one is lost: the schedule finds out.
    diary
        .stage
        .wecom()
        .send_suite_event(&change(Some(Vec::new()), None))
        .await
        .unwrap();
    diary.hours(14).await;
    let expected = Expected::new("done", "attention")
        .finding("visible_range_empty")
        .audit(&["authorization_changed"])
        .told(&["health: ok → attention", "installation.privilege"]);
    diary.write("The app may see nobody.", expected).await;

    changed(diary, Some(vec![1]), Some(AuthMode::Member)).await;
    diary.hours(1).await;
    let since: jiff::Timestamp = diary
        .since("member_authorization")
        .await
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(
        diary.stage.now().duration_since(since).as_hours() < 2,
        "not since the installation"
    );
    let expected = Expected::new("install", "broken")
        .finding("member_authorization")
        .audit(&["authorization_changed"])
        .told(&[
            "health: attention → broken",
            "installation.privilege",
            "installation: installed → installed_by_member",
        ]);
    diary.write("It becomes a single member's.", expected).await;
    changed(diary, None, Some(AuthMode::Admin)).await;
    diary.hours(1).await;
    let expected = Expected::new("done", "ok").audit(&["authorization_changed"]).told(&[
        "health: broken → ok",
        "installation.privilege",
        "installation: installed_by_member → installed",
    ]);
    diary.write("And an administrator's again.", expected).await;
}

async fn silence(diary: &mut Diary, contacts: &Credentials) {
    diary.hours(24 * 31).await;
    let expected = Expected::new("done", "attention")
        .finding("contacts callback_silent")
        .finding("external_contacts callback_silent")
        .told(&["health: ok → attention"]);
    diary.write("Nothing arrives for a month.", expected).await;
    diary.deliver(contacts, "at-last").await;
    diary.looks().await;
    let expected = Expected::new("done", "attention").finding("external_contacts callback_silent");
    diary.write("A colleague edits a profile.", expected).await;
}

async fn the_app_is_removed(diary: &mut Diary, contacts: &Credentials) {
    token(diary, "contacts").await.unwrap();
    let request = SuiteEventRequest {
        event: Some("cancel_auth".to_owned()),
        corp_id: Some(CORP.to_owned()),
        silent: true,
        ..SuiteEventRequest::default()
    };
    diary.stage.wecom().send_suite_event(&request).await.unwrap();
    diary.everyday = None;
    diary.hears("cancel_auth").await;
    diary
        .stage
        .deliver(contacts, &member_created("nobody"))
        .await
        .refused(404, "not_found");
    diary.stage.check(contacts).await.refused(404, "not_found");
    assert_eq!(token(diary, "contacts").await, Err("not_installed".to_owned()));
    assert_eq!(diary.kept_in_the_vault().await, Vec::<String>::new());
    let events = diary.events().await;
    assert!(events > 0, "they are kept until they end by themselves");
    let expected = Expected::new("install", "broken")
        .finding("authorization_cancelled")
        .audit(&["authorization_cancelled"])
        .told(&[
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
    diary.write("The corporation removes the app.", expected).await;
}

async fn installed_again(diary: &mut Diary) {
    diary.days(100).await;
    diary.stage.install().await;
    let expected = Expected::new("contacts_secret", "ok")
        .audit(&["installation_started", "installed"])
        .told(&["health: broken → ok", "installation: cancelled → installed"]);
    diary.write("It is installed again, and starts clean.", expected).await;
    let [contacts, _] = bind_both(diary).await;
    for month in 0..7 {
        diary.deliver(&contacts, &format!("in-month-{month}")).await;
        diary.days(25).await;
    }
    token(diary, "installation").await.unwrap();
    let vault = ["contacts", "external-contacts", "installation"].map(|name| format!("acme/{name}"));
    assert_eq!(diary.kept_in_the_vault().await, vault);
    diary
        .write("Half a year in which all is well.", Expected::new("done", "ok"))
        .await;
}

async fn disconnected(diary: &mut Diary) {
    diary.everyday = None;
    for _ in 0..2 {
        let ended = diary
            .stage
            .admin("disconnect", "DELETE", "/authorization", &Value::Null)
            .await;
        assert_eq!(ended.status, 204);
    }
    assert_eq!(token(diary, "installation").await, Err("not_installed".to_owned()));
    assert_eq!(diary.kept_in_the_vault().await, Vec::<String>::new());
    let expected = Expected::new("install", "ok").audit(&["disconnected"]).told(&[
        "completion: completed → open",
        "contacts.callback: verified → none",
        "contacts.kind_check: confirmed → none",
        "contacts.secret: accepted → missing",
        "external_contacts.callback: verified → none",
        "external_contacts.kind_check: confirmed → none",
        "external_contacts.secret: accepted → missing",
        "installation: installed → not_installed",
    ]);
    diary.write("The admin disconnects, twice.", expected).await;
    let run = diary.days(1).await;
    assert_eq!(run["checked"], 0, "nobody has to be looked at any more: {run}");
    diary
        .write("Nothing is left to do.", Expected::new("install", "ok"))
        .await;
}

async fn rotate(diary: &Diary) -> Credentials {
    let made = diary.stage.generate(Scope::Contacts, true).await.with_status(201);
    Credentials::of(&made)
}

/// Asks the token broker. Answers the error's type when there is none.
async fn token(diary: &Diary, kind: &str) -> Result<(), String> {
    let input = json!({"tenant_id": "acme", "kind": kind});
    diary.stage.invoke("issue-access-token", input).await.map(drop)
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

/// The authorization changes at WeCom, and its event is acted on.
async fn changed(diary: &Diary, departments: Option<Vec<i64>>, auth_mode: Option<AuthMode>) {
    let request = change(departments, auth_mode);
    diary.stage.wecom().send_suite_event(&request).await.unwrap();
    diary.hears("change_auth").await;
}

/// Kept here so that the diary needs to know nothing of [`Stage`]'s beginning.
async fn deployment() -> Stage {
    Stage::start(false).await
}
