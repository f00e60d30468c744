//! AWS operations of each function: the table that its IAM policy is compared with.
//!
//! Every function is driven alone, down each of its ways, against stores that keep a journal; what the journal says must be
//! what the table says. IAM checks the action of each item of a transaction, so the table names those.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use simulator::{AuthMode, Licence, SecretKind, SuiteEventRequest, SwitchesPatch};
use wecom_authorization::{
    ids::{SuiteId, TenantId, TokenName},
    store::SecretName,
};

use crate::{
    faults::harness::{
        AUTHORIZATION_TABLE, Caller, DEAD_LETTERS, EVENT_BUS, EVENT_QUEUE, EVENT_TABLE, Harness, PREFIX, TENANT,
        WEBHOOK_QUEUE, member_created, ours,
    },
    permissions::SeenItems,
    support::{CORP, Credentials, Letter, OTHER_CORP, Reply, Scope},
    webhooks::Receiver,
    who_may_bind::{install, steal},
};

/// Resource of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Resource {
    /// The table of states.
    AuthorizationTable,
    /// Its index of who is to be looked at.
    DueIndex,
    /// The event bus.
    EventBus,
    /// The FIFO queue of events.
    EventQueue,
    /// The queues of what was given up.
    DeadLetters,
    /// The table of events.
    EventTable,
    /// Its index by time.
    TimelineIndex,
    /// Its indexes by persons.
    PersonIndexes,
    /// A suite's own secret.
    Suite,
    /// The secrets that webhooks are signed with.
    Webhook,
    /// The queue that webhooks wait in.
    WebhookQueue,
    /// The sealing keys.
    SealingKey,
    /// A tenant's permanent code.
    Installation,
    /// A tenant's 通讯录Secret or 客户Secret.
    ScopeSecret,
    /// All secrets of the account, which a list cannot be confined to some of.
    EverySecret,
}

/// An IAM action, and what it is on.
pub(crate) type Operation = (&'static str, Resource);

/// For each function, everything that it asks of AWS.
pub(crate) const OPERATIONS: [(&str, &[Operation]); 28] = {
    use Resource::{
        AuthorizationTable, DeadLetters, DueIndex, EventBus, EventQueue, EventTable, EverySecret, Installation,
        PersonIndexes, ScopeSecret, SealingKey, Suite, TimelineIndex, Webhook, WebhookQueue,
    };
    const GET: &str = "dynamodb:GetItem";
    const GET_BATCH: &str = "dynamodb:BatchGetItem";
    const PUT: &str = "dynamodb:PutItem";
    const UPDATE: &str = "dynamodb:UpdateItem";
    const DELETE: &str = "dynamodb:DeleteItem";
    const QUERY: &str = "dynamodb:Query";
    const READ_SECRET: &str = "secretsmanager:GetSecretValue";
    const CREATE_SECRET: &str = "secretsmanager:CreateSecret";
    const PUT_SECRET: &str = "secretsmanager:PutSecretValue";
    const RESTORE_SECRET: &str = "secretsmanager:RestoreSecret";
    const DELETE_SECRET: &str = "secretsmanager:DeleteSecret";
    [
        (
            "act-on-tenant",
            &[
                (GET, AuthorizationTable),
                (GET_BATCH, AuthorizationTable),
                (PUT, AuthorizationTable),
                (UPDATE, AuthorizationTable),
                (DELETE, AuthorizationTable),
                (DELETE, EventTable),
                (QUERY, TimelineIndex),
                (READ_SECRET, Suite),
                (READ_SECRET, SealingKey),
                (READ_SECRET, Installation),
                (CREATE_SECRET, Installation),
                (PUT_SECRET, Installation),
                (RESTORE_SECRET, Installation),
                (DELETE_SECRET, Installation),
                (READ_SECRET, ScopeSecret),
                (RESTORE_SECRET, ScopeSecret),
                (DELETE_SECRET, ScopeSecret),
            ],
        ),
        (
            "check-authorization",
            &[
                (GET, AuthorizationTable),
                (GET_BATCH, AuthorizationTable),
                (PUT, AuthorizationTable),
                (UPDATE, AuthorizationTable),
                (DELETE, AuthorizationTable),
                (READ_SECRET, Suite),
                (READ_SECRET, SealingKey),
                (READ_SECRET, Installation),
                (READ_SECRET, ScopeSecret),
            ],
        ),
        (
            "check-health",
            &[
                (GET, AuthorizationTable),
                (GET_BATCH, AuthorizationTable),
                (PUT, AuthorizationTable),
                (UPDATE, AuthorizationTable),
                (DELETE, AuthorizationTable),
                (QUERY, DueIndex),
                (DELETE, EventTable),
                (QUERY, TimelineIndex),
                (READ_SECRET, Suite),
                (READ_SECRET, SealingKey),
                (READ_SECRET, Installation),
                (DELETE_SECRET, Installation),
                (READ_SECRET, ScopeSecret),
                (DELETE_SECRET, ScopeSecret),
                ("sqs:GetQueueAttributes", DeadLetters),
            ],
        ),
        (
            "complete-authorization",
            &[(GET, AuthorizationTable), (PUT, AuthorizationTable)],
        ),
        ("console", &[]),
        (
            "deliver-webhooks",
            &[
                (GET, AuthorizationTable),
                (PUT, AuthorizationTable),
                (UPDATE, AuthorizationTable),
                (DELETE, AuthorizationTable),
                (READ_SECRET, Webhook),
                ("sqs:ChangeMessageVisibility", WebhookQueue),
            ],
        ),
        (
            "disconnect",
            &[
                (GET, AuthorizationTable),
                (PUT, AuthorizationTable),
                (UPDATE, AuthorizationTable),
                (DELETE, AuthorizationTable),
                (DELETE, EventTable),
                (QUERY, TimelineIndex),
                (DELETE_SECRET, Installation),
                (DELETE_SECRET, ScopeSecret),
            ],
        ),
        (
            "event-callback",
            &[
                (GET, AuthorizationTable),
                (PUT, AuthorizationTable),
                (UPDATE, AuthorizationTable),
                (PUT, EventTable),
                (UPDATE, EventTable),
                (READ_SECRET, SealingKey),
            ],
        ),
        (
            "export-bindings",
            &[
                (GET, AuthorizationTable),
                (PUT, AuthorizationTable),
                ("secretsmanager:ListSecrets", EverySecret),
                (READ_SECRET, SealingKey),
                (READ_SECRET, Installation),
                (READ_SECRET, ScopeSecret),
            ],
        ),
        (
            "find-person",
            &[
                (GET, AuthorizationTable),
                (PUT, AuthorizationTable),
                (GET, EventTable),
                (DELETE, EventTable),
                (QUERY, PersonIndexes),
            ],
        ),
        (
            "generate-credentials",
            &[
                (GET, AuthorizationTable),
                (PUT, AuthorizationTable),
                (UPDATE, AuthorizationTable),
                (READ_SECRET, SealingKey),
            ],
        ),
        (
            "import-bindings",
            &[
                (GET, AuthorizationTable),
                (PUT, AuthorizationTable),
                (UPDATE, AuthorizationTable),
                (DELETE, AuthorizationTable),
                (READ_SECRET, Suite),
                (READ_SECRET, SealingKey),
                (CREATE_SECRET, Installation),
                (PUT_SECRET, Installation),
                (RESTORE_SECRET, Installation),
                (CREATE_SECRET, ScopeSecret),
                (PUT_SECRET, ScopeSecret),
                (RESTORE_SECRET, ScopeSecret),
            ],
        ),
        (
            "installation-callback",
            &[
                (GET, AuthorizationTable),
                (PUT, AuthorizationTable),
                (UPDATE, AuthorizationTable),
                (DELETE, AuthorizationTable),
                (READ_SECRET, Suite),
                (READ_SECRET, SealingKey),
                (READ_SECRET, Installation),
                (CREATE_SECRET, Installation),
                (PUT_SECRET, Installation),
                (RESTORE_SECRET, Installation),
                (RESTORE_SECRET, ScopeSecret),
            ],
        ),
        (
            "issue-access-token",
            &[
                (GET, AuthorizationTable),
                (PUT, AuthorizationTable),
                (UPDATE, AuthorizationTable),
                (DELETE, AuthorizationTable),
                (READ_SECRET, Suite),
                (READ_SECRET, SealingKey),
                (READ_SECRET, Installation),
                (READ_SECRET, ScopeSecret),
            ],
        ),
        (
            "process-suite-event",
            &[
                (GET, AuthorizationTable),
                (PUT, AuthorizationTable),
                (UPDATE, AuthorizationTable),
                (DELETE, AuthorizationTable),
                (QUERY, DueIndex),
                (PUT, EventTable),
                (DELETE, EventTable),
                (QUERY, TimelineIndex),
                (READ_SECRET, Suite),
                (READ_SECRET, SealingKey),
                (READ_SECRET, Installation),
                (CREATE_SECRET, Installation),
                (PUT_SECRET, Installation),
                (RESTORE_SECRET, Installation),
                (DELETE_SECRET, Installation),
                (DELETE_SECRET, ScopeSecret),
            ],
        ),
        (
            "publish-events",
            &[
                (GET, AuthorizationTable),
                (PUT, AuthorizationTable),
                (UPDATE, AuthorizationTable),
                (DELETE, AuthorizationTable),
                ("dynamodb:ConditionCheckItem", AuthorizationTable),
                ("events:PutEvents", EventBus),
                ("sqs:SendMessage", EventQueue),
            ],
        ),
        (
            "read-authorization",
            &[
                (GET, AuthorizationTable),
                (QUERY, AuthorizationTable),
                (GET, EventTable),
                (QUERY, TimelineIndex),
            ],
        ),
        (
            "read-tenants",
            &[
                (GET, AuthorizationTable),
                (PUT, AuthorizationTable),
                (QUERY, AuthorizationTable),
                (QUERY, TimelineIndex),
            ],
        ),
        (
            "reconcile-secrets",
            &[
                (GET, AuthorizationTable),
                (PUT, AuthorizationTable),
                ("secretsmanager:ListSecrets", EverySecret),
            ],
        ),
        (
            "register-secret",
            &[
                (GET, AuthorizationTable),
                (PUT, AuthorizationTable),
                (UPDATE, AuthorizationTable),
                (DELETE, AuthorizationTable),
                (READ_SECRET, Suite),
                (READ_SECRET, SealingKey),
                (CREATE_SECRET, ScopeSecret),
                (PUT_SECRET, ScopeSecret),
                (RESTORE_SECRET, ScopeSecret),
            ],
        ),
        (
            "replay-event",
            &[
                (GET, AuthorizationTable),
                (PUT, AuthorizationTable),
                (UPDATE, AuthorizationTable),
                (UPDATE, EventTable),
            ],
        ),
        (
            "rotate-sealing-key",
            &[
                ("dynamodb:Scan", AuthorizationTable),
                ("secretsmanager:DescribeSecret", SealingKey),
                (READ_SECRET, SealingKey),
                (PUT_SECRET, SealingKey),
                ("secretsmanager:UpdateSecretVersionStage", SealingKey),
            ],
        ),
        (
            "run-replays",
            &[
                (GET, AuthorizationTable),
                (PUT, AuthorizationTable),
                (UPDATE, AuthorizationTable),
                (QUERY, DueIndex),
                (UPDATE, EventTable),
                ("dynamodb:Scan", EventTable),
                (QUERY, TimelineIndex),
            ],
        ),
        (
            "share-credentials",
            &[
                (GET, AuthorizationTable),
                (PUT, AuthorizationTable),
                (READ_SECRET, SealingKey),
            ],
        ),
        (
            "start-installation",
            &[
                (GET, AuthorizationTable),
                (PUT, AuthorizationTable),
                (UPDATE, AuthorizationTable),
                (READ_SECRET, Suite),
                (READ_SECRET, SealingKey),
            ],
        ),
        (
            "suite-callback",
            &[
                (GET, AuthorizationTable),
                (PUT, AuthorizationTable),
                (READ_SECRET, Suite),
                (READ_SECRET, SealingKey),
            ],
        ),
        (
            "test-callback",
            &[
                (GET, AuthorizationTable),
                (PUT, AuthorizationTable),
                (READ_SECRET, SealingKey),
            ],
        ),
        (
            "update-settings",
            &[
                (GET, AuthorizationTable),
                (PUT, AuthorizationTable),
                (UPDATE, AuthorizationTable),
            ],
        ),
    ]
};

type Seen = BTreeMap<String, BTreeSet<(String, Resource)>>;

/// Adds what was asked of AWS on a harness.
fn see(harness: &Harness, seen: &mut Seen) {
    for entry in harness.journal() {
        let resource = match (entry.resource.as_str(), entry.index.as_deref()) {
            (AUTHORIZATION_TABLE, None) => Resource::AuthorizationTable,
            (AUTHORIZATION_TABLE, Some("due")) => Resource::DueIndex,
            (EVENT_TABLE, None) => Resource::EventTable,
            (EVENT_TABLE, Some("timeline")) => Resource::TimelineIndex,
            (EVENT_TABLE, Some("user" | "external_user")) => Resource::PersonIndexes,
            (EVENT_BUS, None) => Resource::EventBus,
            ("*", None) => Resource::EverySecret,
            (EVENT_QUEUE, None) => Resource::EventQueue,
            (DEAD_LETTERS | "gone", None) => Resource::DeadLetters,
            (WEBHOOK_QUEUE, None) => Resource::WebhookQueue,
            (secret, None) => secret_kind(secret),
            (table, Some(index)) => panic!("an index that nobody knows: {index} of {table}"),
        };
        let function = entry.access_key.unwrap();
        seen.entry(function).or_default().insert((entry.action, resource));
    }
}

fn secret_kind(name: &str) -> Resource {
    let below = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_prefix('/'));
    match below.unwrap_or_else(|| panic!("neither a table nor a secret: {name}")) {
        "suite" => Resource::Suite,
        "sealing-key" => Resource::SealingKey,
        "webhook" => Resource::Webhook,
        tenants => match tenants.rsplit_once('/') {
            Some(("suite", id)) if SuiteId::parse(id).is_ok() => Resource::Suite,
            Some((_, "installation")) => Resource::Installation,
            Some((_, "contacts" | "external-contacts")) => Resource::ScopeSecret,
            _ => panic!("a secret that nobody knows: {name}"),
        },
    }
}

/// Nothing was asked of AWS on this harness but what the table allows.
#[track_caller]
pub(crate) fn assert_allowed(harness: &Harness) {
    let mut seen = Seen::new();
    see(harness, &mut seen);
    for (function, operations) in seen {
        let (_, allowed) = OPERATIONS.iter().find(|(name, _)| *name == function).unwrap();
        for (action, resource) in operations {
            let is_allowed = allowed.iter().any(|(name, on)| *name == action && *on == resource);
            assert!(is_allowed, "not in the table: {function}: {action} on {resource:?}");
        }
    }
}

#[test]
fn every_function_asks_of_aws_what_the_table_says_and_nothing_else() {
    // The scenarios call every function inside one future; a debug build needs more than the 2 MiB of a test's own thread for it.
    let thread = std::thread::Builder::new().stack_size(8 << 20);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let held = thread.spawn(move || runtime.block_on(hold_the_table())).unwrap();
    if let Err(panic) = held.join() {
        std::panic::resume_unwind(panic);
    }
}

async fn hold_the_table() {
    let mut seen = Seen::new();
    let mut items = SeenItems::default();
    for harness in [
        Box::pin(the_walk()).await,
        Box::pin(what_goes_wrong()).await,
        Box::pin(the_end()).await,
        Box::pin(the_template()).await,
        Box::pin(an_operator_acts()).await,
        Box::pin(crate::import::every_way()).await,
        Box::pin(crate::export::every_way()).await,
    ] {
        see(&harness, &mut seen);
        items.see(&harness.journal());
    }
    items.hold();
    let mut wrong = Vec::new();
    for (function, expected) in OPERATIONS {
        let expected: BTreeSet<_> = expected
            .iter()
            .map(|(action, on)| ((*action).to_owned(), *on))
            .collect();
        let seen = seen.remove(function).unwrap_or_default();
        if seen != expected {
            let missing: Vec<_> = seen.difference(&expected).collect();
            let unused: Vec<_> = expected.difference(&seen).collect();
            wrong.push(format!(
                "{function}: not in the table: {missing:?}; never asked: {unused:?}"
            ));
        }
    }
    assert!(seen.is_empty(), "not in the table: {:?}", seen.keys());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// It faces the internet.
#[test]
fn the_function_that_wecom_calls_touches_no_tenants_secret() {
    for function in ["event-callback", "suite-callback", "console"] {
        let (_, operations) = OPERATIONS.iter().find(|(name, _)| *name == function).unwrap();
        for (action, resource) in *operations {
            let of_a_tenant = [Resource::Installation, Resource::ScopeSecret].contains(resource);
            assert!(!of_a_tenant, "{function}: {action}");
        }
    }
}

/// No policy may name what no function of the workspace is.
#[test]
fn the_table_has_every_function_once() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let folders = std::fs::read_dir(root.join("events")).unwrap();
    let folders: BTreeSet<_> = folders
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let functions: BTreeSet<_> = OPERATIONS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(functions, folders);
}

/// Everything as it should go, with each way that events can take.
async fn the_walk() -> Harness {
    let harness = Harness::start(true).await;
    harness.events_go_to_a_queue();
    harness.prepare_callbacks().await;
    harness.call("console", Caller::Browser(""), "GET", "/", None).await;
    harness.install().await;
    let contacts = harness.bind(Scope::Contacts).await;
    harness.generate(Scope::ExternalContacts, false).await.with_status(201);
    let external_contacts = harness.bind(Scope::ExternalContacts).await;
    for scope in Scope::ALL {
        for target in ["credentials", "test"] {
            let target = format!("/authorization/{}/{target}", scope.slug());
            let (function, method) = if target.ends_with("test") {
                ("test-callback", "POST")
            } else {
                ("generate-credentials", "GET")
            };
            harness
                .admin(function, method, &target, &Value::Null)
                .await
                .with_status(200);
        }
    }
    share(&harness).await;
    let rotated = Credentials::of(&harness.generate(Scope::Contacts, true).await.with_status(201));
    harness.check(&rotated).await.with_echo();
    let settings = json!({"callback_base_url": "https://wecom.acme.example", "event_retention_days": 20});
    harness
        .admin("update-settings", "PUT", "/authorization/settings", &settings)
        .await
        .with_status(200);
    let target = "/authorization/completion";
    harness
        .admin("complete-authorization", "POST", target, &Value::Null)
        .await
        .with_status(200);

    let large = "企业微信".repeat(40_000);
    for (credentials, member) in [
        (&rotated, "a"),
        (&contacts, "a"),
        (&rotated, &large),
        (&rotated, &large),
        (&external_contacts, "b"),
    ] {
        harness
            .deliver(credentials, &member_created(member))
            .await
            .with_success();
    }
    Box::pin(publish_and_replay(&harness)).await;

    harness.store().drop_token(&suite_token()).await.unwrap();
    for kind in ["contacts", "external_contacts", "installation"] {
        let issue = async |rejected: Value| {
            let input = json!({"tenant_id": TENANT, "kind": kind, "rejected_access_token": rejected});
            harness.invoke("issue-access-token", input).await.unwrap()
        };
        let issued = issue(Value::Null).await;
        issue(issued["access_token"].clone()).await;
    }
    harness.store().drop_token(&suite_token()).await.unwrap();
    for event in ["create_auth", "change_auth", "reset_permanent_code"] {
        happens(&harness, event).await;
    }
    // Of a link of ours, as it seems.
    let rest = format!("<AuthCode>used-up</AuthCode><State>{}</State>", "0".repeat(32));
    harness.suite_event_arrives("create_auth", &rest).await;
    harness.stream("process-suite-event").await.unwrap();
    harness.rotate_sealing_key().await;
    // Before that no key is dropped, and none searched for.
    harness.sleep(9 * 24).await;
    harness.rotate_sealing_key().await;
    let run = harness.invoke("check-health", json!({})).await.unwrap();
    assert_eq!(run["checked"], 1, "{run}");
    // WeCom bans us: the broker hears of it, and half a day later the schedule.
    let ban = || simulator::Fault {
        path: Some("/cgi-bin/gettoken".to_owned()),
        errcode: Some(45009),
        ..simulator::Fault::default()
    };
    harness.wecom().add_faults([ban()]);
    let input = json!({"tenant_id": TENANT, "kind": "contacts"});
    let banned = harness.invoke("issue-access-token", input).await;
    assert_eq!(banned, Err("wecom_ban".to_owned()));
    harness.sleep(14).await;
    harness.wecom().add_faults([ban()]);
    let run = harness.invoke("check-health", json!({})).await.unwrap();
    assert_eq!(run["failed"], 1, "{run}");
    harness.sleep(2).await;
    harness.store().drop_token(&suite_token()).await.unwrap();
    check_authorization(&harness).await.with_status(200);
    harness.wecom().add_faults([ban()]);
    check_authorization(&harness).await.refused(503, "wecom_ban");
    harness.sleep(2).await;
    Box::pin(banned_while_installing(&harness)).await;
    Box::pin(webhooks(&harness)).await;
    Box::pin(a_further_binding(&harness)).await;
    // After a silence that other services are told of.
    harness.wait(31 * 24 * 3600);
    harness.deliver(&rotated, &member_created("late")).await.with_success();
    harness.stream("publish-events").await.unwrap();
    harness
}

/// A customised app: scanned, confirmed, looked at, removed, and scanned again, when its secret is restored.
async fn the_template() -> Harness {
    let harness = Harness::of_template(false).await;
    // So that a look asks about the licence twice.
    let switches = SwitchesPatch {
        licence: Some(Licence::TrialEnding),
        ..SwitchesPatch::default()
    };
    harness.wecom().set_switches(CORP, switches).unwrap();
    for _ in 0..2 {
        harness.scan().await;
        harness.stream("process-suite-event").await.unwrap();
        assert_eq!(harness.confirm_installation().await.status, 204);
        harness
            .invoke(
                "issue-access-token",
                json!({"tenant_id": TENANT, "kind": "installation"}),
            )
            .await
            .unwrap();
        harness
            .app_event_arrives("<Event><![CDATA[enter_agent]]></Event>")
            .await;
        harness.stream("process-suite-event").await.unwrap();
        check_authorization(&harness).await.with_status(200);
        harness.sleep(14).await;
        let run = harness.invoke("check-health", json!({})).await.unwrap();
        assert_eq!((&run["checked"], &run["failed"]), (&json!(1), &json!(0)), "{run}");
        let ended = harness
            .admin("disconnect", "DELETE", "/authorization", &Value::Null)
            .await;
        assert_eq!(ended.status, 204);
    }
    harness
}

/// A further binding: added, listed, asked for an event that it does not have, and removed.
async fn a_further_binding(harness: &Harness) {
    let admin = async |function, method, target: &str| harness.admin(function, method, target, &Value::Null).await;
    let added = admin("start-installation", "POST", "/authorizations")
        .await
        .with_status(201);
    let binding_id = added["binding_id"].as_str().unwrap();
    harness.fetch("publish-changes").await;
    harness.stream("publish-changes").await.unwrap();
    admin("read-authorization", "GET", "/authorizations")
        .await
        .with_status(200);
    let replay = format!("/authorizations/{binding_id}/events/74945b243d9a6b6ee8bfaf5ce3736a39/replay");
    admin("replay-event", "POST", &replay).await.refused(404, "not_found");
    let removed = admin("disconnect", "DELETE", &format!("/authorizations/{binding_id}")).await;
    assert_eq!(removed.status, 204);
    harness.fetch("publish-changes").await;
    harness.stream("publish-changes").await.unwrap();
}

/// An operator checks a tenant, whom WeCom has banned and whose app is removed, and disconnects it.
async fn an_operator_acts() -> Harness {
    let harness = Harness::start(true).await;
    let act = async |verb: &str| {
        let target = format!("/operator/tenants/{TENANT}/{verb}");
        harness.operator("act-on-tenant", "POST", &target).await
    };
    // A member installs, and then an administrator.
    Box::pin(install(&harness, TENANT, AuthMode::Member)).await;
    // Two at once, of which one waits for the other.
    let (one, other) = tokio::join!(act("check"), act("check"));
    assert_eq!(one.with_status(200), other.with_status(200));
    Box::pin(harness.bind_all()).await;
    for path in ["/cgi-bin/service/v2/get_auth_info", "/cgi-bin/gettoken"] {
        harness.wecom().add_faults([simulator::Fault {
            path: Some(path.to_owned()),
            errcode: Some(45009),
            ..simulator::Fault::default()
        }]);
        act("check").await.refused(503, "wecom_ban");
        harness.sleep(2).await;
    }
    harness.store().drop_token(&suite_token()).await.unwrap();
    act("check").await.with_status(200);
    let request = SuiteEventRequest {
        event: Some("cancel_auth".to_owned()),
        corp_id: Some(CORP.to_owned()),
        silent: true,
        ..SuiteEventRequest::default()
    };
    harness.wecom().send_suite_event(&request).await.unwrap();
    assert_eq!(
        act("check").await.with_status(200)["installation"]["status"],
        "cancelled"
    );
    let [contacts, _] = Box::pin(harness.bind_all()).await;
    harness.deliver(&contacts, &member_created("a")).await.with_success();
    assert_eq!(act("disconnect").await.status, 204);
    Box::pin(claims_wait(&harness)).await;
    harness
}

/// Claims end in each way: by a link, by an operator, and with the app; the tenant's Secrets and callbacks come back.
async fn claims_wait(harness: &Harness) {
    use crate::claims::{assign, claim_id, installs_from_the_market};
    Box::pin(installs_from_the_market(harness)).await;
    let (redirect, cookies) = Box::pin(harness.set_out(OTHER_CORP)).await;
    Box::pin(harness.come_back(&redirect, &cookies)).await.redirect();
    // Not this tenant's, so that it waits on.
    let (redirect, cookies) = Box::pin(harness.set_out(CORP)).await;
    Box::pin(harness.come_back(&redirect, &cookies)).await.redirect();
    let ended = harness
        .admin("disconnect", "DELETE", "/authorization", &Value::Null)
        .await;
    assert_eq!(ended.status, 204);
    assign(harness, &claim_id(harness).await, TENANT).await.with_status(200);
    Box::pin(harness.bind(Scope::Contacts)).await;
    Box::pin(happens(harness, "cancel_auth")).await;
    Box::pin(installs_from_the_market(harness)).await;
    assign(harness, &claim_id(harness).await, TENANT).await.with_status(200);
    Box::pin(happens(harness, "cancel_auth")).await;
    // A tenant that has begun nothing.
    Box::pin(installs_from_the_market(harness)).await;
    assign(harness, &claim_id(harness).await, "rival")
        .await
        .with_status(200);
    Box::pin(happens(harness, "cancel_auth")).await;
    Box::pin(installs_from_the_market(harness)).await;
    Box::pin(happens(harness, "cancel_auth")).await;
    // WeCom's event has no state, and its redirect comes later.
    let (redirect, cookies) = Box::pin(harness.set_out(CORP)).await;
    let url = url::Url::parse(&format!("https://callbacks.example.com{redirect}")).unwrap();
    let (_, code) = url.query_pairs().find(|(name, _)| name == "auth_code").unwrap();
    let rest = format!("<AuthCode><![CDATA[{code}]]></AuthCode>");
    harness.suite_event_arrives("create_auth", &rest).await;
    harness.stream("process-suite-event").await.unwrap();
    let back = Box::pin(harness.come_back(&redirect, &cookies)).await.redirect();
    assert!(back.ends_with("?installation=installed"), "{back}");
}

/// Webhooks that fail, succeed, and are enabled again, once while the receiver is not disabled and once while it is.
async fn webhooks(harness: &Harness) {
    let receiver = Receiver::start().await;
    harness.webhooks_go_to(&receiver.url).await;
    for status in [500, 204, 410] {
        receiver.answer(status);
        harness.deliver_webhooks(&[json!({"detail": {"event_id": "1"}})]).await;
    }
    for _ in 0..2 {
        harness
            .invoke("deliver-webhooks", json!({"enable": true}))
            .await
            .unwrap();
    }
}

/// Asks for a check of the tenant.
async fn check_authorization(harness: &Harness) -> Reply {
    Box::pin(harness.admin("check-authorization", "POST", "/authorization/check", &Value::Null)).await
}

/// Makes two assist links: one is opened, the other revoked.
async fn share(harness: &Harness) {
    let make = async || {
        let target = "/authorization/assist-links";
        let scope = json!({"scope": "contacts"});
        let made = harness.admin("share-credentials", "POST", target, &scope);
        made.await.with_status(201)
    };
    let (opened, revoked) = (make().await, make().await);
    let url = opened["url"].as_str().unwrap();
    let path = &url[url.find("/assist/").unwrap()..];
    let browse = async |method, path: &str, cookies: &str| {
        let reply = harness.call("share-credentials", Caller::Browser(cookies), method, path, None);
        reply.await
    };
    assert_eq!(browse("GET", path, "").await.status, 200);
    let cookies = Harness::cookie(&browse("POST", path, "").await);
    let status = browse("GET", &format!("{path}/status"), &cookies).await;
    assert_eq!(status.status, 200);
    let target = format!("/authorization/assist-links/{}", revoked["id"].as_str().unwrap());
    let reply = harness
        .admin("share-credentials", "DELETE", &target, &Value::Null)
        .await;
    assert_eq!(reply.status, 204);
}

/// Publishes what has arrived, one batch of it twice, reads it, and replays an event.
async fn publish_and_replay(harness: &Harness) {
    harness.fetch("publish-events").await;
    let batch = harness.batch("publish-events");
    for _ in 0..2 {
        // The second time, it looks where it was.
        harness.hand_in_again("publish-events", batch.clone());
        harness.stream("publish-events").await.unwrap();
    }
    harness.stream("publish-changes").await.unwrap();
    harness.state().await;
    for target in [
        format!("/operator/tenants/{TENANT}"),
        "/operator/tenants?query=acme".to_owned(),
        format!("/operator/tenants?corp={CORP}"),
        "/operator/tenants?query=00000000000000000000000000000000".to_owned(),
        "/operator/summary".to_owned(),
    ] {
        harness.operator("read-tenants", "GET", &target).await.with_status(200);
    }
    let read = async |target: &str| {
        let answer = harness.admin("read-authorization", "GET", target, &Value::Null).await;
        answer.with_status(200)
    };
    let events = read("/authorization/events").await;
    read("/authorization/audit").await;
    let event_id = events["events"][0]["event_id"].as_str().unwrap();
    read(&format!("/authorization/events/{event_id}")).await;
    let target = format!("/authorization/events/{event_id}/replay");
    harness
        .admin("replay-event", "POST", &target, &Value::Null)
        .await
        .with_status(202);
    for who in [Caller::Admin(TENANT), Caller::Operator] {
        crate::replays::goes_its_way(harness, who).await;
    }
    Box::pin(crate::persons::are_found_and_deleted(harness)).await;
}

/// WeCom bans us at each step of an installation; each time everybody hears of it, and it ends by itself.
async fn banned_while_installing(harness: &Harness) {
    let ban = |path: &str| simulator::Fault {
        path: Some(path.to_owned()),
        errcode: Some(45009),
        ..simulator::Fault::default()
    };
    harness.sleep(2).await;
    harness.wecom().add_faults([ban("/cgi-bin/service/get_pre_auth_code")]);
    harness.make_link().await.refused(503, "wecom_ban");
    harness.wecom().clear_faults();
    harness.make_link().await.refused(503, "wecom_ban");
    harness.sleep(2).await;

    let (redirect, cookies) = harness.set_out(CORP).await;
    let exchange = "/cgi-bin/service/v2/get_permanent_code";
    harness.wecom().add_faults([ban(exchange)]);
    let back = harness.come_back(&redirect, &cookies).await.redirect();
    assert!(back.ends_with("failed&code=wecom_ban"), "{back}");
    harness.sleep(2).await;

    harness.wecom().add_faults([ban("/cgi-bin/service/v2/get_auth_info")]);
    let corps = harness.wecom().state().corps;
    let corp = corps.iter().find(|corp| corp.corp_id == CORP).unwrap();
    let about = format!("<AuthCorpId><![CDATA[{}]]></AuthCorpId>", corp.open_corp_id);
    harness.suite_event_arrives("change_auth", &about).await;
    harness.stream("process-suite-event").await.unwrap();
    harness.make_link().await.refused(503, "wecom_ban");
    harness.wait(3601);
    harness.release_parked().await;
    harness.stream("process-suite-event").await.unwrap();
}

/// Under which the suite's token is cached.
fn suite_token() -> TokenName {
    TokenName::suite("ww3f2a9c41d07be865")
}

/// Changes the authorization at WeCom; its event is processed, and redelivered.
async fn happens(harness: &Harness, event: &str) {
    // The same news in the same second would be the same event.
    harness.wait(1);
    for _ in 0..2 {
        let request = SuiteEventRequest {
            event: Some(event.to_owned()),
            corp_id: Some(CORP.to_owned()),
            silent: true,
            ..SuiteEventRequest::default()
        };
        let Ok(sent) = harness.wecom().send_suite_event(&request).await else {
            return;
        };
        let corps = harness.wecom().state().corps;
        let corp = corps.iter().find(|corp| corp.corp_id == CORP).unwrap();
        let rest = match sent.auth_code {
            Some(code) => format!("<AuthCode><![CDATA[{code}]]></AuthCode>"),
            None => format!("<AuthCorpId><![CDATA[{}]]></AuthCorpId>", corp.open_corp_id),
        };
        harness.suite_event_arrives(event, &rest).await;
        harness.fetch("process-suite-event").await;
        let batch = harness.batch("process-suite-event");
        harness.stream("process-suite-event").await.unwrap();
        harness.hand_in_again("process-suite-event", batch);
        harness.stream("process-suite-event").await.unwrap();
    }
}

/// Every mistake that a caller can make, and tokens that expire at the wrong moment.
async fn what_goes_wrong() -> Harness {
    let harness = Harness::start(true).await;
    // A stolen code, which WeCom disowns; then a member installs, and then an administrator.
    steal(&harness).await;
    install(&harness, TENANT, AuthMode::Member).await;
    // Two at once, of which one waits for the other.
    let (one, other) = tokio::join!(check_authorization(&harness), check_authorization(&harness));
    assert_eq!(one.with_status(200), other.with_status(200));
    // The cached token ends between the link and the redirect; then another tenant would have the same corporation.
    let (redirect, cookies) = harness.set_out(CORP).await;
    harness.store().drop_token(&suite_token()).await.unwrap();
    harness.come_back(&redirect, &cookies).await.redirect();
    let rival = Caller::Admin("rival");
    let target = "/authorization/installation";
    let link = harness.call("start-installation", rival, "POST", target, None).await;
    let opened = harness.open_link(&Harness::path_of(&link), "").await;
    let redirect = harness.confirm(&opened.redirect(), CORP);
    let back = harness.come_back(&redirect, &Harness::cookie(&opened)).await.redirect();
    assert!(back.ends_with("failed&code=corp_mismatch"), "{back}");
    // WeCom fails for a moment, after the exchange: the permanent code is in the vault already.
    let (redirect, cookies) = harness.set_out(CORP).await;
    let fault = simulator::Fault {
        path: Some("/cgi-bin/service/v2/get_auth_info".to_owned()),
        times: 9,
        http_status: Some(502),
        ..simulator::Fault::default()
    };
    harness.wecom().add_faults([fault]);
    let back = harness.come_back(&redirect, &cookies).await.redirect();
    assert!(back.ends_with("failed&code=wecom_error"), "{back}");
    harness.wecom().clear_faults();
    let back = harness.come_back(&redirect, &cookies).await.redirect();
    assert!(back.ends_with("?installation=installed"), "{back}");

    harness
        .wecom()
        .set_settings(simulator::SettingsPatch {
            wrong_secret_limit: Some(3),
            ..simulator::SettingsPatch::default()
        })
        .unwrap();
    let credentials = harness.bind(Scope::Contacts).await;
    harness
        .enter(Scope::ExternalContacts, &harness.secret_of(Scope::Contacts))
        .await
        .refused(422, "wrong_secret_kind");
    harness.wecom().reset_secret(CORP, SecretKind::Contacts).unwrap();
    let input = json!({"tenant_id": TENANT, "kind": "contacts"});
    let refused = harness.invoke("issue-access-token", input.clone()).await;
    assert_eq!(refused, Err("secret_rejected".to_owned()));
    let _ = harness.register(Scope::Contacts).await;
    harness
        .enter(Scope::Contacts, "a-wrong-secret-of-some-length")
        .await
        .refused(422, "secret_rejected");
    harness.wecom().reset_secret(CORP, SecretKind::Contacts).unwrap();
    harness.sleep(14).await;
    let run = harness.invoke("check-health", json!({})).await.unwrap();
    // The other tenant, too: it is cleaned up after its installations, which ended or failed.
    assert_eq!((&run["checked"], &run["failed"]), (&json!(2), &json!(0)), "{run}");
    let _ = harness.register(Scope::Contacts).await;
    for _ in 0..3 {
        harness.enter(Scope::Contacts, "a-wrong-secret-of-some-length").await;
    }
    let banned = harness.invoke("issue-access-token", input).await;
    assert_eq!(banned, Err("wecom_ban".to_owned()));

    let mut foreign = credentials.clone();
    foreign.token = "AnotherToken".to_owned();
    harness
        .deliver(&foreign, &member_created("a"))
        .await
        .refused(403, "callback_rejected");
    harness.check(&foreign).await.refused(403, "callback_rejected");
    let mut unknown = credentials;
    unknown.url = format!("{}{}", unknown.url.strip_suffix(|_: char| true).unwrap(), '0');
    harness.check(&unknown).await;
    let letter = Letter::sealed(&foreign, CORP, "<xml/>");
    harness.suite_callback(&letter).await.refused(403, "callback_rejected");
    harness
}

/// Every way in which an authorization ends, and begins again.
async fn the_end() -> Harness {
    let harness = Harness::start(true).await;
    let begin = async || {
        let [contacts, _] = harness.bind_all().await;
        harness.deliver(&contacts, &member_created("a")).await.with_success();
        harness
            .deliver(&contacts, &member_created(&"企业微信".repeat(40_000)))
            .await
            .with_success();
        for kind in ["contacts", "external_contacts", "installation"] {
            let input = json!({"tenant_id": TENANT, "kind": kind});
            harness.invoke("issue-access-token", input).await.unwrap();
        }
    };
    begin().await;
    harness.stream("publish-changes").await.unwrap();
    harness
        .admin("disconnect", "DELETE", "/authorization", &Value::Null)
        .await;
    harness.stream("publish-changes").await.unwrap();
    // Stolen again, after both have been there.
    Box::pin(steal(&harness)).await;
    begin().await;
    happens(&harness, "cancel_auth").await;
    // WeCom's event was lost: the admin finds out, or the schedule.
    let request = SuiteEventRequest {
        event: Some("cancel_auth".to_owned()),
        corp_id: Some(CORP.to_owned()),
        silent: true,
        ..SuiteEventRequest::default()
    };
    begin().await;
    harness.wecom().send_suite_event(&request).await.unwrap();
    let checked = check_authorization(&harness).await.with_status(200);
    assert_eq!(checked["installation"]["status"], "cancelled");
    check_authorization(&harness).await.refused(409, "not_installed");
    begin().await;
    harness.wecom().send_suite_event(&request).await.unwrap();
    harness.sleep(14).await;
    let run = harness.invoke("check-health", json!({})).await.unwrap();
    assert_eq!(run["checked"], 2, "with the thief: {run}");
    assert_eq!(harness.state().await["installation"]["status"], "cancelled");
    Box::pin(reconcile(&harness)).await;
    // Another corporation after the one that left, which a member installs for another tenant.
    let (redirect, cookies) = harness.set_out(OTHER_CORP).await;
    let back = harness.come_back(&redirect, &cookies).await.redirect();
    assert!(back.ends_with("?installation=installed"), "{back}");
    install(&harness, "rival", AuthMode::Member).await;
    harness.sleep(14).await;
    let run = harness.invoke("check-health", json!({})).await.unwrap();
    assert_eq!(run["checked"], 2, "{run}");
    harness
}

/// Finds a Secret that nobody knows of.
async fn reconcile(harness: &Harness) {
    let left = SecretName::Scope(TenantId::parse(TENANT).unwrap(), ours(Scope::Contacts));
    crate::reconcile::leave_behind(harness, &left).await;
    harness.sleep(2).await;
    let run = harness.invoke("reconcile-secrets", json!({})).await.unwrap();
    assert_eq!(run["orphaned"], 1, "{run}");
}
