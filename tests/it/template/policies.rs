//! Each function's role against the table of what the function does.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{functions, pascal, resources, template, triggers};
use crate::{
    operations::OPERATIONS,
    permissions::{CALL_WECOM, Permission, permissions},
};

/// The statements that allow a role something: those of its own policy, and of the managed ones that it always has.
fn statements<'a>(template: &'a Value, role: &'a Value) -> Vec<&'a Value> {
    let managed = managed(role)
        .into_iter()
        .map(|id| &template["Resources"][id]["Properties"]);
    let policies = role["Properties"]["Policies"].as_array().unwrap();
    policies
        .iter()
        .chain(managed)
        .flat_map(|policy| policy["PolicyDocument"]["Statement"].as_array().unwrap())
        .inspect(|statement| assert_eq!(statement["Effect"], "Allow"))
        .collect()
}

/// The managed policies that a role always has, by logical id. The one of the network has a condition, and a test of its own.
fn managed(role: &Value) -> Vec<&str> {
    let policies = role["Properties"]["ManagedPolicyArns"].as_array();
    let policies = policies.into_iter().flatten();
    policies.filter_map(|policy| policy["Ref"].as_str()).collect()
}

/// One or many, as IAM lets one write it.
fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(values) => values.iter().collect(),
        value => vec![value],
    }
}

fn actions(statement: &Value) -> impl Iterator<Item = &str> {
    list(&statement["Action"])
        .into_iter()
        .map(|action| action.as_str().unwrap())
}

/// The name that a permission has for a resource.
fn name_of(resource: &Value) -> Option<&'static str> {
    let tenant_secret = |kind| {
        let all = "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:${AWS::StackName}/*";
        json!({"Fn::Sub": format!("{all}/{kind}-??????")})
    };
    let suites = |kind| {
        let all =
            "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:${AWS::StackName}/suite";
        json!({"Fn::Sub": format!("{all}/{kind}*")})
    };
    let names = [
        (json!({"Fn::GetAtt": ["AuthorizationTable", "Arn"]}), "authorization"),
        (
            json!({"Fn::Sub": "${AuthorizationTable.Arn}/index/due"}),
            "authorization/due",
        ),
        (json!({"Fn::GetAtt": ["EventTable", "Arn"]}), "events"),
        (
            json!({"Fn::Sub": "${EventTable.Arn}/index/timeline"}),
            "events/timeline",
        ),
        (json!({"Fn::Sub": "${EventTable.Arn}/index/user"}), "events/user"),
        (
            json!({"Fn::Sub": "${EventTable.Arn}/index/external_user"}),
            "events/external_user",
        ),
        (json!({"Fn::GetAtt": ["EventBus", "Arn"]}), "event-bus"),
        (json!({"Fn::GetAtt": ["EventFifoQueue", "Arn"]}), "event-queue"),
        (json!({"Ref": "SuiteSecret"}), "suite"),
        (suites("ww"), "suite/ww"),
        (suites("wx"), "suite/wx"),
        (suites("tj"), "suite/tj"),
        (suites("dk"), "suite/dk"),
        (json!({"Ref": "SealingKeySecret"}), "sealing-key"),
        (
            json!({"Fn::Sub": "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:${AWS::StackName}/webhook-??????"}),
            "webhook",
        ),
        (json!({"Fn::GetAtt": ["WebhookQueue", "Arn"]}), "webhook-queue"),
        (json!({"Fn::GetAtt": ["EventDeadLetters", "Arn"]}), "event-letters"),
        (
            json!({"Fn::GetAtt": ["SuiteEventDeadLetters", "Arn"]}),
            "suite-event-letters",
        ),
        (json!({"Fn::GetAtt": ["WebhookDeadLetters", "Arn"]}), "webhook-letters"),
        (tenant_secret("installation"), "*/installation"),
        (tenant_secret("contacts"), "*/contacts"),
        (tenant_secret("external-contacts"), "*/external-contacts"),
        (json!("*"), "*"),
    ];
    names
        .into_iter()
        .find(|(known, _)| known == resource)
        .map(|(_, name)| name)
}

/// The kinds of items that a statement is confined to.
fn kinds(statement: &Value) -> Vec<Option<String>> {
    let Some(condition) = statement.get("Condition") else {
        return vec![None];
    };
    // Attributes that a scan is limited to, instead of items.
    let credentials: &[&str] = &["pk", "sk", "current", "pending", "previous"];
    let heads: &[&str] = &["event_id", "tenant_id", "timeline_at", "scope", "event", "change_type"];
    let is_confined = [credentials, heads].into_iter().any(|attributes| {
        let confined = json!({
            "ForAllValues:StringEquals": {"dynamodb:Attributes": attributes},
            "StringEquals": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"},
        });
        *condition == confined
    });
    if is_confined && statement["Action"] == "dynamodb:Scan" {
        return vec![None];
    }
    let patterns = &condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"];
    assert_eq!(
        *condition,
        json!({"ForAllValues:StringLike": {"dynamodb:LeadingKeys": patterns}})
    );
    let patterns = patterns.as_array().unwrap().iter();
    patterns
        .map(|pattern| Some(pattern.as_str().unwrap().strip_suffix("#*").unwrap().to_owned()))
        .collect()
}

/// Whether a statement's action is of a function on a table, a secret, the event bus or a queue; not of Lambda, which sends dead letters
/// and receives webhooks.
fn is_data(action: &str, statement: &Value) -> bool {
    if action == "sqs:SendMessage" {
        return name_of(&statement["Resource"]) == Some("event-queue");
    }
    if action == "sqs:GetQueueAttributes" {
        return name_of(&statement["Resource"]) != Some("webhook-queue");
    }
    ["dynamodb:", "secretsmanager:", "events:", "sqs:ChangeMessageVisibility"]
        .iter()
        .any(|service| action.starts_with(service))
}

/// Permissions of a role on tables and secrets.
fn allowed(template: &Value, role: &Value) -> BTreeSet<Permission> {
    let mut allowed = BTreeSet::new();
    for statement in statements(template, role) {
        for action in actions(statement) {
            if !is_data(action, statement) || STREAM_ACTIONS.contains(&action) {
                continue;
            }
            for resource in list(&statement["Resource"]) {
                let resource = name_of(resource).unwrap_or_else(|| panic!("{action} on {resource}"));
                for kind in kinds(statement) {
                    let permission = Permission {
                        action: action.to_owned(),
                        resource,
                        kind,
                    };
                    assert!(allowed.insert(permission), "{action} on {resource} is allowed twice");
                }
            }
        }
    }
    allowed
}

const STREAM_ACTIONS: [&str; 4] = [
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
];

#[test]
fn gives_every_function_a_role_of_its_own() {
    let template = template();
    let roles = resources(&template, "AWS::IAM::Role");
    let mut used = BTreeSet::new();
    for (name, function) in functions(&template) {
        let role = format!("{}Role", pascal(&name));
        assert_eq!(function["Properties"]["Role"], json!({"Fn::GetAtt": [role, "Arn"]}));
        assert_eq!(function["Properties"].get("Policies"), None, "{name}: a shortcut");
        assert!(roles.contains_key(role.as_str()), "{role}");
        let properties = &roles[role.as_str()]["Properties"];
        let trust = &properties["AssumeRolePolicyDocument"]["Statement"];
        assert_eq!(
            *trust,
            json!([{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}])
        );
        let conditional: Vec<_> = properties["ManagedPolicyArns"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|policy| policy.get("Ref").is_none())
            .collect();
        let egress = json!({"Fn::If": ["HasFixedEgress", {"Ref": "EgressPolicy"}, {"Ref": "AWS::NoValue"}]});
        let expected: Vec<_> = CALL_WECOM
            .contains(&name.as_str())
            .then_some(&egress)
            .into_iter()
            .collect();
        assert_eq!(conditional, expected, "{name}");
        used.insert(role);
    }
    assert_eq!(roles.len(), used.len(), "nobody else has a role");
}

#[test]
fn allows_each_function_what_it_does_and_nothing_else() {
    let template = template();
    let roles = resources(&template, "AWS::IAM::Role");
    for (name, _) in OPERATIONS {
        let allowed = allowed(&template, roles[format!("{}Role", pascal(name)).as_str()]);
        let needed = permissions(name);
        let missing: Vec<_> = needed.difference(&allowed).collect();
        let idle: Vec<_> = allowed.difference(&needed).collect();
        assert!(
            missing.is_empty() && idle.is_empty(),
            "{name}: missing {missing:#?}, too much {idle:#?}"
        );
    }
}

/// Permissions that follow from the others: logging, the keys of tables and secrets, and a function's stream.
#[test]
fn allows_beyond_that_only_what_follows_from_it() {
    let template = template();
    let roles = resources(&template, "AWS::IAM::Role");
    let mut streams: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for (name, mapping) in triggers(&template, "DynamoDB") {
        let part = |value: &Value| value["Fn::GetAtt"][0].as_str().unwrap().to_owned();
        let queue = &mapping["DestinationConfig"]["OnFailure"]["Destination"];
        streams
            .entry(name)
            .or_default()
            .push((part(&mapping["Stream"]), part(queue)));
    }
    for (name, _) in OPERATIONS {
        let mut rest = BTreeSet::new();
        for statement in statements(&template, roles[format!("{}Role", pascal(name)).as_str()]) {
            for action in actions(statement) {
                if is_data(action, statement) && !STREAM_ACTIONS.contains(&action) {
                    continue;
                }
                let via = list(&statement["Condition"]["StringEquals"]["kms:ViaService"])
                    .into_iter()
                    .filter_map(|service| service["Fn::Sub"].as_str())
                    .map(|service| service.strip_suffix(".${AWS::Region}.${AWS::URLSuffix}").unwrap());
                let via: Vec<_> = via.collect();
                assert_eq!(action.starts_with("kms:"), !via.is_empty(), "{name}: {action}");
                for service in if via.is_empty() { vec![""] } else { via } {
                    for resource in list(&statement["Resource"]) {
                        rest.insert(format!("{action} {resource} {service}").trim().to_owned());
                    }
                }
            }
        }
        let streams = streams.get(name).map_or(&[][..], Vec::as_slice);
        assert_eq!(rest, expected_rest(name, streams), "{name}");
    }
}

fn expected_rest(name: &str, streams: &[(String, String)]) -> BTreeSet<String> {
    let attribute = |resource: &str, attribute: &str| json!({"Fn::GetAtt": [resource, attribute]}).to_string();
    let mut expected = BTreeSet::new();
    for action in ["logs:CreateLogStream", "logs:PutLogEvents"] {
        let group = format!("{}LogGroup", pascal(name));
        expected.insert(format!("{action} {}", attribute(&group, "Arn")));
    }
    let tables = attribute("TableKey", "Arn");
    let secrets = attribute("SecretKey", "Arn");
    let needed = permissions(name);
    let does = |prefix: &str| needed.iter().any(|permission| permission.action.starts_with(prefix));
    // KMS asks on behalf of DynamoDB and Secrets Manager whether the caller may use the key.
    if does("dynamodb:") {
        expected.insert(format!("kms:Decrypt {tables} dynamodb"));
    }
    let writes = does("secretsmanager:PutSecretValue");
    if writes || does("secretsmanager:GetSecretValue") {
        expected.insert(format!("kms:Decrypt {secrets} secretsmanager"));
    }
    if writes {
        expected.insert(format!("kms:GenerateDataKey {secrets} secretsmanager"));
    }
    for (table, queue) in streams {
        let streams = json!({"Fn::Sub": format!("${{{table}.Arn}}/stream/*")});
        expected.insert(format!("dynamodb:ListStreams {streams}"));
        for action in STREAM_ACTIONS
            .into_iter()
            .filter(|action| *action != "dynamodb:ListStreams")
        {
            expected.insert(format!("{action} {}", attribute(table, "StreamArn")));
        }
        expected.insert(format!("sqs:SendMessage {}", attribute(queue, "Arn")));
    }
    for (_, mapping) in triggers(&template(), "SQS")
        .into_iter()
        .filter(|(function, _)| function == name)
    {
        for action in ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"] {
            expected.insert(format!("{action} {}", mapping["Queue"]));
        }
    }
    expected
}

/// A scan reads every item, and IAM cannot change that: so one without the condition on attributes is too much.
#[test]
fn confines_every_scan_to_attributes_that_hold_no_token_and_no_payload() {
    let template = template();
    let mut scans = 0;
    for (_, role) in resources(&template, "AWS::IAM::Role") {
        for statement in statements(&template, role) {
            if actions(statement).any(|action| action == "dynamodb:Scan") {
                assert!(statement.get("Condition").is_some());
                assert_eq!(kinds(statement), [None]);
                scans += 1;
            }
        }
    }
    assert_eq!(scans, 2);
}

/// The function that faces WeCom's events, and the whole internet with it.
#[test]
fn keeps_every_tenants_secret_from_event_callback() {
    let template = template();
    let role = resources(&template, "AWS::IAM::Role")["EventCallbackRole"];
    let secrets: Vec<_> = statements(&template, role)
        .into_iter()
        .filter(|statement| actions(statement).any(|action| action.starts_with("secretsmanager:")))
        .flat_map(|statement| list(&statement["Resource"]))
        .collect();
    assert_eq!(secrets, [&json!({"Ref": "SealingKeySecret"})]);
}

#[test]
fn reads_tenants_secrets_in_seven_functions_only() {
    let reads: BTreeSet<&str> = OPERATIONS
        .iter()
        .filter(|(name, _)| {
            permissions(name).iter().any(|permission| {
                permission.action.ends_with("GetSecretValue") && permission.resource.starts_with("*/")
            })
        })
        .map(|(name, _)| *name)
        .collect();
    let expected = [
        "act-on-tenant",
        "check-authorization",
        "check-health",
        "export-bindings",
        "installation-callback",
        "issue-access-token",
        "process-suite-event",
    ];
    assert_eq!(reads, BTreeSet::from(expected));
}

/// Before Lambda places a function in a VPC it checks the role for these actions on `*/*`, which a narrower resource does not
/// match (Lambda Developer Guide, configuration-vpc). The function itself is denied all of them.
#[test]
fn lets_lambda_place_functions_in_the_vpc_and_not_the_functions() {
    let template = template();
    let policy = resources(&template, "AWS::IAM::ManagedPolicy")["EgressPolicy"];
    let statements = policy["Properties"]["PolicyDocument"]["Statement"].as_array().unwrap();
    let interfaces = [
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:AssignPrivateIpAddresses",
        "ec2:UnassignPrivateIpAddresses",
    ];
    let descriptions = ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"];
    let in_all: Vec<_> = interfaces.iter().chain(&descriptions).collect();
    let everywhere = "arn:${AWS::Partition}:ec2:${AWS::Region}:${AWS::AccountId}:*/*";
    let functions = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${AWS::StackName}-*";
    let expected = json!([
        {"Effect": "Allow", "Action": interfaces, "Resource": {"Fn::Sub": everywhere}},
        {"Effect": "Allow", "Action": descriptions, "Resource": "*"},
        {
            "Effect": "Deny",
            "Action": in_all,
            "Resource": "*",
            "Condition": {"ArnLike": {"lambda:SourceFunctionArn": {"Fn::Sub": functions}}},
        },
    ]);
    assert_eq!(json!(statements), expected);
}

/// No role may do anything, or something to anything. EC2's Describe actions and `ListSecrets` know no resource.
#[test]
fn writes_no_star_but_for_the_network_and_the_list_of_secrets() {
    let template = template();
    let mut policies: Vec<(&str, &Value)> = Vec::new();
    for (id, role) in resources(&template, "AWS::IAM::Role") {
        for policy in role["Properties"]["Policies"].as_array().unwrap() {
            policies.push((id, &policy["PolicyDocument"]));
        }
    }
    for (id, policy) in resources(&template, "AWS::IAM::ManagedPolicy") {
        policies.push((id, &policy["Properties"]["PolicyDocument"]));
    }
    for (id, document) in policies {
        for statement in document["Statement"].as_array().unwrap() {
            let denies = statement["Effect"] == "Deny";
            for action in actions(statement) {
                assert!(!action.contains('*'), "{id}: {action}");
                for resource in list(&statement["Resource"]) {
                    let describes = id == "EgressPolicy" && action.starts_with("ec2:Describe");
                    let is_listing = ["ExportBindingsRole", "ReconcileSecretsRole"].contains(&id);
                    let lists = is_listing && action == "secretsmanager:ListSecrets";
                    assert!(
                        denies || describes || lists || *resource != json!("*"),
                        "{id}: {action} on everything"
                    );
                    assert!(statement.get("NotAction").is_none());
                    assert!(statement.get("NotResource").is_none());
                }
            }
        }
    }
}
