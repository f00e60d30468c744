//! Every operation that writes: what stands before it, how it is performed, and what must hold if it was not.

use std::sync::atomic::{AtomicBool, Ordering};

use devstack::Rotation;
use serde_json::{Value, json};
use simulator::{AuthMode, SuiteEventRequest};
use wecom_authorization::store::SecretName;

use super::stage::{Cookies, ROTATION_STEPS, Stage, TENANT, member_created, ours};
use crate::support::{CORP, Credentials, Reply, Scope};

/// How an attempt ended: done, or failed for now and said so. Whatever else happens ends the test.
pub(crate) type Attempt = Result<(), String>;

/// An operation.
pub(crate) trait Scenario: Sized {
    /// Whether a disconnect deletes the events.
    const IS_THOROUGH: bool = false;
    /// WeCom gives some codes once. After so many of the crashes one was lost with the process that had received it, and a
    /// person has to begin anew.
    const LOSSES: u32 = 0;
    /// Whether the schedule finishes what an attempt has begun.
    const IS_FINISHED_BY_THE_SCHEDULE: bool = false;
    /// Whether a person may have to begin anew when an answer was lost on its way to us.
    const CAN_BEGIN_ANEW: bool = Self::LOSSES > 0;
    /// What differs when it was carried out and nobody heard of it, so that it was asked for once more.
    const COUNTS: &[&str] = &[];

    /// What stands before it.
    async fn prepare(stage: &Stage) -> Self;
    /// Performs it, for the first time or again.
    async fn perform(&self, stage: &Stage) -> Attempt;
    /// What must hold after an attempt that failed, before the next one.
    async fn holds_meanwhile(&self, _stage: &Stage) {}
    /// What a person does when a code was lost.
    async fn begin_anew(&self, _stage: &Stage) {
        panic!("nothing that could be lost");
    }
}

/// The answer of this status, or the one that says "not now".
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

impl Scenario for MakeLink {
    async fn prepare(_stage: &Stage) -> Self {
        Self
    }

    async fn perform(&self, stage: &Stage) -> Attempt {
        answered(&stage.make_link().await, 201)
    }
}

/// `GET /installation/start/{nonce}`.
pub(crate) struct OpenLink(String);

impl Scenario for OpenLink {
    // The link is bound to a cookie that did not reach the browser.
    const CAN_BEGIN_ANEW: bool = true;

    async fn prepare(stage: &Stage) -> Self {
        Self(Stage::path_of(&stage.make_link().await))
    }

    async fn perform(&self, stage: &Stage) -> Attempt {
        let reply = stage.open_link(&self.0, "").await;
        if reply.status == 410 {
            reply.refused(410, "install_link_expired");
            return Err("install_link_expired".to_owned());
        }
        answered(&reply, 303)
    }

    async fn begin_anew(&self, stage: &Stage) {
        let path = Stage::path_of(&stage.make_link().await);
        stage.open_link(&path, "").await.redirect();
    }
}

/// `GET /installation/callback`.
pub(crate) struct ComeBack {
    redirect: String,
    cookies: Cookies,
}

impl Scenario for ComeBack {
    // Between the exchange and the permanent code's way into the vault, which takes two calls where there is no secret yet.
    const LOSSES: u32 = 1;

    async fn prepare(stage: &Stage) -> Self {
        let (redirect, cookies) = stage.set_out(CORP).await;
        Self { redirect, cookies }
    }

    async fn perform(&self, stage: &Stage) -> Attempt {
        let back = stage.come_back(&self.redirect, &self.cookies).await.redirect();
        match back.split_once("?installation=").unwrap().1 {
            "installed" => Ok(()),
            "failed&code=temporarily_unavailable" => Err("temporarily_unavailable".to_owned()),
            "failed&code=install_link_expired" => Err("install_link_expired".to_owned()),
            other => panic!("{other}"),
        }
    }

    async fn holds_meanwhile(&self, stage: &Stage) {
        let answered = stage.state().await;
        let status = answered["installation"]["status"].as_str().unwrap();
        assert!(["not_installed", "installed"].contains(&status), "{answered}");
    }

    async fn begin_anew(&self, stage: &Stage) {
        stage.install().await;
    }
}

/// Installs again what WeCom's admin had removed, while the other steps stand.
pub(crate) struct InstallAgain(ComeBack);

impl Scenario for InstallAgain {
    // As above; three calls, because the secret was to be deleted.
    const LOSSES: u32 = 2;

    async fn prepare(stage: &Stage) -> Self {
        let _ = stage.bind_all().await;
        cancel(stage).await;
        stage.stream("process-suite-event").await.unwrap();
        Self(ComeBack::prepare(stage).await)
    }

    async fn perform(&self, stage: &Stage) -> Attempt {
        self.0.perform(stage).await
    }

    async fn begin_anew(&self, stage: &Stage) {
        self.0.begin_anew(stage).await;
    }
}

/// What WeCom sends when a corporation's admin removes the app.
async fn cancel(stage: &Stage) {
    suite_event(stage, "cancel_auth").await;
}

/// Something happens to the authorization at WeCom, and the event of it is stored. Answers the code in it.
async fn suite_event(stage: &Stage, event: &str) -> Option<String> {
    let request = SuiteEventRequest {
        event: Some(event.to_owned()),
        corp_id: Some(CORP.to_owned()),
        auth_mode: (event == "change_auth").then_some(AuthMode::Member),
        silent: true,
        ..SuiteEventRequest::default()
    };
    let auth_code = stage.wecom().send_suite_event(&request).await.unwrap().auth_code;
    let corporation = stage
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
    stage.suite_event_arrives(event, &rest).await;
    auth_code
}

/// `POST /suite/callback`.
pub(crate) struct SuiteEventArrives(crate::support::Letter);

impl Scenario for SuiteEventArrives {
    async fn prepare(stage: &Stage) -> Self {
        let rest = "<SuiteTicket><![CDATA[a-ticket]]></SuiteTicket>";
        Self(stage.suite_event("suite_ticket", rest))
    }

    async fn perform(&self, stage: &Stage) -> Attempt {
        answered(&stage.suite_callback(&self.0).await, 200)
    }
}

/// `process-suite-event` with a suite ticket.
pub(crate) struct Ticket;

impl Scenario for Ticket {
    async fn prepare(stage: &Stage) -> Self {
        let rest = "<SuiteTicket><![CDATA[a-ticket]]></SuiteTicket>";
        stage.suite_event_arrives("suite_ticket", rest).await;
        Self
    }

    async fn perform(&self, stage: &Stage) -> Attempt {
        stage.stream("process-suite-event").await
    }
}

macro_rules! suite_event_scenario {
    ($(#[$doc:meta])* $name:ident, $event:literal, $($of_the_trait:item)*) => {
        $(#[$doc])*
        pub(crate) struct $name;

        impl Scenario for $name {
            $($of_the_trait)*

            async fn prepare(stage: &Stage) -> Self {
                let [contacts, _] = stage.bind_all().await;
                stage.deliver(&contacts, &member_created("before")).await.with_success();
                suite_event(stage, $event).await;
                Self
            }

            async fn perform(&self, stage: &Stage) -> Attempt {
                stage.stream("process-suite-event").await
            }

            async fn begin_anew(&self, stage: &Stage) {
                suite_event(stage, $event).await;
                stage.stream("process-suite-event").await.unwrap();
            }
        }
    };
}

suite_event_scenario!(
    /// A bound corporation authorizes the app again, from WeCom's app market.
    CreateAuth, "create_auth",
);
suite_event_scenario!(
    /// An authorization becomes one of a single member.
    ChangeAuth, "change_auth",
);
suite_event_scenario!(
    /// A corporation removes the app.
    CancelAuth, "cancel_auth",
    const IS_FINISHED_BY_THE_SCHEDULE: bool = true;
);
suite_event_scenario!(
    /// A corporation removes the app, and its events go with it.
    CancelAuthThoroughly, "cancel_auth",
    const IS_THOROUGH: bool = true;
    const IS_FINISHED_BY_THE_SCHEDULE: bool = true;
);
suite_event_scenario!(
    /// The permanent code is another one from now on.
    ResetPermanentCode, "reset_permanent_code",
    // Between the exchange and the permanent code's way into the vault; the old code is dead then.
    const LOSSES: u32 = 1;
);

/// `PUT /authorization/contacts/secret` for the first time.
pub(crate) struct FirstSecret(Scope);

impl Scenario for FirstSecret {
    async fn prepare(stage: &Stage) -> Self {
        stage.install().await;
        Self(Scope::Contacts)
    }

    async fn perform(&self, stage: &Stage) -> Attempt {
        answered(&stage.enter(self.0, &stage.secret_of(self.0)).await, 200)
    }
}

/// The same for the second scope, when the first has credentials but no Secret yet.
pub(crate) struct SecondSecret;

impl Scenario for SecondSecret {
    async fn prepare(stage: &Stage) -> Self {
        stage.install().await;
        stage.generate(Scope::Contacts, false).await.with_status(201);
        Self
    }

    async fn perform(&self, stage: &Stage) -> Attempt {
        let scope = Scope::ExternalContacts;
        answered(&stage.enter(scope, &stage.secret_of(scope)).await, 200)
    }
}

/// `PUT /authorization/contacts/secret` after WeCom has made another one.
pub(crate) struct ReplaceSecret {
    credentials: Credentials,
    version_id: String,
    secret: String,
}

impl Scenario for ReplaceSecret {
    async fn prepare(stage: &Stage) -> Self {
        stage.install().await;
        let credentials = stage.bind(Scope::Contacts).await;
        let secret = stage.secret_of(Scope::Contacts);
        let registered = stage.authorization().await.contacts.secret.unwrap();
        stage
            .wecom()
            .reset_secret(CORP, simulator::SecretKind::Contacts)
            .unwrap();
        Self {
            credentials,
            version_id: registered.version_id,
            secret,
        }
    }

    async fn perform(&self, stage: &Stage) -> Attempt {
        answered(
            &stage.enter(Scope::Contacts, &stage.secret_of(Scope::Contacts)).await,
            200,
        )
    }

    async fn holds_meanwhile(&self, stage: &Stage) {
        use secrecy::ExposeSecret as _;
        let registered = stage.authorization().await.contacts.secret.unwrap();
        let name = SecretName::Scope(TENANT.to_owned().try_into().unwrap(), ours(Scope::Contacts));
        let kept = stage
            .vault()
            .read(&name, Some(&registered.version_id))
            .await
            .unwrap()
            .unwrap();
        if registered.version_id == self.version_id {
            assert_eq!(kept.expose_secret(), self.secret);
        } else {
            assert_eq!(kept.expose_secret(), stage.secret_of(Scope::Contacts));
        }
        stage.check(&self.credentials).await.with_echo();
    }
}

/// `POST /authorization/contacts/credentials` when there are none.
pub(crate) struct FirstCredentials;

impl Scenario for FirstCredentials {
    async fn prepare(stage: &Stage) -> Self {
        stage.install().await;
        Self
    }

    async fn perform(&self, stage: &Stage) -> Attempt {
        let reply = stage.generate(Scope::Contacts, false).await;
        // 200 when an attempt before this one made them, and its answer was lost.
        if reply.status == 200 {
            Ok(())
        } else {
            answered(&reply, 201)
        }
    }
}

/// `POST /authorization/contacts/credentials` with `rotate`, and the check that follows.
pub(crate) struct Rotate(Credentials);

impl Scenario for Rotate {
    const COUNTS: &[&str] = &["/generation"];

    async fn prepare(stage: &Stage) -> Self {
        stage.install().await;
        Self(stage.bind(Scope::Contacts).await)
    }

    async fn perform(&self, stage: &Stage) -> Attempt {
        answered(&stage.generate(Scope::Contacts, true).await, 201)
    }

    async fn holds_meanwhile(&self, stage: &Stage) {
        stage.check(&self.0).await.with_echo();
    }
}

/// `GET /authorization/contacts/credentials`, which leaves a line in the audit trail.
pub(crate) struct ShowCredentials;

impl Scenario for ShowCredentials {
    async fn prepare(stage: &Stage) -> Self {
        stage.install().await;
        let _ = stage.register(Scope::Contacts).await;
        Self
    }

    async fn perform(&self, stage: &Stage) -> Attempt {
        let target = "/authorization/contacts/credentials";
        let shown = stage.admin("generate-credentials", "GET", target, &Value::Null).await;
        answered(&shown, 200)
    }
}

/// `GET /callback/{callback_id}` for the first time: the credentials become current.
pub(crate) struct FirstCheck(Credentials);

impl Scenario for FirstCheck {
    async fn prepare(stage: &Stage) -> Self {
        stage.install().await;
        Self(stage.register(Scope::Contacts).await)
    }

    async fn perform(&self, stage: &Stage) -> Attempt {
        let reply = stage.check(&self.0).await;
        answered(&reply, 200).map(|()| reply.with_echo())
    }
}

/// The same after a rotation.
pub(crate) struct Promote {
    before: Credentials,
    after: Credentials,
}

impl Scenario for Promote {
    async fn prepare(stage: &Stage) -> Self {
        stage.install().await;
        let before = stage.bind(Scope::Contacts).await;
        let rotated = stage.generate(Scope::Contacts, true).await;
        let after = Credentials::of(&rotated.with_status(201));
        Self { before, after }
    }

    async fn perform(&self, stage: &Stage) -> Attempt {
        let reply = stage.check(&self.after).await;
        answered(&reply, 200).map(|()| reply.with_echo())
    }

    async fn holds_meanwhile(&self, stage: &Stage) {
        stage.check(&self.before).await.with_echo();
    }
}

/// `POST /callback/{callback_id}`.
pub(crate) struct EventArrives {
    credentials: Credentials,
    message: String,
}

impl EventArrives {
    async fn with(stage: &Stage, message: String) -> Self {
        stage.install().await;
        let credentials = stage.bind(Scope::Contacts).await;
        Self { credentials, message }
    }
}

impl Scenario for EventArrives {
    const COUNTS: &[&str] = &["/duplicates"];

    async fn prepare(stage: &Stage) -> Self {
        Self::with(stage, member_created("wangfang")).await
    }

    async fn perform(&self, stage: &Stage) -> Attempt {
        let reply = stage.deliver(&self.credentials, &self.message).await;
        answered(&reply, 200).map(|()| reply.with_success())
    }

    async fn holds_meanwhile(&self, stage: &Stage) {
        stage.check(&self.credentials).await.with_echo();
    }
}

/// An event that does not fit into one item.
pub(crate) struct LargeEventArrives(EventArrives);

impl Scenario for LargeEventArrives {
    const COUNTS: &[&str] = &["/duplicates"];

    async fn prepare(stage: &Stage) -> Self {
        let member = "企业微信".repeat(40_000);
        Self(EventArrives::with(stage, member_created(&member)).await)
    }

    async fn perform(&self, stage: &Stage) -> Attempt {
        self.0.perform(stage).await
    }
}

/// An event that WeCom delivers once more.
pub(crate) struct EventArrivesAgain(EventArrives);

impl Scenario for EventArrivesAgain {
    const COUNTS: &[&str] = &["/duplicates"];

    async fn prepare(stage: &Stage) -> Self {
        let first = EventArrives::prepare(stage).await;
        first.perform(stage).await.unwrap();
        Self(first)
    }

    async fn perform(&self, stage: &Stage) -> Attempt {
        self.0.perform(stage).await
    }
}

/// `count-events`.
pub(crate) struct Count;

impl Scenario for Count {
    async fn prepare(stage: &Stage) -> Self {
        let [contacts, external_contacts] = stage.bind_all().await;
        for (credentials, member) in [
            (&contacts, "a"),
            (&contacts, "b"),
            (&contacts, "a"),
            (&external_contacts, "c"),
        ] {
            stage.deliver(credentials, &member_created(member)).await.with_success();
        }
        Self
    }

    async fn perform(&self, stage: &Stage) -> Attempt {
        stage.stream("count-events").await
    }
}

/// `POST /authorization/completion`.
pub(crate) struct Complete;

impl Scenario for Complete {
    async fn prepare(stage: &Stage) -> Self {
        let _ = stage.bind_all().await;
        Self
    }

    async fn perform(&self, stage: &Stage) -> Attempt {
        let target = "/authorization/completion";
        let reply = stage
            .admin("complete-authorization", "POST", target, &Value::Null)
            .await;
        answered(&reply, 200)
    }
}

/// `PUT /authorization/settings`.
pub(crate) struct Settings;

impl Scenario for Settings {
    async fn prepare(stage: &Stage) -> Self {
        stage.install().await;
        Self
    }

    async fn perform(&self, stage: &Stage) -> Attempt {
        let body = json!({"callback_base_url": "https://wecom.acme.example"});
        let reply = stage
            .admin("update-settings", "PUT", "/authorization/settings", &body)
            .await;
        answered(&reply, 200)
    }
}

/// `POST /authorization/events/{event_id}/replay`.
pub(crate) struct Replay(String);

impl Scenario for Replay {
    async fn prepare(stage: &Stage) -> Self {
        let arrived = EventArrives::prepare(stage).await;
        arrived.perform(stage).await.unwrap();
        let events = stage
            .admin("read-authorization", "GET", "/authorization/events", &Value::Null)
            .await;
        let events = events.with_status(200);
        Self(events["events"][0]["event_id"].as_str().unwrap().to_owned())
    }

    async fn perform(&self, stage: &Stage) -> Attempt {
        let target = format!("/authorization/events/{}/replay", self.0);
        answered(&stage.admin("replay-event", "POST", &target, &Value::Null).await, 202)
    }
}

/// `DELETE /authorization`.
pub(crate) struct Disconnect;

impl Disconnect {
    async fn perform(stage: &Stage) -> Attempt {
        let reply = stage
            .admin("disconnect", "DELETE", "/authorization", &Value::Null)
            .await;
        answered(&reply, 204)
    }

    async fn prepare(stage: &Stage) -> Self {
        let [contacts, _] = stage.bind_all().await;
        stage.deliver(&contacts, &member_created("before")).await.with_success();
        Self
    }
}

impl Scenario for Disconnect {
    async fn prepare(stage: &Stage) -> Self {
        Self::prepare(stage).await
    }

    async fn perform(&self, stage: &Stage) -> Attempt {
        Self::perform(stage).await
    }
}

/// The same, and the events go too.
pub(crate) struct DisconnectThoroughly;

impl Scenario for DisconnectThoroughly {
    const IS_THOROUGH: bool = true;

    async fn prepare(stage: &Stage) -> Self {
        Disconnect::prepare(stage).await;
        Self
    }

    async fn perform(&self, stage: &Stage) -> Attempt {
        Disconnect::perform(stage).await
    }
}

/// `issue-access-token`.
pub(crate) struct IssueToken(&'static str);

impl IssueToken {
    async fn perform(&self, stage: &Stage) -> Attempt {
        let input = json!({"tenant_id": TENANT, "kind": self.0});
        match stage.invoke("issue-access-token", input).await {
            Ok(_) => Ok(()),
            Err(code) if code == "temporarily_unavailable" => Err(code),
            Err(code) => panic!("{code}"),
        }
    }
}

impl Scenario for IssueToken {
    async fn prepare(stage: &Stage) -> Self {
        let _ = stage.bind_all().await;
        Self("contacts")
    }

    async fn perform(&self, stage: &Stage) -> Attempt {
        self.perform(stage).await
    }
}

/// `check-health`, which finds that a Secret was reset.
pub(crate) struct CheckHealth(AtomicBool);

impl Scenario for CheckHealth {
    async fn prepare(stage: &Stage) -> Self {
        let _ = stage.bind_all().await;
        stage
            .wecom()
            .reset_secret(CORP, simulator::SecretKind::Contacts)
            .unwrap();
        stage.sleep(14).await;
        Self(AtomicBool::new(false))
    }

    async fn perform(&self, stage: &Stage) -> Attempt {
        if self.0.swap(true, Ordering::Relaxed) {
            // Whoever could not be looked at is put off for a while.
            stage.sleep(1).await;
        }
        match stage.invoke("check-health", json!({})).await {
            Ok(run) if run["failed"] == 0 => Ok(()),
            Ok(run) => Err(run.to_string()),
            Err(code) if code == "temporarily_unavailable" => Err(code),
            Err(code) => panic!("{code}"),
        }
    }
}

/// Secrets Manager's four steps, all of them again after one that failed.
pub(crate) struct RotateSealingKey {
    rotation: Rotation,
    credentials: Credentials,
}

impl Scenario for RotateSealingKey {
    async fn prepare(stage: &Stage) -> Self {
        stage.install().await;
        let credentials = stage.bind(Scope::Contacts).await;
        Self {
            rotation: stage.begin_rotation().await,
            credentials,
        }
    }

    async fn perform(&self, stage: &Stage) -> Attempt {
        for step in ROTATION_STEPS {
            match stage.rotation_step(&self.rotation, step).await {
                Err(code) if code == "temporarily_unavailable" => return Err(code),
                answered => answered.unwrap(),
            }
        }
        Ok(())
    }

    async fn holds_meanwhile(&self, stage: &Stage) {
        stage.check(&self.credentials).await.with_echo();
    }
}

/// Gives every scenario, with a name for a test of it, to a macro.
macro_rules! for_each {
    ($macro:ident) => {
        $macro! {
            making_an_install_link: MakeLink,
            opening_an_install_link: OpenLink,
            coming_back_from_wecom: ComeBack,
            installing_again: InstallAgain,
            storing_a_suite_event: SuiteEventArrives,
            keeping_a_suite_ticket: Ticket,
            authorizing_again_from_the_market: CreateAuth,
            changing_an_authorization: ChangeAuth,
            cancelling_an_authorization: CancelAuth,
            cancelling_an_authorization_and_deleting_its_events: CancelAuthThoroughly,
            resetting_the_permanent_code: ResetPermanentCode,
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
            disconnecting: Disconnect,
            disconnecting_and_deleting_the_events: DisconnectThoroughly,
            issuing_a_token: IssueToken,
            checking_health: CheckHealth,
            rotating_the_sealing_key: RotateSealingKey,
        }
    };
}
pub(crate) use for_each;
