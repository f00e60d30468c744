//! Who may bind a corporation (docs/adr/0005-who-may-bind-a-corporation.md): an administrator of it, with the code that WeCom
//! issued for the tenant's own link.

use serde_json::{Value, json};
use simulator::{AuthMode, InstallRequest, SuiteEventRequest};
use wecom_authorization::store::SecretName;

use crate::{
    faults::harness::{Caller, Cookies, Harness, TENANT},
    support::{CORP, Scope},
};

const RIVAL: &str = "rival";
const EXCHANGE: &str = "/cgi-bin/service/v2/get_permanent_code";

/// An installation between WeCom's page and the redirect.
pub(crate) struct Attempt {
    redirect: String,
    cookies: Cookies,
}

impl Attempt {
    pub(crate) async fn begin(harness: &Harness, tenant: &str, auth_mode: AuthMode) -> Self {
        let caller = Caller::Admin(tenant);
        let target = "/authorization/installation";
        let link = harness.call("start-installation", caller, "POST", target, None).await;
        let opened = harness.open_link(&Harness::path_of(&link), "").await;
        let request = InstallRequest {
            url: opened.redirect(),
            corp_id: CORP.to_owned(),
            auth_mode,
        };
        let redirect = harness.wecom().install(&request).unwrap().redirect_url;
        Self {
            redirect: redirect
                .strip_prefix("https://callbacks.example.com")
                .unwrap()
                .to_owned(),
            cookies: Harness::cookie(&opened),
        }
    }

    pub(crate) async fn come_back(&self, harness: &Harness) -> String {
        let back = harness.come_back(&self.redirect, &self.cookies).await.redirect();
        back.split_once("?installation=").unwrap().1.to_owned()
    }

    pub(crate) fn parameter(&self, name: &str) -> String {
        let url = url::Url::parse(&format!("https://callbacks.example.com{}", self.redirect)).unwrap();
        url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned()
    }

    /// The same browser and link, with the code that WeCom issued for another link.
    fn with_code_of(&self, other: &Self) -> Self {
        let (own, foreign) = (self.parameter("auth_code"), other.parameter("auth_code"));
        Self {
            redirect: self.redirect.replace(&own, &foreign),
            cookies: self.cookies.clone(),
        }
    }

    /// WeCom's `create_auth` for this link, which is then acted on.
    async fn is_announced(&self, harness: &Harness) {
        self.announcement_arrives(harness).await;
        harness.stream("process-suite-event").await.unwrap();
    }

    /// WeCom's `create_auth` for this link.
    async fn announcement_arrives(&self, harness: &Harness) {
        let rest = format!(
            "<AuthCode><![CDATA[{}]]></AuthCode><State><![CDATA[{}]]></State><ExtraInfo></ExtraInfo>",
            self.parameter("auth_code"),
            self.parameter("state"),
        );
        harness.suite_event_arrives("create_auth", &rest).await;
    }
}

/// Step 1 for any tenant. Returns the answer to the console.
pub(crate) async fn install(harness: &Harness, tenant: &str, auth_mode: AuthMode) -> String {
    Attempt::begin(harness, tenant, auth_mode)
        .await
        .come_back(harness)
        .await
}

async fn state(harness: &Harness, tenant: &str) -> Value {
    let caller = Caller::Admin(tenant);
    let state = harness.call("read-authorization", caller, "GET", "/authorization", None);
    state.await.with_status(200)["installation"].clone()
}

async fn audit(harness: &Harness, tenant: &str) -> String {
    let caller = Caller::Admin(tenant);
    let trail = harness.call("read-authorization", caller, "GET", "/authorization/audit", None);
    trail.await.with_status(200).to_string()
}

async fn installation_token(harness: &Harness, tenant: &str) -> Result<(), String> {
    let input = json!({"tenant_id": tenant, "kind": "installation"});
    harness.invoke("issue-access-token", input).await.map(drop)
}

/// Whether the tenant's permanent code is in the vault, and not about to be deleted.
async fn has_permanent_code(harness: &Harness, tenant: &str) -> bool {
    let name = SecretName::Installation(tenant.to_owned().try_into().unwrap());
    harness.vault().read(&name, None).await.unwrap().is_some()
}

/// Something happens to the corporation at WeCom, and its event is acted on.
async fn happens(harness: &Harness, event: &str, auth_mode: Option<AuthMode>) {
    let request = SuiteEventRequest {
        event: Some(event.to_owned()),
        corp_id: Some(CORP.to_owned()),
        auth_mode,
        silent: true,
        ..SuiteEventRequest::default()
    };
    harness.wecom().send_suite_event(&request).await.unwrap();
    let corps = harness.wecom().state().corps;
    let corp = corps.iter().find(|corp| corp.corp_id == CORP).unwrap();
    let rest = format!("<AuthCorpId><![CDATA[{}]]></AuthCorpId>", corp.open_corp_id);
    harness.suite_event_arrives(event, &rest).await;
    harness.stream("process-suite-event").await.unwrap();
}

#[tokio::test]
async fn a_members_installation_keeps_no_administrator_out() {
    let harness = Harness::start(false).await;
    assert_eq!(
        install(&harness, RIVAL, AuthMode::Member).await,
        "failed&code=member_authorization"
    );
    assert_eq!(state(&harness, RIVAL).await["auth_mode"], "member");
    assert_eq!(install(&harness, TENANT, AuthMode::Admin).await, "installed");
    installation_token(&harness, TENANT).await.unwrap();
    for scope in Scope::ALL {
        let _ = harness.bind(scope).await;
    }

    // The member's installation ends soon, and its permanent code is deleted.
    harness.sleep(14).await;
    let run = harness.invoke("check-health", json!({})).await.unwrap();
    assert_eq!((&run["checked"], &run["failed"]), (&json!(2), &json!(0)), "{run}");
    assert_eq!(state(&harness, RIVAL).await["status"], "cancelled");
    assert!(!has_permanent_code(&harness, RIVAL).await);
    assert!(audit(&harness, RIVAL).await.contains("authorization_cancelled"));
    assert_eq!(state(&harness, TENANT).await["status"], "installed");
    assert!(has_permanent_code(&harness, TENANT).await);
    // The administrator's still receives what happens to the corporation.
    happens(&harness, "cancel_auth", None).await;
    assert_eq!(state(&harness, TENANT).await["status"], "cancelled");
}

#[tokio::test]
async fn a_members_installation_gives_no_token() {
    let harness = Harness::start(false).await;
    install(&harness, TENANT, AuthMode::Member).await;
    let refused = installation_token(&harness, TENANT).await;
    assert_eq!(refused, Err("member_authorization".to_owned()));
    assert_eq!(install(&harness, TENANT, AuthMode::Admin).await, "installed");
    installation_token(&harness, TENANT).await.unwrap();
    // An administrator's that WeCom changed to a member's.
    happens(&harness, "change_auth", Some(AuthMode::Member)).await;
    let refused = installation_token(&harness, TENANT).await;
    assert_eq!(refused, Err("member_authorization".to_owned()));
}

#[tokio::test]
async fn a_members_installation_ends_when_wecom_says_so_or_its_tenant() {
    let harness = Harness::start(false).await;
    install(&harness, TENANT, AuthMode::Member).await;
    assert!(has_permanent_code(&harness, TENANT).await);
    happens(&harness, "cancel_auth", None).await;
    assert_eq!(state(&harness, TENANT).await["status"], "cancelled");
    assert!(!has_permanent_code(&harness, TENANT).await);

    // While the corporation is another tenant's.
    install(&harness, TENANT, AuthMode::Member).await;
    assert_eq!(install(&harness, RIVAL, AuthMode::Admin).await, "installed");
    let ended = harness
        .admin("disconnect", "DELETE", "/authorization", &Value::Null)
        .await;
    assert_eq!(ended.status, 204);
    assert!(!has_permanent_code(&harness, TENANT).await);
    assert_eq!(state(&harness, RIVAL).await["status"], "installed");
    assert_eq!(
        install(&harness, TENANT, AuthMode::Admin).await,
        "failed&code=corp_mismatch"
    );
}

#[tokio::test]
async fn a_change_from_member_to_administrator_at_wecom_binds_nothing_by_itself() {
    let harness = Harness::start(false).await;
    install(&harness, RIVAL, AuthMode::Member).await;
    // The administrator of the corporation sets out for another tenant; WeCom's event is faster than the browser.
    let attempt = Attempt::begin(&harness, TENANT, AuthMode::Admin).await;
    happens(&harness, "change_auth", Some(AuthMode::Admin)).await;
    // Nor does an installation from WeCom's app market, which names no tenant.
    let request = SuiteEventRequest {
        event: Some("create_auth".to_owned()),
        corp_id: Some(CORP.to_owned()),
        silent: true,
        ..SuiteEventRequest::default()
    };
    let sent = harness.wecom().send_suite_event(&request).await.unwrap();
    let rest = format!("<AuthCode><![CDATA[{}]]></AuthCode>", sent.auth_code.unwrap());
    harness.suite_event_arrives("create_auth", &rest).await;
    harness.stream("process-suite-event").await.unwrap();
    assert_eq!(state(&harness, RIVAL).await["auth_mode"], "member");
    assert_eq!(attempt.come_back(&harness).await, "installed");
    assert_eq!(
        installation_token(&harness, RIVAL).await,
        Err("member_authorization".to_owned())
    );
}

#[tokio::test]
async fn a_members_installation_does_not_keep_its_tenant_from_another_corporation() {
    let harness = Harness::start(false).await;
    install(&harness, TENANT, AuthMode::Member).await;
    let (redirect, cookies) = harness.set_out(crate::support::OTHER_CORP).await;
    let back = harness.come_back(&redirect, &cookies).await.redirect();
    assert!(back.ends_with("?installation=installed"), "{back}");
    // What happens to the first corporation is no matter of the tenant's any more.
    happens(&harness, "cancel_auth", None).await;
    assert_eq!(state(&harness, TENANT).await["status"], "installed");
}

#[tokio::test]
async fn a_code_that_wecom_announced_for_one_link_is_taken_with_no_other() {
    let harness = Harness::start(false).await;
    let victim = Attempt::begin(&harness, TENANT, AuthMode::Admin).await;
    victim.is_announced(&harness).await;
    let thief = Attempt::begin(&harness, RIVAL, AuthMode::Admin)
        .await
        .with_code_of(&victim);
    assert_eq!(thief.come_back(&harness).await, "failed&code=install_link_expired");
    assert_eq!(state(&harness, RIVAL).await["status"], "not_installed");
    let exchanges = || {
        harness
            .wecom()
            .calls()
            .iter()
            .filter(|call| call.path == EXCHANGE)
            .count()
    };
    assert_eq!(exchanges(), 0);
    assert_eq!(victim.come_back(&harness).await, "installed");
    assert_eq!(exchanges(), 1);
    installation_token(&harness, TENANT).await.unwrap();
}

/// The rival has installed with a code that WeCom issued for the tenant's link. WeCom says so in an event that is not acted on yet.
pub(crate) async fn stolen(harness: &Harness) -> Attempt {
    let victim = Attempt::begin(harness, TENANT, AuthMode::Admin).await;
    let thief = Attempt::begin(harness, RIVAL, AuthMode::Admin)
        .await
        .with_code_of(&victim);
    assert_eq!(thief.come_back(harness).await, "installed");
    victim.announcement_arrives(harness).await;
    victim
}

/// The rival installs with a code that WeCom issued for the tenant's link, and WeCom says so later.
pub(crate) async fn steal(harness: &Harness) -> [Attempt; 2] {
    let victim = Attempt::begin(harness, TENANT, AuthMode::Admin).await;
    let thief = Attempt::begin(harness, RIVAL, AuthMode::Admin)
        .await
        .with_code_of(&victim);
    assert_eq!(thief.come_back(harness).await, "installed");
    victim.is_announced(harness).await;
    [victim, thief]
}

#[tokio::test]
async fn an_installation_that_wecom_contradicts_later_ends() {
    let harness = Harness::start(false).await;
    let [victim, thief] = steal(&harness).await;
    assert_eq!(state(&harness, RIVAL).await["status"], "cancelled");
    assert!(!has_permanent_code(&harness, RIVAL).await);
    assert!(audit(&harness, RIVAL).await.contains("authorization_cancelled"));
    assert_eq!(thief.come_back(&harness).await, "failed&code=install_link_expired");
    assert_eq!(
        installation_token(&harness, RIVAL).await,
        Err("not_installed".to_owned())
    );
    // The code is spent; what it gave is the victim's.
    assert_eq!(victim.come_back(&harness).await, "installed");
    installation_token(&harness, TENANT).await.unwrap();
    // Announced once more, it ends nothing.
    victim.is_announced(&harness).await;
    assert_eq!(state(&harness, TENANT).await["status"], "installed");
}

#[tokio::test]
async fn an_installation_that_wecom_confirms_later_stays() {
    let harness = Harness::start(false).await;
    let attempt = Attempt::begin(&harness, TENANT, AuthMode::Admin).await;
    assert_eq!(attempt.come_back(&harness).await, "installed");
    attempt.is_announced(&harness).await;
    assert_eq!(state(&harness, TENANT).await["status"], "installed");
}

#[tokio::test]
async fn a_stolen_code_that_is_still_being_exchanged_when_wecom_contradicts_binds_nothing() {
    let harness = Harness::start(false).await;
    let victim = Attempt::begin(&harness, TENANT, AuthMode::Admin).await;
    let thief = Attempt::begin(&harness, RIVAL, AuthMode::Admin)
        .await
        .with_code_of(&victim);
    // WeCom is busy when it is asked about the installation: the code is exchanged, nothing is bound yet.
    harness.wecom().add_faults([simulator::Fault {
        path: Some("/cgi-bin/service/v2/get_auth_info".to_owned()),
        errcode: Some(-1),
        times: 3,
        ..simulator::Fault::default()
    }]);
    assert_eq!(thief.come_back(&harness).await, "failed&code=wecom_error");
    victim.is_announced(&harness).await;
    assert_eq!(thief.come_back(&harness).await, "failed&code=install_link_expired");
    assert_eq!(state(&harness, RIVAL).await["status"], "not_installed");
    assert_eq!(victim.come_back(&harness).await, "installed");
    installation_token(&harness, TENANT).await.unwrap();
}

#[tokio::test]
async fn whoever_came_back_before_wecom_said_whose_code_it_is_installs_by_reloading() {
    let harness = Harness::start(false).await;
    let victim = Attempt::begin(&harness, TENANT, AuthMode::Admin).await;
    let thief = Attempt::begin(&harness, RIVAL, AuthMode::Admin)
        .await
        .with_code_of(&victim);
    assert_eq!(thief.come_back(&harness).await, "installed");
    assert_eq!(victim.come_back(&harness).await, "failed&code=install_link_expired");
    victim.is_announced(&harness).await;
    assert_eq!(victim.come_back(&harness).await, "installed");
    assert_eq!(state(&harness, RIVAL).await["status"], "cancelled");
}

#[tokio::test]
async fn a_permanent_code_that_is_kept_for_a_link_is_deleted_when_nobody_comes_back() {
    let harness = Harness::start(false).await;
    let _ = steal(&harness).await;
    assert!(has_permanent_code(&harness, TENANT).await);
    harness.wait(31 * 60);
    let run = harness.invoke("check-health", json!({})).await.unwrap();
    assert_eq!(run["failed"], 0, "{run}");
    assert!(!has_permanent_code(&harness, TENANT).await);
    assert_eq!(state(&harness, TENANT).await["status"], "not_installed");
}

#[tokio::test]
async fn nothing_is_kept_for_a_link_whose_tenant_has_another_corporation_or_that_has_ended() {
    let harness = Harness::start(false).await;
    let victim = Attempt::begin(&harness, TENANT, AuthMode::Admin).await;
    let (redirect, cookies) = harness.set_out(crate::support::OTHER_CORP).await;
    harness.come_back(&redirect, &cookies).await.redirect();
    let version = harness.authorization().await.installed().unwrap().version_id.clone();
    let thief = Attempt::begin(&harness, RIVAL, AuthMode::Admin)
        .await
        .with_code_of(&victim);
    assert_eq!(thief.come_back(&harness).await, "installed");
    victim.is_announced(&harness).await;
    assert_eq!(newest_version(&harness, TENANT).await, version);

    // The third tenant's own link has installed when WeCom contradicts another.
    let harness = Harness::start(false).await;
    let used = Attempt::begin(&harness, TENANT, AuthMode::Admin).await;
    assert_eq!(used.come_back(&harness).await, "installed");
    let version = newest_version(&harness, TENANT).await;
    let stolen = Attempt::begin(&harness, RIVAL, AuthMode::Admin).await;
    assert_eq!(stolen.come_back(&harness).await, "failed&code=corp_mismatch");
    let announced = Attempt {
        redirect: stolen
            .redirect
            .replace(&stolen.parameter("state"), &used.parameter("state")),
        ..stolen
    };
    announced.is_announced(&harness).await;
    assert_eq!(newest_version(&harness, TENANT).await, version);
    installation_token(&harness, TENANT).await.unwrap();
}

/// The id of the newest version of the tenant's permanent code.
async fn newest_version(harness: &Harness, tenant: &str) -> String {
    let name = format!("{}/{tenant}/installation", crate::faults::harness::PREFIX);
    let value = harness
        .secrets()
        .get_secret_value()
        .secret_id(name)
        .send()
        .await
        .unwrap();
    value.version_id.unwrap()
}

/// WeCom names the link in its answer to the exchange, before its event arrives.
#[tokio::test]
async fn what_an_exchange_gave_is_kept_for_the_link_that_wecoms_answer_names() {
    let harness = Harness::start(false).await;
    let victim = Attempt::begin(&harness, TENANT, AuthMode::Admin).await;
    let request = SuiteEventRequest {
        event: Some("create_auth".to_owned()),
        corp_id: Some(CORP.to_owned()),
        state: Some(victim.parameter("state")),
        silent: true,
        ..SuiteEventRequest::default()
    };
    let code = harness
        .wecom()
        .send_suite_event(&request)
        .await
        .unwrap()
        .auth_code
        .unwrap();
    let with_code = |attempt: Attempt| Attempt {
        redirect: attempt.redirect.replace(&attempt.parameter("auth_code"), &code),
        ..attempt
    };
    let victim = with_code(victim);
    let thief = with_code(Attempt::begin(&harness, RIVAL, AuthMode::Admin).await);
    assert_eq!(thief.come_back(&harness).await, "failed&code=install_link_expired");
    assert!(!has_permanent_code(&harness, RIVAL).await);
    victim.is_announced(&harness).await;
    assert_eq!(victim.come_back(&harness).await, "installed");
    installation_token(&harness, TENANT).await.unwrap();
}

#[tokio::test]
async fn a_code_that_was_issued_for_a_qr_code_is_taken_with_no_link() {
    let harness = Harness::start(false).await;
    let request = SuiteEventRequest {
        event: Some("create_auth".to_owned()),
        corp_id: Some(CORP.to_owned()),
        state: Some("t42n9K".to_owned()),
        silent: true,
        ..SuiteEventRequest::default()
    };
    let sent = harness.wecom().send_suite_event(&request).await.unwrap();
    let thief = Attempt::begin(&harness, TENANT, AuthMode::Admin).await;
    let own = thief.parameter("auth_code");
    let thief = Attempt {
        redirect: thief.redirect.replace(&own, &sent.auth_code.unwrap()),
        ..thief
    };
    assert_eq!(thief.come_back(&harness).await, "failed&code=install_link_expired");
    assert_eq!(state(&harness, TENANT).await["status"], "not_installed");
    assert!(!has_permanent_code(&harness, TENANT).await);
}

#[tokio::test]
async fn a_removal_ends_nothing_when_the_app_was_installed_again_since_whatever_the_clocks_say() {
    let harness = Harness::start(false).await;
    harness.install().await;
    let removal = SuiteEventRequest {
        event: Some("cancel_auth".to_owned()),
        corp_id: Some(CORP.to_owned()),
        silent: true,
        ..SuiteEventRequest::default()
    };
    harness.wecom().send_suite_event(&removal).await.unwrap();
    harness.install().await;
    // The event arrives late, and is stamped some seconds ahead of our clock.
    let corps = harness.wecom().state().corps;
    let corp = corps.iter().find(|corp| corp.corp_id == CORP).unwrap();
    let rest = format!("<AuthCorpId><![CDATA[{}]]></AuthCorpId>", corp.open_corp_id);
    harness.wait(5);
    harness.suite_event_arrives("cancel_auth", &rest).await;
    harness.wait(-5);
    harness.stream("process-suite-event").await.unwrap();
    assert_eq!(state(&harness, TENANT).await["status"], "installed");
    installation_token(&harness, TENANT).await.unwrap();
    assert!(audit(&harness, TENANT).await.contains("still_installed"));
}

#[tokio::test]
async fn a_removal_that_wecom_cannot_be_asked_about_is_acted_on_later() {
    let harness = Harness::start(false).await;
    harness.install().await;
    harness.wecom().add_faults([simulator::Fault {
        path: Some("/cgi-bin/service/v2/get_auth_info".to_owned()),
        errcode: Some(-1),
        times: 3,
        ..simulator::Fault::default()
    }]);
    let removal = SuiteEventRequest {
        event: Some("cancel_auth".to_owned()),
        corp_id: Some(CORP.to_owned()),
        silent: true,
        ..SuiteEventRequest::default()
    };
    harness.wecom().send_suite_event(&removal).await.unwrap();
    let corps = harness.wecom().state().corps;
    let corp = corps.iter().find(|corp| corp.corp_id == CORP).unwrap();
    let rest = format!("<AuthCorpId><![CDATA[{}]]></AuthCorpId>", corp.open_corp_id);
    harness.suite_event_arrives("cancel_auth", &rest).await;
    harness.stream("process-suite-event").await.unwrap_err();
    assert_eq!(state(&harness, TENANT).await["status"], "installed");
    harness.stream("process-suite-event").await.unwrap();
    assert_eq!(state(&harness, TENANT).await["status"], "cancelled");
}
