//! The events about one person: found among many, shown on request, and deleted with a record that holds nothing of them.

use jiff::SignedDuration;
use serde_json::{Value, json};
use wecom_authorization::{
    audit::Actor,
    clock::SystemClock,
    context::Context,
    entropy::SystemEntropy,
    ids::TenantId,
    steps::{FindPerson, PersonDeletion},
    store::{Person, PersonKind},
};

use crate::{
    faults::harness::{AUTHORIZATION_TABLE, Caller, EVENT_TABLE, Harness, TENANT, member_created},
    support::{CORP, Credentials, Reply, letter},
};

const EVENTS: &str = "/authorization/persons/events";
const DELETION: &str = "/authorization/persons/deletion";

async fn ask(harness: &Harness, who: Caller<'_>, target: &str, body: Value) -> Reply {
    harness
        .call("find-person", who, "POST", target, Some(&body.to_string()))
        .await
}

async fn admin_asks(harness: &Harness, target: &str, body: Value) -> Reply {
    ask(harness, Caller::Admin(TENANT), target, body).await
}

/// The event types of a page.
async fn found(harness: &Harness, kind: &str, id: &str) -> Vec<String> {
    let body = json!({"kind": kind, "id": id});
    let page = admin_asks(harness, EVENTS, body).await.with_status(200);
    let events = page["events"].as_array().unwrap().iter();
    events
        .map(|event| event["change_type"].as_str().unwrap_or_default().to_owned())
        .collect()
}

fn about_customer(change_type: &str, member: &str, customer: &str) -> String {
    let rest = format!("<UserID>{member}</UserID><ExternalUserID>{customer}</ExternalUserID>");
    letter::event(CORP, "change_external_contact", change_type, &rest)
}

/// Three events about a member, whose id WeCom writes in two ways; one is stored in parts.
pub(crate) async fn three_about_zhangsan(harness: &Harness, contacts: &Credentials) {
    let large = format!("<UserID>ZhangSan</UserID><Alias>{}</Alias>", "x".repeat(700_000));
    for message in [
        member_created("zhangsan"),
        letter::event(CORP, "change_contact", "update_user", &large),
        letter::event(CORP, "change_contact", "delete_user", "<UserID>ZHANGSAN</UserID>"),
    ] {
        harness.deliver(contacts, &message).await.with_success();
    }
}

/// Every way that `find-person` can take.
pub(crate) async fn are_found_and_deleted(harness: &Harness) {
    let member = json!({"kind": "user_id", "id": "a"});
    let tenant = format!("/operator/tenants/{TENANT}/persons");
    admin_asks(harness, EVENTS, json!({"kind": "user_id", "id": "a", "unmasked": true}))
        .await
        .with_status(200);
    admin_asks(harness, EVENTS, json!({"kind": "external_user_id", "id": "b"}))
        .await
        .with_status(200);
    ask(harness, Caller::Operator, &format!("{tenant}/events"), member.clone())
        .await
        .with_status(200);
    admin_asks(harness, DELETION, member.clone()).await.with_status(200);
    ask(harness, Caller::Operator, &format!("{tenant}/deletion"), member)
        .await
        .with_status(200);
}

/// The newest entries of the audit trail, the newest first: action, kind of actor and number of events.
async fn trail(harness: &Harness, entries: usize) -> Vec<[Value; 3]> {
    let page = harness
        .admin("read-authorization", "GET", "/authorization/audit", &Value::Null)
        .await
        .with_status(200);
    let entry = |entry: &Value| {
        [
            entry["action"].clone(),
            entry["actor"]["kind"].clone(),
            entry["details"]["events"].clone(),
        ]
    };
    page["entries"]
        .as_array()
        .unwrap()
        .iter()
        .take(entries)
        .map(entry)
        .collect()
}

#[tokio::test]
async fn finds_members_and_customers_whatever_else_is_stored() {
    let harness = Harness::start(false).await;
    let [contacts, customers] = Box::pin(harness.bind_all()).await;
    three_about_zhangsan(&harness, &contacts).await;
    for (member, customer) in [("zhangsan", "wmAbC"), ("lisi", "wmAbC"), ("lisi", "wmabc")] {
        let message = about_customer("add_external_contact", member, customer);
        harness.deliver(&customers, &message).await.with_success();
    }
    let entered = "<Event>enter_agent</Event><FromUserName>lisi</FromUserName>";
    harness.app_event_arrives(entered).await;
    harness.stream("process-suite-event").await.unwrap();

    let mut of_zhangsan = found(&harness, "user_id", "Zhangsan").await;
    of_zhangsan.sort();
    assert_eq!(
        of_zhangsan,
        ["add_external_contact", "create_user", "delete_user", "update_user"]
    );
    assert_eq!(found(&harness, "user_id", "lisi").await.len(), 3);
    assert_eq!(found(&harness, "external_user_id", "wmAbC").await.len(), 2);
    assert_eq!(found(&harness, "external_user_id", "wmabc").await.len(), 1);
    for (kind, id) in [
        ("user_id", "sys"),
        ("user_id", "wmAbC"),
        ("user_id", "zhang"),
        ("external_user_id", "lisi"),
    ] {
        assert_eq!(found(&harness, kind, id).await.len(), 0, "{kind} {id}");
    }
}

#[tokio::test]
async fn shows_what_events_say_to_an_admin_who_asks_and_notes_it_without_the_person() {
    let harness = Harness::start(false).await;
    let [contacts, _] = Box::pin(harness.bind_all()).await;
    three_about_zhangsan(&harness, &contacts).await;
    let person = json!({"kind": "user_id", "id": "zhangsan"});
    let before = trail(&harness, 1).await;
    let masked = admin_asks(&harness, EVENTS, person).await;
    assert!(!masked.text().to_lowercase().contains("zhangsan"), "{}", masked.text());
    assert_eq!(masked.with_status(200)["events"].as_array().unwrap().len(), 3);
    assert_eq!(trail(&harness, 1).await, before, "nobody saw anything");

    let mut asked = json!({"kind": "user_id", "id": "zhangsan", "unmasked": true});
    let page = admin_asks(&harness, EVENTS, asked.clone()).await.with_status(200);
    let events = page["events"].as_array().unwrap();
    let large = events
        .iter()
        .find(|event| event["change_type"] == "update_user")
        .unwrap();
    assert_eq!(large["payload"]["Alias"].as_str().unwrap().len(), 700_000);
    assert_eq!((events.len(), &page["next_cursor"]), (3, &Value::Null));
    let viewed = [json!("person_viewed"), json!("admin"), Value::Null];
    assert_eq!(trail(&harness, 1).await, [viewed]);
    let audit = harness
        .admin("read-authorization", "GET", "/authorization/audit", &Value::Null)
        .await;
    assert!(!audit.text().to_lowercase().contains("zhangsan"), "{}", audit.text());

    // Sixty more make two pages.
    for number in 0..60 {
        let rest = format!("<UserID>zhangsan</UserID><Position>{number}</Position>");
        let message = letter::event(CORP, "change_contact", "update_user", &rest);
        harness.deliver(&contacts, &message).await.with_success();
    }
    asked["unmasked"] = json!(false);
    let first = admin_asks(&harness, EVENTS, asked.clone()).await.with_status(200);
    asked["cursor"] = first["next_cursor"].clone();
    let second = admin_asks(&harness, EVENTS, asked.clone()).await.with_status(200);
    let number = |page: &Value| page["events"].as_array().unwrap().len();
    assert_eq!((number(&first), number(&second)), (50, 13));
    assert_eq!(second["next_cursor"], Value::Null);
    let ids = |page: &Value| -> Vec<_> {
        let events = page["events"].as_array().unwrap().iter();
        events.map(|event| event["event_id"].clone()).collect()
    };
    assert!(ids(&first).iter().all(|id| !ids(&second).contains(id)));
    asked["id"] = json!("lisi");
    admin_asks(&harness, EVENTS, asked)
        .await
        .refused(400, "malformed_request");
}

#[tokio::test]
async fn an_operator_sees_that_there_are_events_and_never_what_they_say() {
    let harness = Harness::start(false).await;
    let [contacts, _] = Box::pin(harness.bind_all()).await;
    three_about_zhangsan(&harness, &contacts).await;
    let of_tenant = |tenant: &str, verb: &str| format!("/operator/tenants/{tenant}/persons/{verb}");
    let person = json!({"kind": "user_id", "id": "zhangsan"});
    let page = ask(&harness, Caller::Operator, &of_tenant(TENANT, "events"), person.clone()).await;
    assert!(!page.text().to_lowercase().contains("zhangsan"), "{}", page.text());
    assert_eq!(page.with_status(200)["events"].as_array().unwrap().len(), 3);
    let viewed = [json!("tenant_viewed"), json!("operator"), Value::Null];
    assert_eq!(trail(&harness, 1).await, std::slice::from_ref(&viewed));
    let unmasked = json!({"kind": "user_id", "id": "zhangsan", "unmasked": true});
    ask(&harness, Caller::Operator, &of_tenant(TENANT, "events"), unmasked)
        .await
        .refused(400, "malformed_request");

    for verb in ["events", "deletion"] {
        let target = of_tenant(TENANT, verb);
        admin_asks(&harness, &target, person.clone())
            .await
            .refused(403, "forbidden");
        ask(&harness, Caller::Operator, &of_tenant("nobody", verb), person.clone())
            .await
            .refused(404, "not_found");
        let own = format!("/authorization/persons/{verb}");
        ask(&harness, Caller::Operator, &own, person.clone())
            .await
            .refused(401, "unauthenticated");
    }
    assert_eq!(trail(&harness, 1).await, [viewed], "what is refused does nothing");
    let deleted = ask(&harness, Caller::Operator, &of_tenant(TENANT, "deletion"), person).await;
    assert_eq!(deleted.with_status(200), json!({"events": 3, "more": false}));
    let entry = [json!("person_deleted"), json!("operator"), json!("3")];
    assert_eq!(trail(&harness, 1).await, [entry]);
}

#[tokio::test]
async fn deletes_one_persons_events_with_their_parts_and_nothing_of_anybody_else() {
    let harness = Harness::start(false).await;
    let [contacts, _] = Box::pin(harness.bind_all()).await;
    three_about_zhangsan(&harness, &contacts).await;
    harness.deliver(&contacts, &member_created("lisi")).await.with_success();
    harness.stream("publish-events").await.unwrap();
    let person = json!({"kind": "user_id", "id": "zhangsan"});
    let rival = ask(&harness, Caller::Admin("rival"), DELETION, person.clone()).await;
    rival.refused(404, "not_found");
    let deleted = admin_asks(&harness, DELETION, person.clone()).await.with_status(200);
    assert_eq!(deleted, json!({"events": 3, "more": false}));
    let left = harness.dynamodb().scan().table_name(EVENT_TABLE).send().await.unwrap();
    let left: Vec<_> = left.items().iter().map(|item| item["user"].as_s().unwrap()).collect();
    assert_eq!(left, [&format!("{TENANT}#lisi")]);

    // What the stream still has of them is no obstacle, and the same request finds nothing and is noted as well.
    harness.stream("publish-events").await.unwrap();
    let again = admin_asks(&harness, DELETION, person).await.with_status(200);
    assert_eq!(again, json!({"events": 0, "more": false}));
    let entry = |events: &str| [json!("person_deleted"), json!("admin"), json!(events)];
    assert_eq!(trail(&harness, 2).await, [entry("0"), entry("3")]);
    let states = harness
        .dynamodb()
        .scan()
        .table_name(AUTHORIZATION_TABLE)
        .filter_expression("begins_with(pk, :audit)")
        .expression_attribute_values(
            ":audit",
            aws_sdk_dynamodb::types::AttributeValue::S("AUDIT#".to_owned()),
        )
        .send()
        .await
        .unwrap();
    assert!(!format!("{states:?}").to_lowercase().contains("zhangsan"));
}

#[tokio::test]
async fn a_deletion_that_has_no_more_time_says_so_and_the_next_one_goes_on() {
    let harness = Harness::start(false).await;
    let [contacts, _] = Box::pin(harness.bind_all()).await;
    for number in 0..120 {
        let rest = format!("<UserID>zhangsan</UserID><Position>{number}</Position>");
        let message = letter::event(CORP, "change_contact", "update_user", &rest);
        harness.deliver(&contacts, &message).await.with_success();
    }
    let store = harness.store();
    let (step, actor) = (FindPerson { store: &store }, Actor::system());
    let context = Context {
        actor: &actor,
        clock: &SystemClock,
        entropy: &SystemEntropy,
    };
    let (tenant_id, person) = (
        TenantId::parse(TENANT).unwrap(),
        Person::parse(PersonKind::UserId, "zhangsan").unwrap(),
    );
    let mut deleted = Vec::new();
    for _ in 0..3 {
        let deletion = step.delete(&tenant_id, &person, SignedDuration::ZERO, context);
        deleted.push(deletion.await.unwrap());
    }
    let expected = [(50, true), (50, true), (20, false)].map(|(events, more)| PersonDeletion { events, more });
    assert_eq!(deleted, expected);
}

#[tokio::test]
async fn an_id_that_can_be_in_no_index_keeps_no_event_from_being_stored() {
    let harness = Harness::start(false).await;
    let [contacts, customers] = Box::pin(harness.bind_all()).await;
    let long = "x".repeat(5000);
    for (credentials, message) in [
        (&contacts, member_created("")),
        (&contacts, member_created(&long)),
        (&customers, about_customer("edit_external_contact", "", "")),
        (&customers, about_customer("edit_external_contact", " ", &long)),
    ] {
        harness.deliver(credentials, &message).await.with_success();
    }
    let stored = harness.dynamodb().scan().table_name(EVENT_TABLE).send().await.unwrap();
    assert_eq!(stored.items().len(), 4);
    for item in stored.items() {
        assert!(
            !item.contains_key("user") && !item.contains_key("external_user"),
            "{item:?}"
        );
    }
}

#[tokio::test]
async fn refuses_what_names_nobody() {
    let harness = Harness::start(false).await;
    harness.install().await;
    for target in [EVENTS, DELETION] {
        for body in [
            json!({}),
            json!({"id": "zhangsan"}),
            json!({"kind": "user_id"}),
            json!({"kind": "user_id", "id": ""}),
            json!({"kind": "user_id", "id": "x".repeat(129)}),
            json!({"kind": "user_id", "id": ["zhangsan"]}),
            json!({"kind": "open_user_id", "id": "zhangsan"}),
            json!({"kind": "user_id", "id": "zhangsan", "tenant_id": "rival"}),
        ] {
            admin_asks(&harness, target, body)
                .await
                .refused(400, "malformed_request");
        }
    }
}

/// Nobody reaches another binding's events, or another tenant's.
#[tokio::test]
async fn a_persons_events_are_those_of_one_binding() {
    let harness = Harness::start(false).await;
    let [contacts, _] = Box::pin(harness.bind_all()).await;
    harness
        .deliver(&contacts, &member_created("zhangsan"))
        .await
        .with_success();
    let person = json!({"kind": "user_id", "id": "zhangsan"});
    let page = ask(&harness, Caller::Admin("rival"), EVENTS, person.clone()).await;
    assert_eq!(page.with_status(200)["events"], json!([]));
    let added = harness
        .admin("start-installation", "POST", "/authorizations", &Value::Null)
        .await
        .with_status(201);
    let further = added["binding_id"].as_str().unwrap();
    let target = format!("/authorizations/{further}/persons/events");
    let page = admin_asks(&harness, &target, person.clone()).await.with_status(200);
    assert_eq!(page["events"], json!([]));
    let target = format!("/operator/tenants/{TENANT}/persons/deletion?binding_id={further}");
    let deleted = ask(&harness, Caller::Operator, &target, person).await.with_status(200);
    assert_eq!(deleted["events"], 0);
    assert_eq!(found(&harness, "user_id", "zhangsan").await, ["create_user"]);
}
