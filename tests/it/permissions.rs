//! Permissions of each function: `operations.rs` has the actions and resources; this file has the kinds of items of the
//! authorization table, which IAM confines too (`dynamodb:LeadingKeys`).

use std::collections::{BTreeMap, BTreeSet};

use devstack::Entry;

use crate::operations::{OPERATIONS, Resource};

/// For each function, the kinds of items that each action is for: the first segment of their keys, `TENANT` for `TENANT#…`.
const ITEMS: [(&str, &str); 28] = [
    (
        "act-on-tenant",
        "GetItem TENANT CALLBACK CORP SUITE TOKEN BAN ATTEMPTS CHECK RECOVERABLE CLAIM
         BatchGetItem CALLBACK TOKEN BAN
         PutItem TENANT CORP AUDIT CHANGED TOKEN BAN RECOVERABLE
         UpdateItem ATTEMPTS BAN CALLBACK CHECK DELETED
         DeleteItem CORP CALLBACK TOKEN RECOVERABLE CLAIM",
    ),
    (
        "check-authorization",
        "GetItem TENANT CALLBACK CORP SUITE TOKEN BAN ATTEMPTS CHECK
         BatchGetItem CALLBACK TOKEN BAN
         PutItem TENANT AUDIT CHANGED TOKEN BAN RECOVERABLE
         UpdateItem ATTEMPTS BAN CHECK
         DeleteItem CORP CALLBACK",
    ),
    (
        "check-health",
        "GetItem TENANT CALLBACK CORP SUITE TOKEN BAN DELETED LISTED
         BatchGetItem CALLBACK TOKEN BAN
         PutItem TENANT AUDIT CHANGED TOKEN BAN RECOVERABLE RUN
         UpdateItem BAN CALLBACK TENANT DELETED
         DeleteItem CORP CALLBACK TOKEN DELETED",
    ),
    (
        "complete-authorization",
        "GetItem TENANT CALLBACK
         PutItem TENANT AUDIT CHANGED",
    ),
    ("console", ""),
    (
        "deliver-webhooks",
        "GetItem WEBHOOK
         PutItem CHANGED
         UpdateItem WEBHOOK
         DeleteItem WEBHOOK",
    ),
    (
        "disconnect",
        "GetItem TENANT CALLBACK
         PutItem TENANT AUDIT CHANGED
         UpdateItem DELETED
         DeleteItem CORP CALLBACK TOKEN RECOVERABLE",
    ),
    (
        "event-callback",
        "GetItem CALLBACK CONNECTION
         PutItem AUDIT CHANGED
         UpdateItem CALLBACK",
    ),
    (
        "export-bindings",
        "GetItem TENANT CALLBACK
         PutItem AUDIT",
    ),
    (
        "find-person",
        "GetItem TENANT
         PutItem AUDIT",
    ),
    (
        "generate-credentials",
        "GetItem TENANT CALLBACK
         PutItem TENANT AUDIT CHANGED
         UpdateItem CALLBACK",
    ),
    (
        "import-bindings",
        "GetItem TENANT CALLBACK CORP SUITE TOKEN BAN
         PutItem TENANT CORP TOKEN BAN AUDIT CHANGED
         UpdateItem CALLBACK
         DeleteItem CLAIM",
    ),
    (
        "installation-callback",
        "GetItem STATE TENANT CORP SUITE TOKEN CODE CLAIM BAN RECOVERABLE
         PutItem TENANT CORP CODE CLAIM TOKEN BAN AUDIT CHANGED
         UpdateItem STATE CALLBACK
         DeleteItem CORP CLAIM",
    ),
    (
        "issue-access-token",
        "GetItem TENANT SUITE TOKEN BAN
         PutItem TENANT TOKEN BAN AUDIT CHANGED
         UpdateItem BAN TOKEN
         DeleteItem TOKEN",
    ),
    (
        "process-suite-event",
        "GetItem STATE TENANT CALLBACK CORP SUITE SUITEEVENT TOKEN CODE CLAIM BAN
         PutItem TENANT CORP SUITE TOKEN CODE CLAIM BAN AUDIT CHANGED RECOVERABLE
          UpdateItem STATE SUITEEVENT DELETED
         DeleteItem CORP CALLBACK TOKEN CLAIM",
    ),
    (
        "publish-events",
        "GetItem COUNTED TENANT CALLBACK LISTING
         PutItem CALLBACK LISTING LISTED CHANGED
         UpdateItem CALLBACK LISTED
         ConditionCheckItem CALLBACK
         DeleteItem LISTING LISTED",
    ),
    (
        "read-authorization",
        "GetItem TENANT CALLBACK
         Query AUDIT",
    ),
    (
        "read-tenants",
        "GetItem TENANT CALLBACK CORP LISTING LISTED RUN BAN
         PutItem AUDIT
         Query AUDIT LISTED CLAIM",
    ),
    (
        "reconcile-secrets",
        "GetItem TENANT
         PutItem TENANT",
    ),
    (
        "register-secret",
        "GetItem TENANT CALLBACK TOKEN BAN ATTEMPTS
         PutItem TENANT TOKEN BAN AUDIT CHANGED
         UpdateItem BAN CALLBACK ATTEMPTS
         DeleteItem TOKEN",
    ),
    (
        "replay-event",
        "GetItem TENANT REPLAY
         PutItem AUDIT REPLAY
         UpdateItem REPLAY",
    ),
    ("rotate-sealing-key", ""),
    (
        "run-replays",
        "GetItem REPLAY
         PutItem AUDIT
         UpdateItem REPLAY",
    ),
    (
        "share-credentials",
        "GetItem TENANT CALLBACK ASSIST
         PutItem TENANT AUDIT ASSIST",
    ),
    (
        "start-installation",
        "GetItem STATE TENANT SUITE TOKEN BAN
         PutItem STATE TENANT TOKEN BAN AUDIT
         UpdateItem STATE",
    ),
    (
        "suite-callback",
        "GetItem CONNECTION
         PutItem SUITEEVENT",
    ),
    (
        "test-callback",
        "GetItem TENANT CALLBACK
         PutItem AUDIT",
    ),
    (
        "update-settings",
        "GetItem TENANT CALLBACK
         PutItem TENANT AUDIT CHANGED
         UpdateItem CALLBACK",
    ),
];

/// The functions that call WeCom, and need a fixed address where WeCom demands one.
pub(crate) const CALL_WECOM: [&str; 9] = [
    "act-on-tenant",
    "check-authorization",
    "check-health",
    "import-bindings",
    "installation-callback",
    "issue-access-token",
    "process-suite-event",
    "register-secret",
    "start-installation",
];

/// One thing that may be done.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Permission {
    /// As IAM names it: `dynamodb:GetItem`.
    pub(crate) action: String,
    /// `authorization`, `events/timeline`, `suite`, `*/contacts` for the Secret of that name of any tenant, …
    pub(crate) resource: &'static str,
    /// For an item of the authorization table, its kind.
    pub(crate) kind: Option<String>,
}

/// Permissions of a function.
pub(crate) fn permissions(function: &str) -> BTreeSet<Permission> {
    let (_, operations) = OPERATIONS.iter().find(|(name, _)| *name == function).unwrap();
    let items = items(function);
    let mut permissions = BTreeSet::new();
    for (action, resource) in *operations {
        let kinds: Vec<_> = match resource {
            // A scan names no key.
            Resource::AuthorizationTable if *action != "dynamodb:Scan" => {
                let kinds = items.get(*action).into_iter().flatten();
                kinds.map(|kind| Some(kind.clone())).collect()
            }
            _ => vec![None],
        };
        assert!(!kinds.is_empty(), "{function}: {action} on items of which kind?");
        for resource in names(*resource) {
            for kind in &kinds {
                permissions.insert(Permission {
                    action: (*action).to_owned(),
                    resource,
                    kind: kind.clone(),
                });
            }
        }
    }
    permissions
}

fn names(resource: Resource) -> &'static [&'static str] {
    match resource {
        Resource::AuthorizationTable => &["authorization"],
        Resource::DueIndex => &["authorization/due"],
        Resource::EventTable => &["events"],
        Resource::EventBus => &["event-bus"],
        Resource::DeadLetters => &["event-letters", "suite-event-letters", "webhook-letters"],
        Resource::EventQueue => &["event-queue"],
        Resource::TimelineIndex => &["events/timeline"],
        Resource::PersonIndexes => &["events/user", "events/external_user"],
        // None of them is the name of a secret of a tenant whose id is `suite`.
        Resource::Suite => &["suite", "suite/ww", "suite/wx", "suite/tj", "suite/dk"],
        Resource::Webhook => &["webhook"],
        Resource::WebhookQueue => &["webhook-queue"],
        Resource::SealingKey => &["sealing-key"],
        Resource::Installation => &["*/installation"],
        Resource::ScopeSecret => &["*/contacts", "*/external-contacts"],
        Resource::EverySecret => &["*"],
    }
}

/// Action → kinds of items.
type Items = BTreeMap<String, BTreeSet<String>>;

fn items(function: &str) -> Items {
    let (_, lines) = ITEMS.iter().find(|(name, _)| *name == function).unwrap();
    let mut items = Items::new();
    for line in lines.lines() {
        let mut words = line.split_whitespace();
        let Some(action) = words.next() else { continue };
        let kinds = words.map(ToOwned::to_owned).collect();
        items.insert(format!("dynamodb:{action}"), kinds);
    }
    items
}

/// The kinds of items that each function was seen to act on.
#[derive(Debug, Default)]
pub(crate) struct SeenItems(BTreeMap<String, Items>);

impl SeenItems {
    /// Adds what a journal says.
    pub(crate) fn see(&mut self, journal: &[Entry]) {
        for entry in journal {
            let (Some(function), Some(key)) = (&entry.access_key, &entry.leading_key) else {
                continue;
            };
            let (kind, _) = key.split_once('#').unwrap();
            let items = self.0.entry(function.clone()).or_default();
            items.entry(entry.action.clone()).or_default().insert(kind.to_owned());
        }
    }

    /// Holds the table above against it, both ways.
    pub(crate) fn hold(&self) {
        let declared: BTreeMap<String, Items> = ITEMS
            .iter()
            .map(|(function, _)| ((*function).to_owned(), items(function)))
            .filter(|(_, items)| !items.is_empty())
            .collect();
        let mut wrong = Vec::new();
        for function in declared.keys().chain(self.0.keys()).collect::<BTreeSet<_>>() {
            let (declared, seen) = (declared.get(function), self.0.get(function));
            if declared != seen {
                wrong.push(format!("{function}: seen {seen:?}, declared {declared:?}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
