//! Every operation that writes: its preparation, how it is performed, and what must hold after a failed attempt.

use std::sync::atomic::{AtomicBool, Ordering};

use devstack::Rotation;
use serde_json::{Value, json};
use simulator::{AuthMode, SuiteEventRequest};
use wecom_authorization::{
    ids::{CorpId, TenantId},
    store::SecretName,
};

use super::harness::{Caller, Cookies, Harness, ROTATION_STEPS, TENANT, member_created, ours};
use crate::{
    support::{CORP, Credentials, OTHER_CORP, Reply, Scope},
    who_may_bind::{Attempt as Attempted, stolen},
};

/// Result of an attempt: done, or temporarily failed with this code. Anything else fails the test.
pub(crate) type Attempt = Result<(), String>;

/// An operation that is tested with faults.
pub(crate) trait FaultCase: Sized {
    /// Whether a disconnect deletes the events.
    const IS_THOROUGH: bool = false;
    /// Whether the deployment's suite is a template of customised apps.
    const IS_OF_A_TEMPLATE: bool = false;
    /// Number of crashes that lose a code: WeCom issues some codes once, and if the process dies that has received one, a
    /// person has to start over.
    const LOSSES: u32 = 0;
    /// Whether `check-health` finishes what an attempt has started.
    const IS_FINISHED_BY_THE_SCHEDULE: bool = false;
    /// Whether a person may have to start over when an answer was lost.
    const CAN_BEGIN_ANEW: bool = Self::LOSSES > 0;
    /// Endings of the paths that may differ after an operation was carried out twice because its first answer was lost.
    const COUNTS: &[&str] = &[];

    /// Prepares the operation.
    async fn prepare(harness: &Harness) -> Self;
    /// Performs the operation, for the first time or again.
    async fn perform(&self, harness: &Harness) -> Attempt;
    /// Asserts what must hold between a failed attempt and the next one.
    async fn holds_meanwhile(&self, _stage: &Harness) {}
    /// What a person does after a code was lost.
    async fn begin_anew(&self, _stage: &Harness) {
        panic!("nothing that could be lost");
    }
}

/// Succeeds if the answer has this status; a temporary failure must be 503 with `retry_after`.
#[track_caller]
fn answered(reply: &Reply, status: u16) -> Attempt {
    if reply.status == status {
        return Ok(());
    }
    let problem = reply.refused(503, "temporarily_unavailable");
    assert_eq!(problem["retry_after"], 1, "{problem}");
    assert_eq!(reply.header("retry-after"), "1", "{problem}");
    Err("temporarily_unavailable".to_owned())
}

/// `POST /authorization/installation`.
pub(crate) struct MakeLink;

impl FaultCase for MakeLink {
    async fn prepare(_stage: &Harness) -> Self {
        Self
    }

    async fn perform(&self, harness: &Harness) -> Attempt {
        answered(&harness.make_link().await, 201)
    }
}

/// `POST /installation/start/{nonce}`.
pub(crate) struct OpenLink(String);

impl FaultCase for OpenLink {
    // The link is bound to a cookie that did not reach the browser.
    const CAN_BEGIN_ANEW: bool = true;

    async fn prepare(harness: &Harness) -> Self {
        Self(Harness::path_of(&harness.make_link().await))
    }

    async fn perform(&self, harness: &Harness) -> Attempt {
        let reply = harness.open_link(&self.0, "").await;
        if reply.status == 410 {
            reply.refused(410, "install_link_expired");
            return Err("install_link_expired".to_owned());
        }
        answered(&reply, 303)
    }

    async fn begin_anew(&self, harness: &Harness) {
        let path = Harness::path_of(&harness.make_link().await);
        harness.open_link(&path, "").await.redirect();
    }
}

/// `GET /installation/callback`.
pub(crate) struct ComeBack {
    redirect: String,
    cookies: Cookies,
}

impl FaultCase for ComeBack {
    // Between the exchange and storing the permanent code, which takes two calls if there is no secret yet.
    const LOSSES: u32 = 1;

    async fn prepare(harness: &Harness) -> Self {
        let (redirect, cookies) = harness.set_out(CORP).await;
        Self { redirect, cookies }
    }

    async fn perform(&self, harness: &Harness) -> Attempt {
        let back = harness.come_back(&self.redirect, &self.cookies).await.redirect();
        match back.split_once("?installation=").unwrap().1 {
            "installed" => Ok(()),
            "failed&code=temporarily_unavailable" => Err("temporarily_unavailable".to_owned()),
            "failed&code=install_link_expired" => Err("install_link_expired".to_owned()),
            other => panic!("{other}"),
        }
    }

    async fn holds_meanwhile(&self, harness: &Harness) {
        let answered = harness.state().await;
        let status = answered["installation"]["status"].as_str().unwrap();
        assert!(["not_installed", "installed"].contains(&status), "{answered}");
    }

    async fn begin_anew(&self, harness: &Harness) {
        harness.install().await;
    }
}

/// Installs again after WeCom's admin removed the app, while the other steps are done.
pub(crate) struct InstallAgain(ComeBack);

impl FaultCase for InstallAgain {
    // As above; three calls, because the secret was scheduled for deletion.
    const LOSSES: u32 = 2;

    async fn prepare(harness: &Harness) -> Self {
        let _ = harness.bind_all().await;
        cancel(harness).await;
        harness.stream("process-suite-event").await.unwrap();
        Self(ComeBack::prepare(harness).await)
    }

    async fn perform(&self, harness: &Harness) -> Attempt {
        self.0.perform(harness).await
    }

    async fn begin_anew(&self, harness: &Harness) {
        self.0.begin_anew(harness).await;
    }
}

/// `process-suite-event` with the `create_auth` of a QR code that was scanned.
pub(crate) struct Scan;

impl FaultCase for Scan {
    const IS_OF_A_TEMPLATE: bool = true;
    // As when coming back from WeCom.
    const LOSSES: u32 = 1;

    async fn prepare(harness: &Harness) -> Self {
        harness.scan().await;
        Self
    }

    async fn perform(&self, harness: &Harness) -> Attempt {
        harness.stream("process-suite-event").await
    }

    async fn holds_meanwhile(&self, harness: &Harness) {
        let answered = harness.state().await;
        let status = answered["installation"]["status"].as_str().unwrap();
        assert!(
            ["not_installed", "awaiting_confirmation"].contains(&status),
            "{answered}"
        );
    }

    async fn begin_anew(&self, harness: &Harness) {
        harness.scan().await;
        harness.stream("process-suite-event").await.unwrap();
    }
}

/// `POST /authorization/installation/confirmation`.
pub(crate) struct ConfirmInstallation(CorpId);

impl FaultCase for ConfirmInstallation {
    const IS_OF_A_TEMPLATE: bool = true;

    async fn prepare(harness: &Harness) -> Self {
        harness.scan().await;
        harness.stream("process-suite-event").await.unwrap();
        Self(harness.authorization().await.installation.unwrap().corp_id)
    }

    async fn perform(&self, harness: &Harness) -> Attempt {
        answered(&harness.confirm_corporation(&self.0).await, 204)
    }
}

/// WeCom sends the event of a corporation whose admin removed the app.
async fn cancel(harness: &Harness) {
    suite_event(harness, "cancel_auth").await;
}

/// Changes the authorization at WeCom and stores its event. Returns the code in it.
async fn suite_event(harness: &Harness, event: &str) -> Option<String> {
    let request = SuiteEventRequest {
        event: Some(event.to_owned()),
        corp_id: Some(CORP.to_owned()),
        auth_mode: (event == "change_auth").then_some(AuthMode::Member),
        silent: true,
        ..SuiteEventRequest::default()
    };
    let auth_code = harness.wecom().send_suite_event(&request).await.unwrap().auth_code;
    let corporation = harness
        .wecom()
        .state()
        .corps
        .into_iter()
        .find(|corp| corp.corp_id == CORP)
        .unwrap();
    let rest = match &auth_code {
        Some(code) => format!("<AuthCode><![CDATA[{code}]]></AuthCode>"),
        None => format!("<AuthCorpId><![CDATA[{}]]></AuthCorpId>", corporation.open_corp_id),
    };
    harness.suite_event_arrives(event, &rest).await;
    auth_code
}

/// `POST /suite/callback`.
pub(crate) struct SuiteEventArrives(crate::support::Letter);

impl FaultCase for SuiteEventArrives {
    async fn prepare(harness: &Harness) -> Self {
        let rest = "<SuiteTicket><![CDATA[a-ticket]]></SuiteTicket>";
        Self(harness.suite_event("suite_ticket", rest))
    }

    async fn perform(&self, harness: &Harness) -> Attempt {
        answered(&harness.suite_callback(&self.0).await, 200)
    }
}

/// `process-suite-event` with a suite ticket.
pub(crate) struct Ticket;

impl FaultCase for Ticket {
    async fn prepare(harness: &Harness) -> Self {
        let rest = "<SuiteTicket><![CDATA[a-ticket]]></SuiteTicket>";
        harness.suite_event_arrives("suite_ticket", rest).await;
        Self
    }

    async fn perform(&self, harness: &Harness) -> Attempt {
        harness.stream("process-suite-event").await
    }
}

macro_rules! suite_event_case {
    ($(#[$doc:meta])* $name:ident, $event:literal, $($of_the_trait:item)*) => {
        $(#[$doc])*
        pub(crate) struct $name;

        impl FaultCase for $name {
            $($of_the_trait)*

            async fn prepare(harness: &Harness) -> Self {
                let [contacts, _] = harness.bind_all().await;
                harness.deliver(&contacts, &member_created("before")).await.with_success();
                suite_event(harness, $event).await;
                Self
            }

            async fn perform(&self, harness: &Harness) -> Attempt {
                harness.stream("process-suite-event").await
            }

            async fn begin_anew(&self, harness: &Harness) {
                suite_event(harness, $event).await;
                harness.stream("process-suite-event").await.unwrap();
            }
        }
    };
}

/// `process-suite-event` with an installation that names no tenant.
pub(crate) struct KeepClaim;

impl FaultCase for KeepClaim {
    async fn prepare(harness: &Harness) -> Self {
        crate::claims::arrives_from_the_market(harness, AuthMode::Admin).await;
        Self
    }

    async fn perform(&self, harness: &Harness) -> Attempt {
        harness.stream("process-suite-event").await
    }
}

/// `POST /operator/claims/{claim_id}/assignment`.
pub(crate) struct AssignClaim(String);

impl FaultCase for AssignClaim {
    async fn prepare(harness: &Harness) -> Self {
        crate::claims::installs_from_the_market(harness).await;
        Self(crate::claims::claim_id(harness).await)
    }

    async fn perform(&self, harness: &Harness) -> Attempt {
        answered(&crate::claims::assign(harness, &self.0, TENANT).await, 200)
    }
}

/// `import-bindings` with one line.
pub(crate) struct ImportBinding(Value);

impl FaultCase for ImportBinding {
    async fn prepare(harness: &Harness) -> Self {
        Self(crate::import::line(harness, CORP, TENANT).await)
    }

    async fn perform(&self, harness: &Harness) -> Attempt {
        let report = crate::import::import(harness, std::slice::from_ref(&self.0)).await;
        match (
            report["lines"][0]["outcome"].as_str(),
            report["lines"][0]["code"].as_str(),
        ) {
            (Some("imported" | "already"), None) => Ok(()),
            (Some("failed"), Some(code @ "temporarily_unavailable")) => Err(code.to_owned()),
            _ => panic!("{report}"),
        }
    }

    async fn holds_meanwhile(&self, harness: &Harness) {
        let answered = harness.state().await;
        let next = answered["next_step"].as_str().unwrap();
        assert!(
            ["install", "done"].contains(&next),
            "nothing is half imported: {answered}"
        );
    }
}

/// `export-bindings` of one tenant.
pub(crate) struct ExportBinding;

impl FaultCase for ExportBinding {
    async fn prepare(harness: &Harness) -> Self {
        harness.bind_all().await;
        Self
    }

    async fn perform(&self, harness: &Harness) -> Attempt {
        let page = crate::export::export(harness, json!({"tenants": [TENANT]})).await?;
        let lines = crate::export::lines(&page);
        assert_eq!((lines.len(), &page["left_out"]), (1, &json!([])), "{page}");
        assert_eq!(lines[0]["contacts"]["secret"], harness.secret_of(Scope::Contacts));
        Ok(())
    }
}

suite_event_case!(
    /// A bound corporation authorizes the app again, from WeCom's app market.
    CreateAuth, "create_auth",
);
suite_event_case!(
    /// An admin authorization becomes a member authorization.
    ChangeAuth, "change_auth",
);
suite_event_case!(
    /// A corporation removes the app.
    CancelAuth, "cancel_auth",
    const IS_FINISHED_BY_THE_SCHEDULE: bool = true;
);
suite_event_case!(
    /// A corporation removes the app, and its events are deleted.
    CancelAuthThoroughly, "cancel_auth",
    const IS_THOROUGH: bool = true;
    const IS_FINISHED_BY_THE_SCHEDULE: bool = true;
);
suite_event_case!(
    /// WeCom replaces the permanent code.
    ResetPermanentCode, "reset_permanent_code",
    // Between the exchange and storing the permanent code; the old code no longer works then.
    const LOSSES: u32 = 1;
);

/// `PUT /authorization/contacts/secret` for the first time.
pub(crate) struct FirstSecret(Scope);

impl FaultCase for FirstSecret {
    async fn prepare(harness: &Harness) -> Self {
        harness.install().await;
        Self(Scope::Contacts)
    }

    async fn perform(&self, harness: &Harness) -> Attempt {
        answered(&harness.enter(self.0, &harness.secret_of(self.0)).await, 200)
    }
}

/// The same for the second scope, when the first has credentials but no Secret yet.
pub(crate) struct SecondSecret;

impl FaultCase for SecondSecret {
    async fn prepare(harness: &Harness) -> Self {
        harness.install().await;
        harness.generate(Scope::Contacts, false).await.with_status(201);
        Self
    }

    async fn perform(&self, harness: &Harness) -> Attempt {
        let scope = Scope::ExternalContacts;
        answered(&harness.enter(scope, &harness.secret_of(scope)).await, 200)
    }
}

/// `PUT /authorization/contacts/secret` after the Secret was reset in WeCom.
pub(crate) struct ReplaceSecret {
    credentials: Credentials,
    version_id: String,
    secret: String,
}

impl FaultCase for ReplaceSecret {
    async fn prepare(harness: &Harness) -> Self {
        harness.install().await;
        let credentials = harness.bind(Scope::Contacts).await;
        let secret = harness.secret_of(Scope::Contacts);
        let registered = harness.authorization().await.contacts.secret.unwrap();
        harness
            .wecom()
            .reset_secret(CORP, simulator::SecretKind::Contacts)
            .unwrap();
        Self {
            credentials,
            version_id: registered.version_id,
            secret,
        }
    }

    async fn perform(&self, harness: &Harness) -> Attempt {
        answered(
            &harness
                .enter(Scope::Contacts, &harness.secret_of(Scope::Contacts))
                .await,
            200,
        )
    }

    async fn holds_meanwhile(&self, harness: &Harness) {
        use secrecy::ExposeSecret as _;
        let registered = harness.authorization().await.contacts.secret.unwrap();
        let name = SecretName::Scope(TENANT.to_owned().try_into().unwrap(), ours(Scope::Contacts));
        let kept = harness
            .vault()
            .read(&name, Some(&registered.version_id))
            .await
            .unwrap()
            .unwrap();
        if registered.version_id == self.version_id {
            assert_eq!(kept.expose_secret(), self.secret);
        } else {
            assert_eq!(kept.expose_secret(), harness.secret_of(Scope::Contacts));
        }
        harness.check(&self.credentials).await.with_echo();
    }
}

/// `POST /authorization/contacts/credentials` when there are none.
pub(crate) struct FirstCredentials;

impl FaultCase for FirstCredentials {
    async fn prepare(harness: &Harness) -> Self {
        harness.install().await;
        Self
    }

    async fn perform(&self, harness: &Harness) -> Attempt {
        let reply = harness.generate(Scope::Contacts, false).await;
        // 200 if a previous attempt generated them, and its answer was lost.
        if reply.status == 200 {
            Ok(())
        } else {
            answered(&reply, 201)
        }
    }
}

/// `POST /authorization/contacts/credentials` with `rotate`, and the check that follows.
pub(crate) struct Rotate(Credentials);

impl FaultCase for Rotate {
    const COUNTS: &[&str] = &["/generation"];

    async fn prepare(harness: &Harness) -> Self {
        harness.install().await;
        Self(harness.bind(Scope::Contacts).await)
    }

    async fn perform(&self, harness: &Harness) -> Attempt {
        answered(&harness.generate(Scope::Contacts, true).await, 201)
    }

    async fn holds_meanwhile(&self, harness: &Harness) {
        harness.check(&self.0).await.with_echo();
    }
}

/// `GET /authorization/contacts/credentials`, which writes an audit entry.
pub(crate) struct ShowCredentials;

impl FaultCase for ShowCredentials {
    async fn prepare(harness: &Harness) -> Self {
        harness.install().await;
        let _ = harness.register(Scope::Contacts).await;
        Self
    }

    async fn perform(&self, harness: &Harness) -> Attempt {
        let target = "/authorization/contacts/credentials";
        let shown = harness.admin("generate-credentials", "GET", target, &Value::Null).await;
        answered(&shown, 200)
    }
}

/// `GET /callback/{callback_id}` for the first time: the credentials become current.
pub(crate) struct FirstCheck(Credentials);

impl FaultCase for FirstCheck {
    async fn prepare(harness: &Harness) -> Self {
        harness.install().await;
        Self(harness.register(Scope::Contacts).await)
    }

    async fn perform(&self, harness: &Harness) -> Attempt {
        let reply = harness.check(&self.0).await;
        answered(&reply, 200).map(|()| reply.with_echo())
    }
}

/// The same after a rotation.
pub(crate) struct Promote {
    before: Credentials,
    after: Credentials,
}

impl FaultCase for Promote {
    async fn prepare(harness: &Harness) -> Self {
        harness.install().await;
        let before = harness.bind(Scope::Contacts).await;
        let rotated = harness.generate(Scope::Contacts, true).await;
        let after = Credentials::of(&rotated.with_status(201));
        Self { before, after }
    }

    async fn perform(&self, harness: &Harness) -> Attempt {
        let reply = harness.check(&self.after).await;
        answered(&reply, 200).map(|()| reply.with_echo())
    }

    async fn holds_meanwhile(&self, harness: &Harness) {
        harness.check(&self.before).await.with_echo();
    }
}

/// `POST /callback/{callback_id}`.
pub(crate) struct EventArrives {
    credentials: Credentials,
    message: String,
}

impl EventArrives {
    async fn with(harness: &Harness, message: String) -> Self {
        harness.install().await;
        let credentials = harness.bind(Scope::Contacts).await;
        Self { credentials, message }
    }
}

impl FaultCase for EventArrives {
    const COUNTS: &[&str] = &["/duplicates"];

    async fn prepare(harness: &Harness) -> Self {
        Self::with(harness, member_created("wangfang")).await
    }

    async fn perform(&self, harness: &Harness) -> Attempt {
        let reply = harness.deliver(&self.credentials, &self.message).await;
        answered(&reply, 200).map(|()| reply.with_success())
    }

    async fn holds_meanwhile(&self, harness: &Harness) {
        harness.check(&self.credentials).await.with_echo();
    }
}

/// An event that does not fit into one item.
pub(crate) struct LargeEventArrives(EventArrives);

impl FaultCase for LargeEventArrives {
    const COUNTS: &[&str] = &["/duplicates"];

    async fn prepare(harness: &Harness) -> Self {
        let member = "企业微信".repeat(40_000);
        Self(EventArrives::with(harness, member_created(&member)).await)
    }

    async fn perform(&self, harness: &Harness) -> Attempt {
        self.0.perform(harness).await
    }
}

/// An event that WeCom redelivers.
pub(crate) struct EventArrivesAgain(EventArrives);

impl FaultCase for EventArrivesAgain {
    const COUNTS: &[&str] = &["/duplicates"];

    async fn prepare(harness: &Harness) -> Self {
        let first = EventArrives::prepare(harness).await;
        first.perform(harness).await.unwrap();
        Self(first)
    }

    async fn perform(&self, harness: &Harness) -> Attempt {
        self.0.perform(harness).await
    }
}

/// `publish-events`.
pub(crate) struct Count;

impl FaultCase for Count {
    async fn prepare(harness: &Harness) -> Self {
        let [contacts, external_contacts] = Box::pin(harness.bind_all()).await;
        // One callback has counters, the other gets them.
        harness
            .deliver(&contacts, &member_created("first"))
            .await
            .with_success();
        Box::pin(harness.stream("publish-events")).await.unwrap();
        for (credentials, member) in [
            (&contacts, "a"),
            (&contacts, "b"),
            (&contacts, "a"),
            (&external_contacts, "c"),
        ] {
            harness
                .deliver(credentials, &member_created(member))
                .await
                .with_success();
        }
        Self
    }

    async fn perform(&self, harness: &Harness) -> Attempt {
        Box::pin(harness.stream("publish-events")).await
    }
}

/// `POST /authorization/completion`.
pub(crate) struct Complete;

impl FaultCase for Complete {
    async fn prepare(harness: &Harness) -> Self {
        let _ = harness.bind_all().await;
        Self
    }

    async fn perform(&self, harness: &Harness) -> Attempt {
        let target = "/authorization/completion";
        let reply = harness
            .admin("complete-authorization", "POST", target, &Value::Null)
            .await;
        answered(&reply, 200)
    }
}

/// `PUT /authorization/settings`.
pub(crate) struct Settings;

impl FaultCase for Settings {
    async fn prepare(harness: &Harness) -> Self {
        harness.install().await;
        Self
    }

    async fn perform(&self, harness: &Harness) -> Attempt {
        let body = json!({"callback_base_url": "https://wecom.acme.example"});
        let reply = harness
            .admin("update-settings", "PUT", "/authorization/settings", &body)
            .await;
        answered(&reply, 200)
    }
}

/// `POST /authorization/events/{event_id}/replay`.
pub(crate) struct Replay(String);

impl FaultCase for Replay {
    async fn prepare(harness: &Harness) -> Self {
        let arrived = EventArrives::prepare(harness).await;
        arrived.perform(harness).await.unwrap();
        let events = harness
            .admin("read-authorization", "GET", "/authorization/events", &Value::Null)
            .await;
        let events = events.with_status(200);
        Self(events["events"][0]["event_id"].as_str().unwrap().to_owned())
    }

    async fn perform(&self, harness: &Harness) -> Attempt {
        let target = format!("/authorization/events/{}/replay", self.0);
        answered(&harness.admin("replay-event", "POST", &target, &Value::Null).await, 202)
    }
}

/// `POST /authorization/events/replays`.
pub(crate) struct StartReplay;

impl FaultCase for StartReplay {
    async fn prepare(harness: &Harness) -> Self {
        EventArrives::prepare(harness).await.perform(harness).await.unwrap();
        Self
    }

    async fn perform(&self, harness: &Harness) -> Attempt {
        let started = crate::replays::start(harness, Caller::Admin(TENANT), &json!({})).await;
        answered(&started, 202)
    }
}

/// `run-replays`.
pub(crate) struct RunReplays;

impl FaultCase for RunReplays {
    async fn prepare(harness: &Harness) -> Self {
        StartReplay::prepare(harness).await.perform(harness).await.unwrap();
        Self
    }

    async fn perform(&self, harness: &Harness) -> Attempt {
        // A run that died has it for fifty seconds.
        harness.wait(60);
        match harness.invoke("run-replays", json!({})).await {
            Ok(run) if run["failed"] == 0 => Ok(()),
            Ok(run) => Err(run.to_string()),
            Err(code) if code == "temporarily_unavailable" => Err(code),
            Err(code) => panic!("{code}"),
        }
    }
}

/// `POST /authorization/persons/deletion`, of events of which one has parts.
pub(crate) struct DeletePerson;

impl FaultCase for DeletePerson {
    async fn prepare(harness: &Harness) -> Self {
        let [contacts, _] = harness.bind_all().await;
        crate::persons::three_about_zhangsan(harness, &contacts).await;
        harness.deliver(&contacts, &member_created("lisi")).await.with_success();
        Self
    }

    async fn perform(&self, harness: &Harness) -> Attempt {
        let person = json!({"kind": "user_id", "id": "zhangsan"});
        let target = "/authorization/persons/deletion";
        answered(&harness.admin("find-person", "POST", target, &person).await, 200)
    }
}

/// `DELETE /authorization`.
pub(crate) struct Disconnect;

impl Disconnect {
    async fn perform(harness: &Harness) -> Attempt {
        let reply = harness
            .admin("disconnect", "DELETE", "/authorization", &Value::Null)
            .await;
        answered(&reply, 204)
    }

    async fn prepare(harness: &Harness) -> Self {
        let [contacts, _] = harness.bind_all().await;
        harness
            .deliver(&contacts, &member_created("before"))
            .await
            .with_success();
        Self
    }
}

impl FaultCase for Disconnect {
    async fn prepare(harness: &Harness) -> Self {
        Self::prepare(harness).await
    }

    async fn perform(&self, harness: &Harness) -> Attempt {
        Self::perform(harness).await
    }
}

/// The same, and the events are deleted.
pub(crate) struct DisconnectThoroughly;

impl FaultCase for DisconnectThoroughly {
    const IS_THOROUGH: bool = true;

    async fn prepare(harness: &Harness) -> Self {
        Disconnect::prepare(harness).await;
        Self
    }

    async fn perform(&self, harness: &Harness) -> Attempt {
        Disconnect::perform(harness).await
    }
}

/// `POST /authorizations`.
pub(crate) struct AddBinding;

impl FaultCase for AddBinding {
    async fn prepare(harness: &Harness) -> Self {
        harness.install().await;
        Self
    }

    async fn perform(&self, harness: &Harness) -> Attempt {
        answered(&add_binding(harness).await, 201)
    }
}

async fn add_binding(harness: &Harness) -> Reply {
    harness
        .admin("start-installation", "POST", "/authorizations", &Value::Null)
        .await
}

/// `GET /installation/callback` for a further binding of a tenant whose first one is installed.
pub(crate) struct ComeBackToBinding {
    binding_id: String,
    coming_back: ComeBack,
}

impl ComeBackToBinding {
    async fn set_out(harness: &Harness, binding_id: &str) -> ComeBack {
        let target = format!("/authorizations/{binding_id}/installation");
        let link = harness.admin("start-installation", "POST", &target, &Value::Null).await;
        let (redirect, cookies) = harness.set_out_with(&link, OTHER_CORP).await;
        ComeBack { redirect, cookies }
    }
}

impl FaultCase for ComeBackToBinding {
    // As for the first binding.
    const LOSSES: u32 = 1;

    async fn prepare(harness: &Harness) -> Self {
        harness.install().await;
        let added = add_binding(harness).await.with_status(201);
        let binding_id = added["binding_id"].as_str().unwrap().to_owned();
        let coming_back = Self::set_out(harness, &binding_id).await;
        Self {
            binding_id,
            coming_back,
        }
    }

    async fn perform(&self, harness: &Harness) -> Attempt {
        self.coming_back.perform(harness).await
    }

    async fn holds_meanwhile(&self, harness: &Harness) {
        assert_eq!(harness.state().await["installation"]["status"], "installed");
    }

    async fn begin_anew(&self, harness: &Harness) {
        let again = Self::set_out(harness, &self.binding_id).await;
        assert_eq!(again.perform(harness).await, Ok(()));
    }
}

/// `DELETE /authorizations/{binding_id}`.
pub(crate) struct RemoveBinding(String);

impl FaultCase for RemoveBinding {
    const IS_FINISHED_BY_THE_SCHEDULE: bool = true;

    async fn prepare(harness: &Harness) -> Self {
        let installed = ComeBackToBinding::prepare(harness).await;
        assert_eq!(installed.perform(harness).await, Ok(()));
        Self(installed.binding_id)
    }

    async fn perform(&self, harness: &Harness) -> Attempt {
        let target = format!("/authorizations/{}", self.0);
        let reply = harness.admin("disconnect", "DELETE", &target, &Value::Null).await;
        // It is gone, whoever finishes what is left.
        if reply.status == 404 {
            reply.refused(404, "not_found");
            return Ok(());
        }
        answered(&reply, 204)
    }

    async fn holds_meanwhile(&self, harness: &Harness) {
        assert_eq!(harness.state().await["installation"]["status"], "installed");
    }
}

/// `issue-access-token`.
pub(crate) struct IssueToken(&'static str);

impl IssueToken {
    async fn perform(&self, harness: &Harness) -> Attempt {
        let input = json!({"tenant_id": TENANT, "kind": self.0});
        match harness.invoke("issue-access-token", input).await {
            Ok(_) => Ok(()),
            Err(code) if code == "temporarily_unavailable" => Err(code),
            Err(code) => panic!("{code}"),
        }
    }
}

impl FaultCase for IssueToken {
    async fn prepare(harness: &Harness) -> Self {
        let _ = harness.bind_all().await;
        Self("contacts")
    }

    async fn perform(&self, harness: &Harness) -> Attempt {
        self.perform(harness).await
    }
}

/// `check-health`, which finds that a Secret was reset.
pub(crate) struct CheckHealth(AtomicBool);

impl FaultCase for CheckHealth {
    async fn prepare(harness: &Harness) -> Self {
        let _ = harness.bind_all().await;
        harness
            .wecom()
            .reset_secret(CORP, simulator::SecretKind::Contacts)
            .unwrap();
        harness.sleep(14).await;
        Self(AtomicBool::new(false))
    }

    async fn perform(&self, harness: &Harness) -> Attempt {
        if self.0.swap(true, Ordering::Relaxed) {
            // A tenant that could not be checked is due again later.
            harness.sleep(1).await;
        }
        match harness.invoke("check-health", json!({})).await {
            Ok(run) if run["failed"] == 0 => Ok(()),
            Ok(run) => Err(run.to_string()),
            Err(code) if code == "temporarily_unavailable" => Err(code),
            Err(code) => panic!("{code}"),
        }
    }
}

/// `reconcile-secrets`, which finds two secrets that nothing names.
pub(crate) struct ReconcileSecrets;

impl FaultCase for ReconcileSecrets {
    const IS_FINISHED_BY_THE_SCHEDULE: bool = true;

    async fn prepare(harness: &Harness) -> Self {
        harness.install().await;
        harness.bind(Scope::Contacts).await;
        let tenant = TenantId::parse(TENANT).unwrap();
        crate::reconcile::leave_behind(harness, &SecretName::Scope(tenant, ours(Scope::ExternalContacts))).await;
        harness.sleep(2).await;
        Self
    }

    async fn perform(&self, harness: &Harness) -> Attempt {
        match harness.invoke("reconcile-secrets", json!({})).await {
            Ok(run) if run["failed"] == 0 => {}
            Ok(run) => return Err(run.to_string()),
            Err(code) if code == "temporarily_unavailable" => return Err(code),
            Err(code) => panic!("{code}"),
        }
        match harness.invoke("check-health", json!({})).await {
            Ok(run) if run["failed"] == 0 => Ok(()),
            Ok(run) => Err(run.to_string()),
            Err(code) if code == "temporarily_unavailable" => Err(code),
            Err(code) => panic!("{code}"),
        }
    }
}

/// `create_auth` for the tenant's link, whose code another tenant has installed with.
pub(crate) struct CodeOfAnotherLink(Attempted);

impl FaultCase for CodeOfAnotherLink {
    // The clean-up after the other tenant.
    const IS_FINISHED_BY_THE_SCHEDULE: bool = true;

    async fn prepare(harness: &Harness) -> Self {
        Self(stolen(harness).await)
    }

    async fn perform(&self, harness: &Harness) -> Attempt {
        harness.stream("process-suite-event").await?;
        match self.0.come_back(harness).await.as_str() {
            "installed" => Ok(()),
            "failed&code=temporarily_unavailable" => Err("temporarily_unavailable".to_owned()),
            other => panic!("{other}"),
        }
    }
}

/// Secrets Manager's four rotation steps; after a failure all of them are repeated.
pub(crate) struct RotateSealingKey {
    rotation: Rotation,
    credentials: Credentials,
}

impl FaultCase for RotateSealingKey {
    async fn prepare(harness: &Harness) -> Self {
        harness.install().await;
        let credentials = harness.bind(Scope::Contacts).await;
        Self {
            rotation: harness.begin_rotation().await,
            credentials,
        }
    }

    async fn perform(&self, harness: &Harness) -> Attempt {
        for step in ROTATION_STEPS {
            match harness.rotation_step(&self.rotation, step).await {
                Err(code) if code == "temporarily_unavailable" => return Err(code),
                answered => answered.unwrap(),
            }
        }
        Ok(())
    }

    async fn holds_meanwhile(&self, harness: &Harness) {
        harness.check(&self.credentials).await.with_echo();
    }
}

/// Passes every case, with the name of its test, to a macro.
macro_rules! for_each {
    ($macro:ident) => {
        $macro! {
            making_an_install_link: MakeLink,
            opening_an_install_link: OpenLink,
            coming_back_from_wecom: ComeBack,
            installing_again: InstallAgain,
            scanning_a_qr_code: Scan,
            confirming_a_corporation: ConfirmInstallation,
            storing_a_suite_event: SuiteEventArrives,
            keeping_a_suite_ticket: Ticket,
            authorizing_again_from_the_market: CreateAuth,
            changing_an_authorization: ChangeAuth,
            cancelling_an_authorization: CancelAuth,
            cancelling_an_authorization_and_deleting_its_events: CancelAuthThoroughly,
            resetting_the_permanent_code: ResetPermanentCode,
            being_given_the_code_of_another_link: CodeOfAnotherLink,
            keeping_a_claim: KeepClaim,
            assigning_a_claim: AssignClaim,
            importing_a_binding: ImportBinding,
            exporting_a_binding: ExportBinding,
            registering_the_first_secret: FirstSecret,
            registering_the_second_secret: SecondSecret,
            replacing_a_secret: ReplaceSecret,
            generating_the_first_credentials: FirstCredentials,
            rotating_credentials: Rotate,
            showing_credentials: ShowCredentials,
            verifying_the_first_credentials: FirstCheck,
            promoting_rotated_credentials: Promote,
            storing_an_event: EventArrives,
            storing_a_large_event: LargeEventArrives,
            storing_an_event_again: EventArrivesAgain,
            counting_events: Count,
            completing: Complete,
            changing_settings: Settings,
            replaying_an_event: Replay,
            starting_a_replay: StartReplay,
            taking_a_replay_further: RunReplays,
            deleting_a_persons_events: DeletePerson,
            disconnecting: Disconnect,
            adding_a_binding: AddBinding,
            installing_a_further_corporation: ComeBackToBinding,
            removing_a_binding: RemoveBinding,
            disconnecting_and_deleting_the_events: DisconnectThoroughly,
            issuing_a_token: IssueToken,
            checking_health: CheckHealth,
            reconciling_secrets: ReconcileSecrets,
            rotating_the_sealing_key: RotateSealingKey,
        }
    };
}
pub(crate) use for_each;
