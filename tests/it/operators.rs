//! The platform's operators see every tenant, and nobody else does: lists that follow the tenants, one tenant, the summary.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};
use simulator::{AuthMode, SuiteEventRequest};
use wecom_authorization::{
    authorization::{Health, Listing, NextStep},
    ids::{BindingId, CorpId, TenantId},
    store::ListFilter,
};

use crate::{
    contract::endpoint::Endpoint,
    faults::harness::{AUTHORIZATION_TABLE, Caller, DEAD_LETTERS, Harness, TENANT, member_created},
    support::{CORP, Reply, Scope, World, eventually},
};

const TENANTS: &str = "/operator/tenants";
const SUMMARY: &str = "/operator/summary";

async fn ask(harness: &Harness, target: &str) -> Reply {
    harness.operator("read-tenants", "GET", target).await
}

async fn act_on(harness: &Harness, tenant_id: &str, verb: &str) -> Reply {
    let target = format!("{TENANTS}/{tenant_id}/{verb}");
    harness.operator("act-on-tenant", "POST", &target).await
}

/// The tenants of a page, after everything that the stream has.
async fn listed(harness: &Harness, query: &str) -> Vec<Value> {
    harness.stream("publish-changes").await.unwrap();
    let page = ask(harness, &format!("{TENANTS}{query}")).await.with_status(200);
    page["tenants"].as_array().unwrap().clone()
}

async fn ids(harness: &Harness, query: &str) -> Vec<String> {
    let listed = listed(harness, query).await;
    let id = |tenant: &Value| tenant["tenant_id"].as_str().unwrap().to_owned();
    listed.iter().map(id).collect()
}

/// WeCom says that the corporation has removed the app.
async fn leave(harness: &Harness) {
    let request = SuiteEventRequest {
        event: Some("cancel_auth".to_owned()),
        corp_id: Some(CORP.to_owned()),
        silent: true,
        ..SuiteEventRequest::default()
    };
    harness.wecom().send_suite_event(&request).await.unwrap();
    let corps = harness.wecom().state().corps;
    let corp = corps.iter().find(|corp| corp.corp_id == CORP).unwrap();
    let about = format!("<AuthCorpId><![CDATA[{}]]></AuthCorpId>", corp.open_corp_id);
    harness.suite_event_arrives("cancel_auth", &about).await;
    harness.stream("process-suite-event").await.unwrap();
}

#[tokio::test]
async fn an_operators_routes_are_for_operators_and_a_tenants_for_its_admin() {
    let world = World::start().await;
    world.walk().await;
    let token = world.announcement().operator_token.clone();
    let operator = world.bearer(&token);
    let one = format!("{TENANTS}/{}", world.announcement().tenant_id);
    for path in [TENANTS, SUMMARY, &one] {
        operator.get(path).await.with_status(200);
        world.admin().get(path).await.refused(403, "forbidden");
        world.other_admin().get(path).await.refused(403, "forbidden");
        world.nobody().get(path).await.refused_by_gateway(401, "Unauthorized");
    }
    for path in [format!("{one}/check"), format!("{one}/disconnect")] {
        world.admin().post(&path, json!({})).await.refused(403, "forbidden");
        let refused = world.nobody().post(&path, json!({})).await;
        refused.refused_by_gateway(401, "Unauthorized");
    }
    for path in ["/authorization", "/authorization/events", "/authorization/audit"] {
        operator.get(path).await.refused(401, "unauthenticated");
    }
    for path in [
        "/authorization/installation",
        "/authorization/completion",
        "/authorization/check",
    ] {
        operator.post(path, json!({})).await.refused(401, "unauthenticated");
    }
    let settings = json!({"callback_base_url": null});
    let refused = operator.put("/authorization/settings", settings).await;
    refused.refused(401, "unauthenticated");
    assert_eq!(world.state().await["next_step"], "done");
}

/// Promotion by `event-callback`, which cannot write the tenant's record, included.
#[tokio::test]
async fn the_list_follows_each_step_of_the_wizard() {
    let world = World::start().await;
    let token = world.announcement().operator_token.clone();
    let at = async |step: &str| {
        let operator = world.bearer(&token);
        let path = format!("{TENANTS}?step={step}&health=ok");
        eventually(step, || async {
            let page = operator.get(&path).await.with_status(200);
            page["tenants"].as_array().unwrap().first().cloned()
        })
        .await
    };
    world.install().await;
    let tenant = at("contacts_secret").await;
    assert_eq!(
        (&tenant["tenant_id"], &tenant["corp_name"]),
        (&json!("demo"), &json!("云帆科技有限公司"))
    );
    let contacts = world.register(Scope::Contacts).await;
    at("contacts_callback").await;
    world.verify(Scope::Contacts, &contacts).await;
    let tenant = at("external_contacts_secret").await;
    assert_eq!(tenant["plaintext_corp_id"], CORP);
    world.bind(Scope::ExternalContacts).await;
    at("complete").await;
    world.complete().await;
    let tenant = at("done").await;
    assert_eq!(tenant["since"], world.state().await["completed_at"]);
    let sum = world.bearer(&token).get(SUMMARY).await.with_status(200);
    let done = json!([{"of": "done", "tenants": 1, "since": tenant["since"]}]);
    assert_eq!((&sum["tenants"], &sum["steps"]), (&json!(1), &done));
}

#[tokio::test]
async fn what_broke_comes_first_and_is_found_by_health_finding_step_and_its_ids() {
    let harness = Harness::start(false).await;
    Box::pin(harness.bind_all()).await;
    crate::who_may_bind::install(&harness, "rival", AuthMode::Admin).await;
    assert_eq!(ids(&harness, "").await.len(), 2);
    let acme = listed(&harness, "?query=ACME").await;
    let [contacts, _] = [0, 1].map(|index| acme[0]["callback_ids"][index].as_str().unwrap().to_owned());
    for (query, found) in [
        (format!("?query={contacts}"), true),
        (format!("?query={}", &contacts[..30]), true),
        (format!("?corp={CORP}"), true),
        (format!("?corp={}", acme[0]["corp_id"].as_str().unwrap()), true),
        (format!("?query={}", acme[0]["corp_id"].as_str().unwrap()), true),
        ("?query=%E4%BA%91%E5%B8%86".to_owned(), true),
        (format!("?corp={}", &CORP[..8]), false),
        ("?query=nobody".to_owned(), false),
        ("?query=acme&health=broken".to_owned(), false),
        (format!("?corp={CORP}&step=install"), false),
        ("?health=broken".to_owned(), false),
        ("?finding=authorization_cancelled".to_owned(), false),
    ] {
        let expected: &[&str] = if found { &[TENANT] } else { &[] };
        assert_eq!(ids(&harness, &query).await, expected, "{query}");
    }

    harness.wait(60);
    leave(&harness).await;
    assert_eq!(ids(&harness, "").await, [TENANT, "rival"], "broken first");
    for query in [
        "?health=broken",
        "?finding=authorization_cancelled",
        "?finding=authorization_cancelled&health=broken&step=install",
        "?health=broken&query=acm",
    ] {
        assert_eq!(ids(&harness, query).await, [TENANT], "{query}");
    }
    for query in [
        "?query=%E4%BA%91%E5%B8%86",
        "?health=ok&query=acme",
        "?finding=secret_rejected",
    ] {
        assert!(!ids(&harness, query).await.contains(&TENANT.to_owned()), "{query}");
    }
    let sum = ask(&harness, SUMMARY).await.with_status(200);
    assert_eq!(
        (sum["tenants"].clone(), sum["health"][0]["of"].clone()),
        (json!(2), json!("broken"))
    );
    let found = &sum["findings"][0];
    assert_eq!(
        (&found["of"], &found["tenants"]),
        (&json!("authorization_cancelled"), &json!(1))
    );
}

#[tokio::test]
async fn a_look_at_a_tenant_is_in_its_audit_trail_and_shows_no_payload_and_no_secret() {
    let harness = Harness::start(false).await;
    let [contacts, _] = Box::pin(harness.bind_all()).await;
    let message = member_created("wangfang").replace("</xml>", "<Mobile>13900139000</Mobile></xml>");
    harness.deliver(&contacts, &message).await.with_success();
    let answer = ask(&harness, &format!("{TENANTS}/{TENANT}")).await;
    let tenant = answer.with_status(200);
    assert_eq!(tenant["state"], harness.state().await);
    let look = &tenant["audit"][0];
    assert_eq!(
        (&look["action"], &look["actor"]["kind"]),
        (&json!("tenant_viewed"), &json!("operator"))
    );
    assert_eq!(
        (&look["actor"]["id"], &look["actor"]["source_ip"]),
        (&json!("operator-1"), &json!("203.0.113.7"))
    );
    let event = &tenant["events"][0];
    assert_eq!(
        (&event["event"], &event["change_type"]),
        (&json!("change_contact"), &json!("create_user"))
    );
    for hidden in [
        "13900139000",
        "wangfang",
        &contacts.token,
        &contacts.encoding_aes_key,
        &harness.secret_of(Scope::Contacts),
    ] {
        assert!(!answer.text().contains(hidden), "{hidden}");
    }
    let trail = harness
        .admin("read-authorization", "GET", "/authorization/audit", &Value::Null)
        .await;
    assert_eq!(trail.with_status(200)["entries"][0], *look, "the admin sees it, too");
}

/// The newest entries of the tenant's own audit trail: action, actor, and the operator's id.
async fn trail(harness: &Harness, count: usize) -> Vec<(String, String, String)> {
    let trail = harness
        .admin("read-authorization", "GET", "/authorization/audit", &Value::Null)
        .await
        .with_status(200);
    let entries = trail["entries"].as_array().unwrap().iter().take(count);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let line = |entry: &Value| {
        let actor = &entry["actor"];
        (text(&entry["action"]), text(&actor["kind"]), text(&actor["id"]))
    };
    entries.map(line).collect()
}

fn by_the_operator(action: &str) -> (String, String, String) {
    (action.to_owned(), "operator".to_owned(), "operator-1".to_owned())
}

#[tokio::test]
async fn an_operator_checks_a_tenant_and_the_tenant_reads_who_did() {
    let harness = Harness::start(false).await;
    // The checks are counted within ten minutes.
    harness.stop_clock();
    Box::pin(harness.bind_all()).await;
    let untrusted = simulator::SwitchesPatch {
        contacts_ip_untrusted: Some(true),
        ..simulator::SwitchesPatch::default()
    };
    harness.wecom().set_switches(CORP, untrusted).unwrap();
    harness.wait(1);
    let state = act_on(&harness, TENANT, "check").await.with_status(200);
    assert_eq!(state["findings"][0]["code"], "ip_not_trusted");
    assert_eq!(state, harness.state().await);
    let expected = ["secret_checked", "tenant_checked"].map(by_the_operator);
    let mut found = trail(&harness, 2).await;
    found.sort();
    assert_eq!(found, expected);
    // The limit is the tenant's, whoever asks.
    let target = "/authorization/check";
    for _ in 0..9 {
        let checked = harness.admin("check-authorization", "POST", target, &Value::Null);
        checked.await.with_status(200);
    }
    let refused = act_on(&harness, TENANT, "check").await;
    refused.refused(429, "too_many_attempts");
}

#[tokio::test]
async fn a_check_that_wecom_cannot_answer_is_in_the_audit_trail_too() {
    let harness = Harness::start(false).await;
    harness.install().await;
    assert_eq!(act_on(&harness, TENANT, "disconnect").await.status, 204);
    harness.wait(1);
    let refused = act_on(&harness, TENANT, "check").await;
    refused.refused(409, "not_installed");
    assert_eq!(trail(&harness, 1).await, [by_the_operator("tenant_checked")]);
}

#[tokio::test]
async fn an_operator_disconnects_a_tenant_as_its_admin_could() {
    let harness = Harness::start(true).await;
    let [contacts, _] = Box::pin(harness.bind_all()).await;
    harness.deliver(&contacts, &member_created("a")).await.with_success();
    harness.wait(1);
    for _ in 0..2 {
        assert_eq!(act_on(&harness, TENANT, "disconnect").await.status, 204);
    }
    harness
        .deliver(&contacts, &member_created("b"))
        .await
        .refused(404, "not_found");
    assert_eq!(harness.state().await["next_step"], "install");
    assert_eq!(trail(&harness, 1).await, [by_the_operator("disconnected")]);
    crate::who_may_bind::install(&harness, "rival", AuthMode::Admin).await;
    harness.stream("publish-changes").await.unwrap();
    assert_eq!(ids(&harness, &format!("?corp={CORP}")).await, [""; 0]);
    assert_eq!(ids(&harness, "?step=contacts_secret").await, ["rival"]);
}

#[tokio::test]
async fn what_is_no_tenant_is_not_found_and_leaves_no_trace() {
    let harness = Harness::start(false).await;
    for id in ["nobody", "a%2Fb", "..", "%F0%9F%98%80"] {
        ask(&harness, &format!("{TENANTS}/{id}"))
            .await
            .refused(404, "not_found");
        for verb in ["check", "disconnect"] {
            act_on(&harness, id, verb).await.refused(404, "not_found");
        }
    }
    let items = harness
        .dynamodb()
        .scan()
        .table_name(AUTHORIZATION_TABLE)
        .send()
        .await
        .unwrap();
    let audit = items
        .items()
        .iter()
        .filter(|item| item["pk"].as_s().unwrap().starts_with("AUDIT#"));
    assert_eq!(audit.count(), 0);
}

#[tokio::test]
async fn a_query_that_is_not_ours_is_refused_and_names_the_parameter() {
    let harness = Harness::start(false).await;
    harness.install().await;
    crate::who_may_bind::install(&harness, "rival", AuthMode::Admin).await;
    harness.stream("publish-changes").await.unwrap();
    let page = ask(&harness, &format!("{TENANTS}?limit=1")).await.with_status(200);
    let cursor = page["next_cursor"].as_str().unwrap();
    ask(&harness, &format!("{TENANTS}?limit=1&cursor={cursor}"))
        .await
        .with_status(200);
    for (query, field) in [
        (format!("?health=ok&cursor={cursor}"), "cursor"),
        (format!("?cursor={}", &cursor[..cursor.len() - 2]), "cursor"),
        ("?cursor=x".to_owned(), "cursor"),
        ("?health=ill".to_owned(), "health"),
        ("?step=dance".to_owned(), "step"),
        ("?limit=0".to_owned(), "limit"),
        ("?limit=101".to_owned(), "limit"),
        ("?tenant=acme".to_owned(), "tenant"),
    ] {
        let refused = ask(&harness, &format!("{TENANTS}{query}")).await;
        let problem = refused.refused(400, "malformed_request");
        assert_eq!(problem["errors"][0]["field"], field, "{query}");
    }
}

#[tokio::test]
async fn a_page_is_one_query_of_its_length_and_pages_have_each_tenant_once() {
    let endpoint = Endpoint::ours().await;
    let store = endpoint.store();
    let many = 60;
    for number in 0..many {
        let health = [Health::Ok, Health::Broken, Health::Attention][number % 3];
        let before = store.listing(&tenant(number)).await.unwrap();
        assert!(
            store
                .put_listing(before.as_ref(), &listing(number, health))
                .await
                .unwrap()
        );
    }
    let mut seen = BTreeSet::new();
    let (mut after, mut healths) = (None, Vec::new());
    loop {
        let queries = endpoint.queries();
        let page = store
            .listed(&ListFilter::default(), 13, after.as_deref())
            .await
            .unwrap();
        assert_eq!(endpoint.queries() - queries, 1);
        assert!(page.tenants.len() <= 13);
        for tenant in page.tenants {
            healths.push((tenant.health.as_str(), std::cmp::Reverse(tenant.since)));
            assert!(seen.insert(tenant.tenant_id), "twice");
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), many);
    let rank = |health: &str| {
        ["broken", "attention", "ok"]
            .iter()
            .position(|one| *one == health)
            .unwrap()
    };
    assert!(
        healths.is_sorted_by_key(|(health, since)| (rank(health), *since)),
        "newest trouble first"
    );
    let sizes = async |filter: ListFilter| store.listed(&filter, 100, None).await.unwrap().tenants.len();
    let broken = ListFilter {
        health: Some(Health::Broken),
        ..ListFilter::default()
    };
    assert_eq!(sizes(broken).await, 20);
    let named = ListFilter {
        query: Some("TENANT-1".to_owned()),
        ..ListFilter::default()
    };
    assert_eq!(sizes(named).await, 11, "tenant-1 and tenant-10 to tenant-19");
    let counts = store.listed_counts().await.unwrap();
    assert_eq!(counts.get("health/broken"), Some(&20));
    assert_eq!(counts.get("step/done"), Some(&60));
}

#[tokio::test]
async fn whoever_has_read_an_older_state_does_not_replace_a_newer_one() {
    let endpoint = Endpoint::ours().await;
    let store = endpoint.store();
    assert!(store.put_listing(None, &listing(1, Health::Ok)).await.unwrap());
    assert!(!store.put_listing(None, &listing(1, Health::Broken)).await.unwrap());
    let read = store.listing(&tenant(1)).await.unwrap().unwrap();
    assert!(
        store
            .put_listing(Some(&read), &listing(1, Health::Broken))
            .await
            .unwrap()
    );
    assert!(
        !store
            .put_listing(Some(&read), &listing(1, Health::Attention))
            .await
            .unwrap()
    );
    let page = store.listed(&ListFilter::default(), 10, None).await.unwrap();
    assert_eq!(page.tenants, [listing(1, Health::Broken)], "one entry, the newest");
    let counts = store.listed_counts().await.unwrap();
    assert_eq!(counts.get("health/ok"), None);
    assert_eq!(counts.get("health/broken"), Some(&1));
}

/// Of a version that had no lists.
#[tokio::test]
async fn a_tenant_that_was_stored_before_there_were_lists_is_listed_after_its_next_check() {
    let harness = Harness::start(false).await;
    Box::pin(harness.bind_all()).await;
    // Nothing of what was written so far reaches the function.
    harness.fetch("publish-changes").await;
    harness.hand_in_again("publish-changes", Vec::new());
    assert_eq!(ids(&harness, "").await, Vec::<String>::new());
    harness.sleep(14).await;
    harness.invoke("check-health", json!({})).await.unwrap();
    assert_eq!(ids(&harness, "").await, [TENANT]);
    let sum = ask(&harness, SUMMARY).await.with_status(200);
    assert_eq!(
        (&sum["health_run"]["checked"], &sum["health_run"]["failed"]),
        (&json!(1), &json!(0))
    );
    let suite = &sum["health_run"]["suites"][0];
    assert!(suite["ticket_issued_at"].is_string(), "{sum}");
}

/// What the bus gets is sent once, whatever the lists had to wait for.
#[tokio::test]
async fn a_change_that_could_not_be_listed_is_listed_and_published_once_when_it_is_redelivered() {
    let harness = Harness::start(false).await;
    harness.install().await;
    harness.fetch("publish-changes").await;
    let puts = |harness: &Harness| {
        let journal = harness.journal();
        journal
            .iter()
            .filter(|entry| entry.action == "events:PutEvents")
            .count()
    };
    harness.devstack().faults().crash_after_writes(0);
    assert!(harness.stream("publish-changes").await.is_err());
    assert_eq!(puts(&harness), 0);
    harness.devstack().faults().clear();
    assert_eq!(ids(&harness, "").await, [TENANT]);
    assert!(puts(&harness) > 0);
}

#[tokio::test]
async fn a_breaker_that_stops_everybody_is_in_the_summary_until_it_ends() {
    let harness = Harness::start(false).await;
    harness.install().await;
    harness.invoke("check-health", json!({})).await.unwrap();
    assert_eq!(ask(&harness, SUMMARY).await.with_status(200)["breakers"], json!([]));
    harness.sleep(2).await;
    harness.wecom().add_faults([simulator::Fault {
        path: Some("/cgi-bin/service/get_pre_auth_code".to_owned()),
        errcode: Some(45009),
        ..simulator::Fault::default()
    }]);
    harness.make_link().await.refused(503, "wecom_ban");
    let sum = ask(&harness, SUMMARY).await.with_status(200);
    let name = sum["breakers"][0]["name"].as_str().unwrap();
    assert!(name.starts_with("suite/"), "{sum}");
    harness.sleep(2).await;
    assert_eq!(ask(&harness, SUMMARY).await.with_status(200)["breakers"], json!([]));
}

#[tokio::test]
async fn the_summary_counts_dead_letters_and_says_since_when_the_newest_sealing_key_is_used() {
    let harness = Harness::start(false).await;
    harness.install().await;
    for body in ["one", "two"] {
        harness.devstack().queues().send(DEAD_LETTERS, body.to_owned());
    }
    let _hidden = harness.devstack().queues().receive(DEAD_LETTERS, 1);
    harness.invoke("check-health", json!({})).await.unwrap();
    let run = ask(&harness, SUMMARY).await.with_status(200)["health_run"].clone();
    // The harness has no queue of webhooks: SQS says so, and zero would be wrong.
    let letters = json!([{"queue": "events", "messages": 2}, {"queue": "webhooks", "messages": null}]);
    assert_eq!(run["dead_letters"], letters);
    assert_eq!(run["sealing_key_since"], json!(null));
    harness.sleep(1).await;
    let before = harness.now();
    harness.rotate_sealing_key().await;
    let after = harness.now();
    harness.sleep(1).await;
    harness.invoke("check-health", json!({})).await.unwrap();
    let run = ask(&harness, SUMMARY).await.with_status(200)["health_run"].clone();
    let since: Timestamp = run["sealing_key_since"].as_str().unwrap().parse().unwrap();
    let day = jiff::SignedDuration::from_hours(24);
    assert!((before + day..=after + day).contains(&since), "{since}");
}

#[tokio::test]
async fn a_tenants_token_is_refused_by_the_function_as_well() {
    let harness = Harness::start(false).await;
    for (caller, status, code) in [
        (Caller::Admin(TENANT), 403, "forbidden"),
        (Caller::Browser(""), 401, "unauthenticated"),
    ] {
        for target in [TENANTS, SUMMARY, "/operator/tenants/acme"] {
            let answer = harness.call("read-tenants", caller, "GET", target, None).await;
            answer.refused(status, code);
        }
        for verb in ["check", "disconnect"] {
            let target = format!("{TENANTS}/{TENANT}/{verb}");
            let answer = harness.call("act-on-tenant", caller, "POST", &target, None).await;
            answer.refused(status, code);
        }
    }
}

fn tenant(number: usize) -> TenantId {
    TenantId::parse(&format!("tenant-{number}")).unwrap()
}

/// A listing of a tenant with this number.
pub(crate) fn listing(number: usize, health: Health) -> Listing {
    Listing {
        tenant_id: tenant(number),
        binding_id: BindingId::first(),
        health,
        since: Timestamp::from_second(1_790_000_000 + i64::try_from(number).unwrap()).unwrap(),
        next_step: NextStep::Done,
        findings: Vec::new(),
        corp_id: Some(CorpId::parse("wpYunFan").unwrap()),
        plaintext_corp_id: None,
        corp_name: Some("云帆科技有限公司".to_owned()),
        callback_ids: Vec::new(),
        installed_at: None,
        completed_at: None,
    }
}
