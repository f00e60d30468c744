//! Bindings of another platform: they are imported as they are, and their URLs go on.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use simulator::{AuthMode, NewCorporation, SecretKind, SuiteEventRequest};
use wecom_authorization::{
    authorization::Bindings,
    entropy::SystemEntropy,
    ids::{BindingId, CorpId, TenantId},
    sealing::{KeyRing, SealingKeys},
    store::{Change, SecretName},
    suite::Tokens,
    wecom::{Client, ClientConfig},
};

use crate::{
    event_schema::published,
    faults::harness::{AUTHORIZATION_TABLE, Caller, Harness, TENANT, member_created},
    restore,
    support::{CORP, Check, Credentials, Letter, OTHER_CORP, Reply, Scope},
};

const SUITE_ID: &str = "ww3f2a9c41d07be865";

/// The permanent codes that another platform has of WeCom: it got them for installations that this product knows nothing of.
pub(crate) struct OtherPlatform {
    wecom: Client,
    suite_token: secrecy::SecretString,
}

impl OtherPlatform {
    /// It shares the suite's ticket, which WeCom sends to one URL.
    pub(crate) async fn new(harness: &Harness) -> Self {
        let (store, keys) = (harness.store(), SealingKeys::new(harness.vault()));
        let tokens = Tokens {
            store: &store,
            keys: &keys,
            entropy: &SystemEntropy,
        };
        let (ticket, _) = tokens.ticket(SUITE_ID, harness.now()).await.unwrap().unwrap();
        let url = harness.wecom().state().base_url.parse().unwrap();
        let wecom = Client::new(ClientConfig::new(url)).unwrap();
        let token = wecom
            .suite_access_token(SUITE_ID, &"SecretOfTheSuite".into(), &ticket)
            .await;
        Self {
            wecom,
            suite_token: token.unwrap().token,
        }
    }

    /// A corporation installs the app. Returns its id as the app sees it, and the permanent code.
    async fn installed(&self, harness: &Harness, corp_id: &str, auth_mode: AuthMode) -> (String, String) {
        let request = SuiteEventRequest {
            event: Some("create_auth".to_owned()),
            corp_id: Some(corp_id.to_owned()),
            auth_mode: Some(auth_mode),
            silent: true,
            ..SuiteEventRequest::default()
        };
        let sent = harness.wecom().send_suite_event(&request).await.unwrap();
        let code = sent.auth_code.unwrap().into();
        let code = self.wecom.permanent_code(&self.suite_token, &code).await.unwrap();
        (code.corp_id, code.permanent_code.expose_secret().to_owned())
    }

    /// Lines about new corporations: `wwmoved0000000000` of `tenant-0`, and so on.
    pub(crate) async fn lines(&self, harness: &Harness, many: usize) -> Vec<Value> {
        let mut lines = Vec::new();
        for number in 0..many {
            let corp_id = format!("wwmoved{number:010}");
            found(harness, &corp_id);
            lines.push(Box::pin(self.line(harness, &corp_id, &format!("tenant-{number}"))).await);
        }
        lines
    }

    /// A line about a corporation: everything is set up.
    pub(crate) async fn line(&self, harness: &Harness, corp_id: &str, tenant_id: &str) -> Value {
        let (open_corp_id, permanent_code) = self.installed(harness, corp_id, AuthMode::Admin).await;
        let scope = |scope: &str, kind| {
            let callback = legacy(tenant_id, scope);
            json!({
                "secret": harness.wecom().secret(corp_id, kind).unwrap().secret,
                "callback": {
                    "path": callback.url,
                    "token": callback.token,
                    "encoding_aes_key": callback.encoding_aes_key,
                },
            })
        };
        json!({
            "tenant_id": tenant_id,
            "corp_id": open_corp_id,
            "plaintext_corp_id": corp_id,
            "permanent_code": permanent_code,
            "contacts": scope("contacts", SecretKind::Contacts),
            "external_contacts": scope("external", SecretKind::ExternalContacts),
            "completed_at": "2024-05-01T08:00:00Z",
        })
    }
}

/// A line about a corporation, for a tenant that is unknown here.
pub(crate) async fn line(harness: &Harness, corp_id: &str, tenant_id: &str) -> Value {
    let other = OtherPlatform::new(harness).await;
    other.line(harness, corp_id, tenant_id).await
}

/// The callback that WeCom has of a tenant; `url` is its path. The Token is as short as WeCom takes, and the key's last bits are set.
pub(crate) fn legacy(tenant_id: &str, scope: &str) -> Credentials {
    Credentials {
        url: format!("/wx/callback/{tenant_id}/{scope}"),
        token: "abc".to_owned(),
        encoding_aes_key: format!("{}9", "Ab3".repeat(14)),
    }
}

async fn invoke(harness: &Harness, lines: &[Value], is_dry_run: bool) -> Value {
    let lines: Vec<_> = lines.iter().map(Value::to_string).collect();
    let input = json!({"lines": lines, "dry_run": is_dry_run});
    harness.invoke("import-bindings", input).await.unwrap()
}

pub(crate) async fn import(harness: &Harness, lines: &[Value]) -> Value {
    invoke(harness, lines, false).await
}

#[track_caller]
fn assert_counts(report: &Value, counts: &Value) {
    assert_eq!(report["counts"], *counts, "{report}");
}

/// The codes of lines that are refused.
async fn refusals(harness: &Harness, lines: &[Value]) -> Vec<String> {
    let before = harness.authorization().await;
    let report = import(harness, lines).await;
    assert_eq!(
        harness.authorization().await,
        before,
        "a refused line changes nothing: {report}"
    );
    let lines = report["lines"].as_array().unwrap().iter();
    let code = |line: &Value| line["code"].as_str().unwrap_or("taken").to_owned();
    lines.map(code).collect()
}

pub(crate) async fn read(harness: &Harness, tenant_id: &str, path: &str) -> Value {
    let caller = Caller::Admin(tenant_id);
    let read = harness.call("read-authorization", caller, "GET", path, None).await;
    read.with_status(200)
}

/// WeCom delivers an event to the URL that it has, which something in front of the API leads below `/legacy`.
pub(crate) async fn deliver(harness: &Harness, callback: &Credentials, corp_id: &str, message: &str) -> Reply {
    let letter = Letter::sealed(callback, corp_id, message);
    let target = format!("/legacy{}?{}", callback.url, letter.query);
    let caller = Caller::Wecom;
    harness
        .call("event-callback", caller, "POST", &target, Some(&letter.body))
        .await
}

async fn check(harness: &Harness, callback: &Credentials) -> Reply {
    let check = Check::sealed(callback, CORP, "1616140317555161061");
    let target = format!("/legacy{}?{}", callback.url, check.query());
    harness
        .call("event-callback", Caller::Wecom, "GET", &target, None)
        .await
}

/// For the table of operations: a first import, one whose secrets were deleted before, one that WeCom refuses and one that it bans.
pub(crate) async fn every_way() -> Harness {
    let harness = Harness::start(false).await;
    // Its token is cached by the product, and would be used.
    let line = Box::pin(line(&harness, CORP, TENANT)).await;
    assert_counts(
        &invoke(&harness, std::slice::from_ref(&line), true).await,
        &json!({"importable": 1}),
    );
    for _ in 0..2 {
        assert_counts(
            &import(&harness, std::slice::from_ref(&line)).await,
            &json!({"imported": 1}),
        );
        let ended = harness
            .admin("disconnect", "DELETE", "/authorization", &Value::Null)
            .await;
        assert_eq!(ended.status, 204);
    }
    harness.wecom().add_faults([simulator::Fault {
        path: Some("/cgi-bin/service/v2/get_auth_info".to_owned()),
        errcode: Some(45009),
        ..simulator::Fault::default()
    }]);
    let banned = import(&harness, std::slice::from_ref(&line)).await;
    assert_eq!(banned["lines"][0]["code"], "wecom_ban", "{banned}");
    harness
}

#[tokio::test]
async fn an_imported_binding_works_as_if_its_admin_had_made_it_here() {
    let harness = Harness::start(false).await;
    let line = Box::pin(line(&harness, CORP, TENANT)).await;
    harness.wecom().clear_calls();
    let report = import(&harness, std::slice::from_ref(&line)).await;
    assert_eq!(
        report,
        json!({"counts": {"imported": 1}, "lines": [{"line": 1, "outcome": "imported", "tenant_id": TENANT}]})
    );
    let asked: Vec<_> = harness.wecom().calls().into_iter().map(|call| call.path).collect();
    assert!(
        !asked.iter().any(|path| path == "/cgi-bin/gettoken"),
        "no Secret is tried: {asked:?}"
    );

    let state = harness.state().await;
    assert_eq!(state["next_step"], "done", "{state}");
    assert_eq!(state["completed_at"], "2024-05-01T08:00:00Z");
    assert_eq!(state["installation"]["corp_name"], "云帆科技有限公司");
    assert_eq!(state["contacts"]["secret"]["kind_check"], "unconfirmed");
    assert_eq!(state["contacts"]["callback"]["status"], "verified");
    for kind in ["contacts", "external_contacts", "installation"] {
        let input = json!({"tenant_id": TENANT, "kind": kind});
        harness.invoke("issue-access-token", input).await.unwrap();
    }
    // Within twelve hours `check-health` asks about the Secrets.
    harness.sleep(12).await;
    let run = harness.invoke("check-health", json!({})).await.unwrap();
    assert_eq!((&run["checked"], &run["failed"]), (&json!(1), &json!(0)), "{run}");
    let state = harness.state().await;
    assert_eq!(state["health"], "ok", "{state}");
    assert_eq!(state["contacts"]["secret"]["kind_check"], "confirmed");
    let audit = read(&harness, TENANT, "/authorization/audit").await;
    let entries = audit["entries"].as_array().unwrap();
    let imported = entries.iter().find(|entry| entry["action"] == "imported").unwrap();
    assert_eq!(
        imported["details"]["contacts_path"],
        format!("/wx/callback/{TENANT}/contacts")
    );
    let secret = harness.secret_of(Scope::Contacts);
    assert!(!audit.to_string().contains(&secret), "{audit}");
}

#[tokio::test]
async fn the_same_line_again_changes_nothing_and_another_for_the_same_tenant_is_refused() {
    let harness = Harness::start(false).await;
    let line = Box::pin(line(&harness, CORP, TENANT)).await;
    import(&harness, std::slice::from_ref(&line)).await;
    let before = harness.authorization().await;
    harness.wecom().clear_calls();
    let again = import(&harness, std::slice::from_ref(&line)).await;
    assert_counts(&again, &json!({"already": 1}));
    assert_eq!(harness.authorization().await, before);
    assert_eq!(harness.wecom().calls().len(), 0, "WeCom is not asked again");
    let mut changed = line.clone();
    changed["contacts"]["callback"]["token"] = json!("another");
    assert_eq!(refusals(&harness, &[changed]).await, ["tenant_bound"]);
}

#[tokio::test]
async fn an_event_at_a_url_of_the_old_platform_is_stored_and_published_and_rubbish_there_reads_nothing() {
    let harness = Harness::start(false).await;
    let mut bus = harness.devstack().events();
    let line = Box::pin(line(&harness, CORP, TENANT)).await;
    let contacts = legacy(TENANT, "contacts");
    deliver(&harness, &contacts, CORP, &member_created("early"))
        .await
        .refused(404, "not_found");
    import(&harness, &[line]).await;
    harness.end_processes();
    check(&harness, &contacts).await.with_echo();
    deliver(&harness, &contacts, CORP, &member_created("a"))
        .await
        .with_success();
    let slash = Credentials {
        url: format!("{}/", contacts.url),
        ..contacts.clone()
    };
    deliver(&harness, &slash, CORP, &member_created("b"))
        .await
        .with_success();
    deliver(&harness, &legacy(TENANT, "external"), CORP, &member_created("c"))
        .await
        .with_success();
    let events = read(&harness, TENANT, "/authorization/events").await;
    assert_eq!(events["events"].as_array().unwrap().len(), 3, "{events}");
    harness.stream("publish-events").await.unwrap();
    let sent = published(&mut bus);
    let members: BTreeSet<_> = sent
        .iter()
        .map(|sent| sent["detail"]["payload"]["UserID"].as_str().unwrap())
        .collect();
    assert_eq!((sent.len(), members), (3, BTreeSet::from(["a", "b", "c"])), "{sent:?}");
    let state = harness.state().await;
    assert_eq!(state["contacts"]["callback"]["events_received"], 2, "{state}");

    let mut forged = contacts.clone();
    forged.token = "abd".to_owned();
    deliver(&harness, &forged, CORP, &member_created("d"))
        .await
        .refused(403, "callback_rejected");
    deliver(&harness, &contacts, OTHER_CORP, &member_created("e"))
        .await
        .refused(403, "callback_rejected");
    harness.devstack().clear_journal();
    let call = async |method, target: &str| {
        harness
            .call("event-callback", Caller::Wecom, method, target, None)
            .await
    };
    for path in [
        &format!("/legacy{}", contacts.url),
        "/legacy",
        "/legacy/",
        "/legacy/..%2f..%2fetc/passwd",
        "/legacy/wp-login.php?a=b",
        "/legacy/企业?msg_signature=a&timestamp=1&nonce=2",
    ] {
        call("GET", path).await.refused(404, "not_found");
        call("POST", path).await.refused(404, "not_found");
    }
    assert_eq!(harness.journal().len(), 0, "what is not of WeCom's form costs no read");
    let unknown = Credentials {
        url: "/wx/callback/nobody".to_owned(),
        ..contacts
    };
    for member in ["f", "g"] {
        deliver(&harness, &unknown, CORP, &member_created(member))
            .await
            .refused(404, "not_found");
    }
    assert_eq!(harness.journal().len(), 1, "a path that does not exist is remembered");
}

#[tokio::test]
async fn a_rotation_gives_the_usual_url_and_the_old_one_goes_on_until_it_is_verified() {
    let harness = Harness::start(false).await;
    let line = Box::pin(line(&harness, CORP, TENANT)).await;
    import(&harness, &[line]).await;
    let old = legacy(TENANT, "contacts");
    let new = Credentials::of(&harness.generate(Scope::Contacts, true).await.with_status(201));
    assert!(new.url.contains("/callback/00000000"), "{}", new.url);
    deliver(&harness, &old, CORP, &member_created("a")).await.with_success();
    harness.check(&new).await.with_echo();
    harness.deliver(&new, &member_created("b")).await.with_success();
    // Sent before WeCom took the new values over.
    deliver(&harness, &old, CORP, &member_created("c")).await.with_success();
    harness.wait(25 * 3600);
    deliver(&harness, &old, CORP, &member_created("d"))
        .await
        .refused(403, "callback_rejected");
    let kept = harness.authorization().await.contacts.callback_id.unwrap();
    let record = harness.store().callback(&kept).await.unwrap().unwrap();
    assert_eq!(
        record.legacy_path.unwrap().as_str(),
        old.url,
        "a change of the record keeps it"
    );
}

#[tokio::test]
async fn a_callback_that_is_restored_is_back_at_its_old_url() {
    let harness = Harness::start(true).await;
    let line = Box::pin(line(&harness, CORP, TENANT)).await;
    import(&harness, &[line]).await;
    let old = legacy(TENANT, "contacts");
    Box::pin(restore::remove(&harness)).await;
    Box::pin(restore::install_in(&harness, CORP)).await;
    deliver(&harness, &old, CORP, &member_created("a")).await.with_success();
    let restored = harness.authorization().await.contacts.callback_id.unwrap();
    let record = harness.store().callback(&restored).await.unwrap().unwrap();
    assert_eq!(record.legacy_path.unwrap().as_str(), old.url, "an export names it");
}

#[tokio::test]
async fn after_a_disconnect_the_old_url_is_unknown_and_the_line_may_be_imported_again() {
    let harness = Harness::start(false).await;
    let line = Box::pin(line(&harness, CORP, TENANT)).await;
    import(&harness, std::slice::from_ref(&line)).await;
    let old = legacy(TENANT, "contacts");
    let ended = harness
        .admin("disconnect", "DELETE", "/authorization", &Value::Null)
        .await;
    assert_eq!(ended.status, 204);
    deliver(&harness, &old, CORP, &member_created("a"))
        .await
        .refused(404, "not_found");
    assert_counts(&import(&harness, &[line]).await, &json!({"imported": 1}));
    // An unknown path is remembered for half a minute.
    harness.wait(31);
    deliver(&harness, &old, CORP, &member_created("b")).await.with_success();
}

#[tokio::test]
async fn each_wrong_line_has_its_own_code_and_keeps_no_other_from_being_imported() {
    let harness = Harness::start(false).await;
    let other = OtherPlatform::new(&harness).await;
    let good = Box::pin(other.line(&harness, CORP, TENANT)).await;
    let with = |pointer: &str, value: Value| {
        let mut line = good.clone();
        *line.pointer_mut(pointer).unwrap() = value;
        line
    };
    let without = |name: &str| {
        let mut line = good.clone();
        line.as_object_mut().unwrap().remove(name);
        line
    };
    let adding = |name: &str, value: Value| {
        let mut line = good.clone();
        line[name] = value;
        line
    };
    let mut foreign_suite = good.clone();
    foreign_suite["suite_id"] = json!("ww0000000000000000");
    for (line, code) in [
        (
            with("/permanent_code", json!("a-code-of-nobody")),
            "permanent_code_refused",
        ),
        (
            with("/corp_id", json!("wpNobodyKnowsThisCorporation")),
            "permanent_code_refused",
        ),
        (foreign_suite, "unknown_suite"),
        (
            with("/completed_at", json!("2999-01-01T00:00:00Z")),
            "completed_in_future",
        ),
        (without("contacts"), "steps_missing"),
        (without("plaintext_corp_id"), "plaintext_corp_id_missing"),
        // Its events and tokens would be the tenant's.
        (with("/plaintext_corp_id", json!(OTHER_CORP)), "corp_mismatch"),
        (with("/plaintext_corp_id", json!("ww00000000000000ff")), "corp_mismatch"),
        (adding("binding_id", json!("second")), "malformed_binding_id"),
        (
            adding("event_retention_days", json!(0)),
            "malformed_event_retention_days",
        ),
        (with("/contacts/callback/token", json!("ab")), "wrong_token_length"),
        (
            with("/contacts/callback/encoding_aes_key", json!("k".repeat(42))),
            "wrong_key_length",
        ),
        (
            with("/contacts/callback/path", json!(legacy(TENANT, "external").url)),
            "path_twice",
        ),
        (json!("not an object"), "malformed_binding"),
    ] {
        assert_eq!(refusals(&harness, &[line]).await, [code]);
    }
    let broken = json!({"lines": ["{", "x".repeat(1024 * 1024 + 1)]});
    let broken = harness.invoke("import-bindings", broken).await.unwrap();
    assert_eq!(broken["lines"][0]["code"], "malformed_json");
    assert_eq!(broken["lines"][1]["code"], "line_too_long");
    for input in [json!({}), json!({"lines": [1]}), json!({"lines": [], "dryrun": true})] {
        let malformed = harness.invoke("import-bindings", input).await;
        assert_eq!(malformed, Err("malformed_request".to_owned()));
    }

    // The others of a batch are imported, whatever is wrong with one.
    let second = Box::pin(other.line(&harness, OTHER_CORP, "second")).await;
    let mut tenant_twice = second.clone();
    tenant_twice["tenant_id"] = json!(TENANT);
    let corp_twice = with("/tenant_id", json!("third"));
    let report = import(&harness, &[good.clone(), tenant_twice, corp_twice, second]).await;
    let outcomes: Vec<_> = report["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line.get("code").unwrap_or(&line["outcome"]).as_str().unwrap())
        .collect();
    assert_eq!(
        outcomes,
        ["imported", "tenant_twice", "corp_twice", "imported"],
        "{report}"
    );

    // What another tenant has.
    let stolen = with("/tenant_id", json!("thief"));
    assert_eq!(refusals(&harness, std::slice::from_ref(&stolen)).await, ["corp_bound"]);
    let thief = TenantId::parse("thief").unwrap();
    assert_eq!(
        harness.store().authorization(&thief).await.unwrap().version,
        0,
        "nothing was written"
    );
    let third = "wwthird0000000001";
    found(&harness, third);
    let mut same_path = Box::pin(other.line(&harness, third, "third")).await;
    same_path["contacts"]["callback"]["path"] = json!(legacy(TENANT, "contacts").url);
    assert_eq!(refusals(&harness, &[same_path]).await, ["path_taken"]);
    let (open_corp_id, code) = other.installed(&harness, third, AuthMode::Member).await;
    let by_member = json!({"tenant_id": "third", "corp_id": open_corp_id, "permanent_code": code});
    assert_eq!(refusals(&harness, &[by_member]).await, ["member_authorization"]);
}

pub(crate) fn found(harness: &Harness, corp_id: &str) {
    let new: NewCorporation =
        serde_json::from_value(json!({"name": corp_id, "corp_id": corp_id, "members": 2})).unwrap();
    harness.wecom().add_corporation(&new).unwrap();
}

#[test]
fn the_schema_takes_a_line_that_is_imported_and_no_malformed_one() {
    let schema: Value = serde_json::from_str(&crate::template::read("docs/binding.schema.json")).unwrap();
    let schema = jsonschema::draft202012::new(&schema).unwrap();
    let callback = legacy(TENANT, "contacts");
    let line = json!({
        "tenant_id": TENANT,
        "corp_id": "wpYunFanAAq7Zk3Xb9Tn5LcVd2Rg8MhSw",
        "plaintext_corp_id": CORP,
        "permanent_code": "the-permanent-code",
        "contacts": {"callback": {
            "path": callback.url, "token": callback.token, "encoding_aes_key": callback.encoding_aes_key,
        }},
        "completed_at": "2024-05-01T08:00:00Z",
    });
    assert!(schema.is_valid(&line));
    for (pointer, value) in [
        ("/tenant_id", json!("a/b")),
        ("/permanent_code", Value::Null),
        ("/contacts", json!({"note": "more"})),
        ("/contacts/callback/path", json!("/wx/callback/1?corp=2")),
        ("/contacts/callback/token", json!("ab")),
        ("/contacts/callback/encoding_aes_key", json!("k".repeat(42))),
    ] {
        let mut line = line.clone();
        *line.pointer_mut(pointer).unwrap() = value;
        assert!(!schema.is_valid(&line), "{pointer}");
    }
}

#[tokio::test]
async fn a_dry_run_says_the_same_and_writes_nothing() {
    let harness = Harness::start(false).await;
    let line = Box::pin(line(&harness, CORP, TENANT)).await;
    let mut wrong = line.clone();
    wrong["tenant_id"] = json!("other");
    wrong["permanent_code"] = json!("a-code-of-nobody");
    wrong["corp_id"] = json!("wpNobodyKnowsThisCorporation");
    for name in ["contacts", "external_contacts", "completed_at"] {
        wrong.as_object_mut().unwrap().remove(name);
    }
    let report = invoke(&harness, &[line.clone(), wrong.clone()], true).await;
    assert_counts(&report, &json!({"importable": 1, "refused": 1}));
    assert_eq!(harness.authorization().await.version, 0);
    let tenant_id = TenantId::parse(TENANT).unwrap();
    let code = harness
        .vault()
        .read(&SecretName::Installation(tenant_id), None)
        .await
        .unwrap();
    assert!(code.is_none());
    let report = import(&harness, &[line, wrong]).await;
    assert_counts(&report, &json!({"imported": 1, "refused": 1}));
}

/// The number of bindings that are imported: as usual, or what `IMPORTED_BINDINGS` says, to measure (docs/importing.md).
#[expect(
    clippy::disallowed_methods,
    reason = "a test's own switch, not a function's configuration"
)]
pub(crate) fn many(usually: usize) -> usize {
    std::env::var("IMPORTED_BINDINGS").map_or(usually, |number| number.parse().unwrap())
}

/// Imports lines, some at a time as `scripts/import-bindings` does, up to the first batch in which one fails. Returns the number of lines
/// by outcome.
pub(crate) async fn import_all(harness: &Harness, lines: &[Value]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for batch in lines.chunks(10) {
        if counts.contains_key("failed") {
            break;
        }
        let report = import(harness, batch).await;
        for line in report["lines"].as_array().unwrap() {
            *counts.entry(line["outcome"].as_str().unwrap().to_owned()).or_default() += 1;
        }
    }
    counts
}

/// A client that was interrupted imports its file again while its last invocation still runs.
#[tokio::test]
async fn a_line_that_another_run_imports_meanwhile_is_there_already() {
    let harness = Harness::start(false).await;
    let line = Box::pin(line(&harness, CORP, TENANT)).await;
    harness.wecom().add_faults([simulator::Fault {
        path: Some("/cgi-bin/service/v2/get_auth_info".to_owned()),
        delay_ms: Some(700),
        ..simulator::Fault::default()
    }]);
    let lines = std::slice::from_ref(&line);
    let (slow, quick) = tokio::join!(Box::pin(import(&harness, lines)), async {
        while !harness.wecom().state().faults.is_empty() {
            tokio::task::yield_now().await;
        }
        Box::pin(import(&harness, lines)).await
    });
    assert_counts(&quick, &json!({"imported": 1}));
    assert_counts(&slow, &json!({"already": 1}));
}

#[tokio::test]
async fn many_bindings_are_imported_though_the_process_is_killed_in_the_middle() {
    let harness = Harness::start(false).await;
    let other = OtherPlatform::new(&harness).await;
    harness.end_stream(AUTHORIZATION_TABLE).await;
    let many = many(100);
    let lines = other.lines(&harness, many).await;
    harness.end_processes();
    let started = std::time::Instant::now();
    // A binding takes eight writes: a plan, six for three new secrets, and the commit.
    harness
        .devstack()
        .faults()
        .crash_after_writes(u32::try_from(many * 4).unwrap());
    let killed = import_all(&harness, &lines).await;
    assert!(killed["failed"] > 0 && killed["imported"] > many / 4, "{killed:?}");
    harness.devstack().faults().clear();
    harness.end_processes();
    let resumed = import_all(&harness, &lines).await;
    // The answer to the last commits may have been lost.
    assert!(resumed["already"] >= killed["imported"], "{killed:?} {resumed:?}");
    assert_eq!(resumed["already"] + resumed["imported"], many, "{resumed:?}");
    println!("imported {many} bindings within {:?}", started.elapsed());
    assert_eq!(
        import_all(&harness, &lines).await,
        BTreeMap::from([("already".to_owned(), many)])
    );

    let mut bus = harness.devstack().events();
    let moved = legacy("tenant-87", "contacts");
    let event = member_created("a");
    deliver(&harness, &moved, "wwmoved0000000087", &event)
        .await
        .with_success();
    let events = read(&harness, "tenant-87", "/authorization/events").await;
    assert_eq!(events["events"].as_array().unwrap().len(), 1, "{events}");
    harness.stream("publish-events").await.unwrap();
    let sent = published(&mut bus);
    let [sent] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!(
        (&sent["detail"]["tenant_id"], &sent["detail"]["payload"]["UserID"]),
        (&json!("tenant-87"), &json!("a"))
    );
    let corp_id = CorpId::parse(lines[87]["corp_id"].as_str().unwrap()).unwrap();
    let owner = harness.store().tenant_of(&corp_id).await.unwrap();
    assert_eq!(owner.unwrap().as_str(), "tenant-87");

    // Their checks do not come together.
    let mut hours = [0; 12];
    for line in &lines {
        let tenant_id = TenantId::parse(line["tenant_id"].as_str().unwrap()).unwrap();
        let authorization = harness.store().authorization(&tenant_id).await.unwrap();
        let hour = authorization
            .next_check_at
            .unwrap()
            .duration_since(harness.now())
            .as_hours();
        hours[usize::try_from(hour).unwrap()] += 1;
    }
    assert!(
        hours.iter().all(|checks| (many / 50..many / 4).contains(checks)),
        "{hours:?}"
    );
}

#[tokio::test]
async fn a_callback_of_another_deployment_keeps_its_url_where_ids_are_not_checked() {
    let harness = Harness::with_key_ring(false, &KeyRing::generate(&SystemEntropy)).await;
    let mut line = Box::pin(line(&harness, CORP, TENANT)).await;
    // Of a version before ids had a MAC, which `new` takes as well.
    let id = "c0ffee00c0ffee00c0ffee00c0ffee00";
    line["contacts"]["callback"]["path"] = json!(format!("/callback/{id}"));
    assert_counts(&import(&harness, &[line]).await, &json!({"imported": 1}));
    let same = Credentials {
        url: format!("https://callbacks.example.com/callback/{id}"),
        ..legacy(TENANT, "contacts")
    };
    harness.deliver(&same, &member_created("a")).await.with_success();
}

#[tokio::test]
async fn a_line_of_a_further_binding_adds_it_to_those_of_its_tenant() {
    let harness = Harness::start(false).await;
    let other = OtherPlatform::new(&harness).await;
    let first = Box::pin(other.line(&harness, CORP, TENANT)).await;
    let id = "0123456789abcdef0123456789abcdef";
    let mut further = Box::pin(other.line(&harness, OTHER_CORP, "beside")).await;
    further["tenant_id"] = json!(TENANT);
    further["binding_id"] = json!(id);
    further["event_retention_days"] = json!(7);
    let report = import(&harness, &[first, further.clone()]).await;
    assert_counts(&report, &json!({"imported": 2}));
    assert_eq!(report["lines"][1]["tenant_id"], TENANT);
    assert_eq!(report["lines"][1]["binding_id"], id);
    let list = read(&harness, TENANT, "/authorizations").await;
    let names = |list: &Value| -> Vec<_> {
        let bindings = list["bindings"].as_array().unwrap().iter();
        bindings
            .map(|binding| binding["binding_id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(&list), ["first", id], "{list}");
    deliver(
        &harness,
        &legacy("beside", "contacts"),
        OTHER_CORP,
        &member_created("a"),
    )
    .await
    .with_success();
    let events = read(&harness, TENANT, &format!("/authorizations/{id}/events")).await;
    assert_eq!(events["events"].as_array().unwrap().len(), 1, "{events}");
    let state = read(&harness, TENANT, &format!("/authorizations/{id}")).await;
    assert_eq!(
        (&state["next_step"], &state["settings"]["event_retention_days"]),
        (&json!("done"), &json!(7)),
        "{state}"
    );
    assert_counts(
        &import(&harness, std::slice::from_ref(&further)).await,
        &json!({"already": 1}),
    );

    // What its admin has removed does not come back under the same id.
    let ended = harness
        .admin("disconnect", "DELETE", &format!("/authorizations/{id}"), &Value::Null)
        .await;
    assert_eq!(ended.status, 204);
    assert_eq!(
        refusals(&harness, std::slice::from_ref(&further)).await,
        ["binding_removed"]
    );
    let tenant_id = TenantId::parse(TENANT).unwrap();
    let mut bindings = harness.store().bindings(&tenant_id).await.unwrap();
    for number in 1..Bindings::MOST {
        bindings
            .add(BindingId::parse(&format!("{number:032x}")).unwrap())
            .unwrap();
    }
    harness
        .store()
        .commit(vec![Change::SaveBindings(tenant_id, bindings)])
        .await
        .unwrap();
    further["binding_id"] = json!("f".repeat(32));
    assert_eq!(refusals(&harness, &[further]).await, ["too_many_bindings"]);
}
