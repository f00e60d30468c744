//! Bindings are exported, sealed to a key, and imported into another deployment, where everything goes on.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use simulator::AuthMode;
use wecom_authorization::{
    ids::{Scope as OurScope, TenantId},
    store::SecretName,
};

use crate::{
    faults::harness::{AUTHORIZATION_TABLE, Harness, TENANT, member_created, ours},
    import::{OtherPlatform, deliver, import, import_all, legacy, many, read},
    support::{
        CORP, Credentials, OTHER_CORP, Scope,
        age::{self, RECIPIENT},
    },
    who_may_bind::install,
};

const FURTHER: &str = "0123456789abcdef0123456789abcdef";

/// A page, or the code of its refusal. `request` says which.
pub(crate) async fn export(harness: &Harness, mut request: Value) -> Result<Value, String> {
    for (name, value) in [("recipient", RECIPIENT), ("exported_by", "ann")] {
        if request.get(name).is_none() {
            request[name] = json!(value);
        }
    }
    harness.invoke("export-bindings", request).await
}

/// The lines of a page.
pub(crate) fn lines(page: &Value) -> Vec<Value> {
    let Some(sealed) = page["sealed"].as_str() else {
        return Vec::new();
    };
    let text = String::from_utf8(age::open(sealed)).unwrap();
    let lines: Vec<_> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(page["exported"], lines.len(), "{page}");
    lines
}

/// All pages with about `limit` bindings each, up to one that fails.
async fn export_all(harness: &Harness, limit: usize) -> Result<Vec<Value>, String> {
    let mut pages = Vec::new();
    let mut request = json!({ "limit": limit });
    loop {
        let page = export(harness, request.clone()).await?;
        request["cursor"] = page["next_cursor"].clone();
        let is_last = page["next_cursor"].is_null();
        pages.push(page);
        if is_last {
            return Ok(pages);
        }
    }
}

/// What a page says is left out: the tenant, the code, and the field if it is a part.
fn left_out(page: &Value) -> Vec<[&str; 3]> {
    let left_out = page["left_out"].as_array().unwrap().iter();
    let mut left_out: Vec<_> = left_out
        .map(|part| ["tenant_id", "code", "field"].map(|name| part[name].as_str().unwrap_or_default()))
        .collect();
    left_out.sort_unstable();
    left_out
}

async fn exported_entries(harness: &Harness, tenant_id: &str) -> Vec<Value> {
    let audit = read(harness, tenant_id, "/authorization/audit").await;
    let entries = audit["entries"].as_array().unwrap().iter();
    entries.filter(|entry| entry["action"] == "exported").cloned().collect()
}

async fn complete(harness: &Harness) {
    let target = "/authorization/completion";
    let completed = harness
        .admin("complete-authorization", "POST", target, &Value::Null)
        .await;
    completed.with_status(200);
}

/// Runs of `check-health` until no binding is due. Returns the number of those that were checked.
async fn check_all(harness: &Harness) -> usize {
    let mut checked = 0;
    loop {
        let run = harness.invoke("check-health", json!({})).await.unwrap();
        assert_eq!(run["failed"], 0, "{run}");
        match usize::try_from(run["checked"].as_u64().unwrap()).unwrap() {
            0 => return checked,
            some => checked += some,
        }
    }
}

/// The credentials as WeCom has them, with the path of their URL alone.
fn at_path(credentials: &Credentials) -> Credentials {
    let (_, path) = credentials.url.split_once("callbacks.example.com").unwrap();
    Credentials {
        url: path.to_owned(),
        ..credentials.clone()
    }
}

/// For the table of operations: all bindings, and those of a tenant.
pub(crate) async fn every_way() -> Harness {
    let harness = Harness::start(false).await;
    Box::pin(harness.bind_all()).await;
    for request in [json!({}), json!({"tenants": [TENANT]})] {
        let page = export(&harness, request).await.unwrap();
        assert_eq!(lines(&page).len(), 1, "{page}");
    }
    harness
}

#[tokio::test]
async fn a_line_has_everything_that_an_import_takes_and_only_its_key_opens_it() {
    let harness = Harness::start(false).await;
    let [contacts, external_contacts] = Box::pin(harness.bind_all()).await;
    let settings = json!({"callback_base_url": null, "event_retention_days": 20});
    harness
        .admin("update-settings", "PUT", "/authorization/settings", &settings)
        .await
        .with_status(200);
    complete(&harness).await;
    let before = harness.authorization().await;
    let page = export(&harness, json!({})).await.unwrap();
    assert_eq!(page["left_out"], json!([]));
    assert_eq!(page["next_cursor"], Value::Null);
    let lines = lines(&page);
    let scope = |scope, credentials: &Credentials| {
        json!({
            "secret": harness.secret_of(scope),
            "callback": {
                "path": at_path(credentials).url,
                "token": credentials.token,
                "encoding_aes_key": credentials.encoding_aes_key,
            },
        })
    };
    let stored = SecretName::Installation(TenantId::parse(TENANT).unwrap());
    let stored = harness.vault().read(&stored, None).await.unwrap().unwrap();
    let stored: Value = serde_json::from_str(secrecy::ExposeSecret::expose_secret(&stored)).unwrap();
    let expected = json!({
        "tenant_id": TENANT,
        "corp_id": before.installation.as_ref().unwrap().corp_id,
        "plaintext_corp_id": CORP,
        "suite_id": "ww3f2a9c41d07be865",
        "permanent_code": stored["permanent_code"],
        "contacts": scope(Scope::Contacts, &contacts),
        "external_contacts": scope(Scope::ExternalContacts, &external_contacts),
        "completed_at": before.completed_at,
        "event_retention_days": 20,
    });
    assert_eq!(lines, std::slice::from_ref(&expected));
    let schema: Value = serde_json::from_str(&crate::template::read("docs/binding.schema.json")).unwrap();
    assert!(jsonschema::draft202012::new(&schema).unwrap().is_valid(&expected));

    assert_eq!(harness.authorization().await, before, "an export changes nothing");
    let entries = exported_entries(&harness, TENANT).await;
    assert_eq!(entries.len(), 1);
    assert_eq!(
        entries[0]["actor"],
        json!({"kind": "operator", "id": "ann", "source_ip": null})
    );
    assert_eq!(entries[0]["details"], json!({ "recipient": RECIPIENT }));
    for secret in [
        &harness.secret_of(Scope::Contacts),
        &contacts.token,
        &contacts.encoding_aes_key,
    ] {
        assert!(!page.to_string().contains(secret));
    }
}

#[tokio::test]
async fn a_wrong_request_has_its_own_code_and_exports_nothing() {
    let harness = Harness::start(false).await;
    Box::pin(harness.bind_all()).await;
    let identity = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";
    for (request, code) in [
        (json!({"recipient": ""}), "malformed_recipient"),
        (json!({"recipient": identity}), "malformed_recipient"),
        (
            json!({"recipient": RECIPIENT.replace("sh", "sj")}),
            "malformed_recipient",
        ),
        (json!({"exported_by": ""}), "malformed_name"),
        (json!({"exported_by": "a\nb"}), "malformed_name"),
        (json!({"tenants": ["a/b"]}), "malformed_tenant_id"),
        (
            json!({"tenants": [format!("{TENANT}/{FURTHER}")]}),
            "malformed_tenant_id",
        ),
        (json!({"tenants": []}), "malformed_request"),
        (json!({"tenants": [TENANT], "cursor": "a b"}), "malformed_request"),
        (json!({"cursor": "a b"}), "malformed_request"),
        (json!({"cursor": "bWFkZS11cA=="}), "malformed_request"),
        (json!({"limit": 0}), "malformed_request"),
        (json!({"limit": 301}), "malformed_request"),
        (json!({"tenant": TENANT}), "malformed_request"),
        (json!({"recipient": [RECIPIENT]}), "malformed_request"),
    ] {
        assert_eq!(
            export(&harness, request.clone()).await,
            Err(code.to_owned()),
            "{request}"
        );
    }
    let anonymous = harness
        .invoke("export-bindings", json!({ "recipient": RECIPIENT }))
        .await;
    assert_eq!(anonymous, Err("malformed_request".to_owned()));
    assert_eq!(exported_entries(&harness, TENANT).await.len(), 0);
}

#[tokio::test]
async fn what_is_not_exported_is_said() {
    let harness = Harness::start(false).await;
    harness.install().await;
    harness.register(Scope::Contacts).await;
    let own_domain = json!({"callback_base_url": "https://wecom.acme.example"});
    harness
        .admin("update-settings", "PUT", "/authorization/settings", &own_domain)
        .await
        .with_status(200);
    let tenant_id = TenantId::parse(TENANT).unwrap();
    let secret = SecretName::Scope(tenant_id.clone(), ours(Scope::Contacts));
    harness.vault().delete(&secret).await.unwrap();
    let page = export(&harness, json!({"tenants": [TENANT, "nobody"]})).await.unwrap();
    assert_eq!(
        left_out(&page),
        [
            [TENANT, "callback_unverified", "contacts.callback"],
            [TENANT, "own_domain", "callback_base_url"],
            [TENANT, "secret_missing", "contacts.secret"],
            ["nobody", "not_installed", ""],
        ]
    );
    let lines = lines(&page);
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0].get("contacts"), None, "{}", lines[0]);
    let all = export(&harness, json!({})).await.unwrap();
    assert_eq!(left_out(&all), left_out(&page)[..3]);

    let code = SecretName::Installation(tenant_id.clone());
    harness.vault().delete(&code).await.unwrap();
    let page = export(&harness, json!({"tenants": [TENANT]})).await.unwrap();
    assert_eq!(left_out(&page), [[TENANT, "permanent_code_missing", ""]]);
    assert_eq!((&page["exported"], &page["sealed"]), (&json!(0), &Value::Null));
    assert_eq!(
        exported_entries(&harness, TENANT).await.len(),
        2,
        "what was not exported is not in the trail"
    );
}

#[tokio::test]
async fn what_a_member_installed_is_not_exported() {
    let harness = Harness::start(false).await;
    Box::pin(install(&harness, "rival", AuthMode::Member)).await;
    for request in [json!({}), json!({"tenants": ["rival"]})] {
        let page = export(&harness, request).await.unwrap();
        assert_eq!(left_out(&page), [["rival", "member_authorization", ""]]);
        assert_eq!(lines(&page).len(), 0);
    }
}

#[tokio::test]
async fn credentials_that_do_not_open_keep_no_other_binding_from_being_exported() {
    let harness = Harness::start(false).await;
    Box::pin(harness.bind_all()).await;
    let other = OtherPlatform::new(&harness).await;
    let second = Box::pin(other.line(&harness, OTHER_CORP, "second")).await;
    import(&harness, &[second]).await;
    let id = harness
        .authorization()
        .await
        .scope(OurScope::Contacts)
        .callback_id
        .clone()
        .unwrap();
    let mut callback = harness.store().callback(&id).await.unwrap().unwrap();
    let current = callback.current.as_mut().unwrap();
    let (key, _) = current.sealed.split_once('.').unwrap();
    current.sealed = format!("{key}.AAAA");
    let damaged = wecom_authorization::store::Change::SaveCallback(Box::new(callback));
    harness.store().commit(vec![damaged]).await.unwrap();
    let page = export(&harness, json!({})).await.unwrap();
    assert_eq!(
        left_out(&page),
        [[TENANT, "credentials_unreadable", "contacts.callback"]]
    );
    assert_eq!(lines(&page).len(), 2);
}

#[tokio::test]
async fn the_path_is_that_of_the_url_that_wecom_has() {
    let harness = Harness::start(false).await;
    let other = OtherPlatform::new(&harness).await;
    let line = Box::pin(other.line(&harness, CORP, TENANT)).await;
    import(&harness, std::slice::from_ref(&line)).await;
    let exported = lines(&export(&harness, json!({})).await.unwrap());
    let mut expected = line;
    expected["suite_id"] = json!("ww3f2a9c41d07be865");
    assert_eq!(exported, [expected], "an imported line is exported as it was");

    // It is shown with the usual URL, and the credentials before it are still WeCom's.
    let new = Credentials::of(&harness.generate(Scope::Contacts, true).await.with_status(201));
    let exported = lines(&export(&harness, json!({})).await.unwrap());
    assert_eq!(
        exported[0]["contacts"]["callback"]["token"],
        legacy(TENANT, "contacts").token
    );
    harness.check(&new).await.with_echo();
    let page = export(&harness, json!({})).await.unwrap();
    assert_eq!(
        left_out(&page),
        [[TENANT, "legacy_path_replaced", "contacts.callback.path"]]
    );
    let callback = &lines(&page)[0]["contacts"]["callback"];
    assert_eq!(callback["path"], at_path(&new).url);
    assert_eq!(callback["token"], new.token);
}

#[tokio::test]
async fn the_bindings_of_a_tenant_are_exported_page_by_page() {
    let harness = Harness::start(false).await;
    let other = OtherPlatform::new(&harness).await;
    let first = Box::pin(other.line(&harness, CORP, TENANT)).await;
    let mut further = Box::pin(other.line(&harness, OTHER_CORP, "beside")).await;
    further["tenant_id"] = json!(TENANT);
    further["binding_id"] = json!(FURTHER);
    import(&harness, &[first, further]).await;
    let mut request = json!({"tenants": [TENANT, "nobody", TENANT], "limit": 1});
    let mut seen = Vec::new();
    for cursor in [json!(format!("{TENANT}/{FURTHER}")), json!("nobody"), Value::Null] {
        let page = export(&harness, request.clone()).await.unwrap();
        assert_eq!(page["next_cursor"], cursor);
        seen.extend(lines(&page));
        request["cursor"] = cursor;
    }
    let ids: Vec<_> = seen.iter().map(|line| line["binding_id"].as_str()).collect();
    assert_eq!(ids, [None, Some(FURTHER)]);
}

#[tokio::test]
async fn a_move_to_another_region_goes_on_after_crashes_and_keeps_every_url_and_its_credentials() {
    let old = Harness::start(false).await;
    let [contacts, _] = Box::pin(old.bind_all()).await;
    complete(&old).await;
    let other = OtherPlatform::new(&old).await;
    old.end_stream(AUTHORIZATION_TABLE).await;
    let many = many(20);
    let mut others = other.lines(&old, many).await;
    // The last one is a further binding of the first.
    let last = others.last_mut().unwrap();
    last["tenant_id"] = json!("tenant-0");
    last["binding_id"] = json!(FURTHER);
    let (some, rest) = others.split_at(many / 2);
    assert_eq!(import_all(&old, some).await["imported"], some.len());
    // Secrets Manager lists a hundred at a time.
    for number in 0..100 {
        let filler = TenantId::parse(&format!("tenant-5-{number}")).unwrap();
        let secret = SecretName::Scope(filler, OurScope::Contacts);
        old.vault()
            .put(&secret, &"a-secret-of-no-binding".into())
            .await
            .unwrap();
    }
    assert_eq!(import_all(&old, rest).await["imported"], rest.len());

    // What an export writes is its entries in the audit trails.
    old.end_processes();
    old.devstack()
        .faults()
        .crash_after_writes(u32::try_from(many / 2).unwrap());
    assert_eq!(export_all(&old, 10).await, Err("temporarily_unavailable".to_owned()));
    old.devstack().faults().clear();
    old.end_processes();
    let started = std::time::Instant::now();
    let pages = export_all(&old, 300.min(many / 4)).await.unwrap();
    let took = started.elapsed();
    let largest = pages.iter().map(|page| page.to_string().len()).max().unwrap();
    println!(
        "exported {many} bindings in {} pages within {took:?}, the largest {largest} bytes",
        pages.len()
    );
    assert!(
        pages.len() > 1 && largest < 4_000_000,
        "{} pages, {largest} bytes",
        pages.len()
    );
    assert!(pages.iter().all(|page| page["left_out"] == json!([])));
    let lines: Vec<_> = pages.iter().flat_map(lines).collect();
    let names = lines
        .iter()
        .map(|line| (line["tenant_id"].to_string(), line["binding_id"].to_string()));
    assert_eq!(names.collect::<BTreeSet<_>>().len(), many + 1);
    assert_eq!(lines.len(), many + 1);

    let new = old.successor().await;
    let started = std::time::Instant::now();
    new.end_stream(AUTHORIZATION_TABLE).await;
    new.devstack()
        .faults()
        .crash_after_writes(u32::try_from(many * 4).unwrap());
    let killed = import_all(&new, &lines).await;
    assert!(killed["failed"] > 0 && killed["imported"] > 0, "{killed:?}");
    new.devstack().faults().clear();
    new.end_processes();
    let resumed = import_all(&new, &lines).await;
    assert_eq!(resumed["already"] + resumed["imported"], many + 1, "{resumed:?}");
    println!("imported {} bindings within {:?}", many + 1, started.elapsed());

    // WeCom has the old URLs, and the old host leads them below /legacy.
    let event = member_created("a");
    deliver(&new, &at_path(&contacts), CORP, &event).await.with_success();
    new.deliver(&contacts, &event).await.refused(404, "not_found");
    deliver(&new, &legacy("tenant-17", "external"), "wwmoved0000000017", &event)
        .await
        .with_success();
    let corp_of_last = format!("wwmoved{:010}", many - 1);
    let legacy_of_last = legacy(&format!("tenant-{}", many - 1), "contacts");
    deliver(&new, &legacy_of_last, &corp_of_last, &event)
        .await
        .with_success();
    for (tenant_id, path) in [
        (TENANT, "/authorization/events"),
        ("tenant-17", "/authorization/events"),
        ("tenant-0", &format!("/authorizations/{FURTHER}/events")),
    ] {
        let events = read(&new, tenant_id, path).await;
        assert_eq!(events["events"].as_array().unwrap().len(), 1, "{tenant_id}: {events}");
    }
    let usual = new.generate(Scope::ExternalContacts, false).await;
    assert_eq!(usual.status, 200, "credentials are shown again: {}", usual.text());
    for kind in ["contacts", "external_contacts", "installation"] {
        let input = json!({"tenant_id": TENANT, "kind": kind});
        new.invoke("issue-access-token", input).await.unwrap();
    }
    // The suite ticket comes by it.
    new.begin_stream(AUTHORIZATION_TABLE).await;
    new.sleep(12).await;
    let checked = check_all(&new).await;
    assert!(checked >= many, "{checked} bindings were checked");
    let state = new.state().await;
    assert_eq!(
        (&state["next_step"], &state["health"]),
        (&json!("done"), &json!("ok")),
        "{state}"
    );
    assert_eq!(state["completed_at"], old.state().await["completed_at"]);
}
