//! `template.yaml` against the code: the same functions, routes, variables and tables; and each role allows what its function
//! does, and nothing else.

mod policies;
mod yaml;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use local::gateway::routes::{Access, ROUTES};
use serde_json::{Map, Value, json};
use wecom_authorization::{
    config::VARIABLES,
    store::tables::{AUTHORIZATION_TABLE, EVENT_TABLE, TableDefinition},
};

use crate::{operations::OPERATIONS, permissions::CALL_WECOM};

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub(crate) fn template() -> Value {
    yaml::parse(&read("template.yaml"))
}

/// The resources of a type, by logical id.
pub(crate) fn resources<'a>(template: &'a Value, kind: &str) -> BTreeMap<&'a str, &'a Value> {
    let all = template["Resources"].as_object().unwrap();
    let of_kind = all.iter().filter(|(_, resource)| resource["Type"] == kind);
    of_kind.map(|(id, resource)| (id.as_str(), resource)).collect()
}

/// The functions by name.
fn functions(template: &Value) -> BTreeMap<String, &Value> {
    let functions = resources(template, "AWS::Serverless::Function");
    functions
        .into_iter()
        .map(|(id, function)| (kebab(id.strip_suffix("Function").unwrap()), function))
        .collect()
}

fn kebab(pascal: &str) -> String {
    let mut kebab = String::new();
    for letter in pascal.chars() {
        if letter.is_ascii_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.push(letter.to_ascii_lowercase());
    }
    kebab
}

fn pascal(kebab: &str) -> String {
    kebab
        .split('-')
        .map(|word| word[..1].to_uppercase() + &word[1..])
        .collect()
}

fn names(map: &Value) -> BTreeSet<&str> {
    map.as_object().unwrap().keys().map(String::as_str).collect()
}

fn directories(path: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(root().join(path)).unwrap().map(Result::unwrap);
    entries
        .filter(|entry| entry.file_type().unwrap().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect()
}

/// The events of a type, of every function: function, event.
fn triggers<'a>(template: &'a Value, kind: &str) -> Vec<(String, &'a Value)> {
    functions(template)
        .into_iter()
        .flat_map(|(name, function)| {
            let events = function["Properties"]["Events"].as_object().into_iter().flatten();
            events.map(move |(_, event)| (name.clone(), event)).collect::<Vec<_>>()
        })
        .filter(|(_, event)| event["Type"] == kind)
        .map(|(name, event)| (name, &event["Properties"]))
        .collect()
}

/// Binaries of one function. All other functions are entries of `functions/steps`.
const ALONE: [&str; 2] = ["event-callback", "suite-callback"];

/// The names that the binaries of `functions/` know.
fn handlers() -> BTreeSet<String> {
    let mut binaries = directories("functions");
    assert!(binaries.remove("steps"));
    assert_eq!(binaries, ALONE.map(str::to_owned).into());
    let steps = read("functions/steps/src/main.rs");
    let entries = steps.lines().filter_map(|line| line.trim().split_once("\" => serve_"));
    let entries = entries.map(|(name, _)| name.trim_start_matches('"').to_owned());
    binaries.into_iter().chain(entries).collect()
}

#[test]
fn names_the_functions_that_there_are() {
    let template = template();
    let there = handlers();
    assert_eq!(functions(&template).into_keys().collect::<BTreeSet<_>>(), there);
    assert_eq!(directories("events"), there, "every function has sample events");
    let permitted: BTreeSet<_> = OPERATIONS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(permitted, there);
    for name in there {
        let samples = fs::read_dir(root().join("events").join(&name)).unwrap();
        assert!(samples.count() > 0, "{name} has a sample event");
    }
}

#[test]
fn builds_and_names_every_function_alike() {
    let template = template();
    assert_eq!(template["Globals"]["Function"]["CodeUri"], "functions/steps");
    for (name, function) in functions(&template) {
        let properties = &function["Properties"];
        let own = ALONE
            .contains(&name.as_str())
            .then(|| json!(format!("functions/{name}")));
        assert_eq!(properties.get("CodeUri"), own.as_ref());
        assert_eq!(properties["Handler"], name);
        assert_eq!(
            properties["FunctionName"],
            json!({"Fn::Sub": format!("${{AWS::StackName}}-{name}")})
        );
        assert_eq!(function["Metadata"]["BuildMethod"], "rust-cargolambda", "{name}");
        assert!(properties["MemorySize"].is_u64(), "{name}: memory");
        let timeout = properties["Timeout"]
            .as_u64()
            .unwrap_or_else(|| panic!("{name}: time-out"));
        let routed = properties["Events"]
            .as_object()
            .into_iter()
            .flatten()
            .any(|(_, event)| event["Type"] == "HttpApi");
        assert!(!routed || timeout < 30, "{name}: API Gateway waits for 30 seconds");
    }
}

#[test]
fn gives_every_function_a_log_that_ends() {
    let template = template();
    let groups = resources(&template, "AWS::Logs::LogGroup");
    assert_eq!(template["Globals"]["Function"]["LoggingConfig"]["LogFormat"], "JSON");
    for (name, function) in functions(&template) {
        let group = format!("{}LogGroup", pascal(&name));
        assert_eq!(
            function["Properties"]["LoggingConfig"],
            json!({"LogGroup": {"Ref": group}})
        );
        assert!(groups.contains_key(group.as_str()), "{group}");
    }
    for (id, group) in groups {
        assert_eq!(
            group["Properties"]["RetentionInDays"],
            json!({"Ref": "LogRetentionDays"}),
            "{id}"
        );
    }
}

#[test]
fn sets_the_variables_that_the_functions_read() {
    let template = template();
    let variables = &template["Globals"]["Function"]["Environment"]["Variables"];
    assert_eq!(names(variables), BTreeSet::from(VARIABLES));
    for local in ["AWS_ENDPOINT_URL", "LOCAL_TENANT_ID"] {
        assert_eq!(variables[local], "", "{local} is for sam local alone");
    }
    for (name, function) in functions(&template) {
        assert_eq!(function["Properties"]["Environment"], Value::Null, "{name}");
    }
}

#[test]
fn has_local_settings_for_variables_that_there_are() {
    for file in ["env.json", "env.samples.json"] {
        let env: Value = serde_json::from_str(&read(file)).unwrap();
        assert_eq!(names(&env), BTreeSet::from(["Parameters"]), "{file}");
        let unknown: Vec<_> = names(&env["Parameters"])
            .into_iter()
            .filter(|name| !VARIABLES.contains(name))
            .collect();
        assert!(unknown.is_empty(), "{file}: {unknown:?}");
    }
}

#[test]
fn lets_sam_take_what_sam_build_has_made() {
    let named: Vec<_> = read("samconfig.toml")
        .lines()
        .filter(|line| line.starts_with("template"))
        .map(str::to_owned)
        .collect();
    assert!(named.is_empty(), "{named:?}: `sam deploy` would upload the source");
}

#[test]
fn names_every_function_in_the_output() {
    let template = template();
    let named: BTreeSet<_> = template["Outputs"]["FunctionNames"]["Value"]["Fn::Join"][1]
        .as_array()
        .unwrap()
        .iter()
        .map(|reference| reference["Ref"].as_str().unwrap())
        .collect();
    let functions = resources(&template, "AWS::Serverless::Function");
    assert_eq!(named, functions.into_keys().collect());
}

#[test]
fn makes_the_tables_that_the_store_expects() {
    let template = template();
    let tables = resources(&template, "AWS::DynamoDB::Table");
    assert_eq!(
        tables.keys().copied().collect::<Vec<_>>(),
        ["AuthorizationTable", "EventTable"]
    );
    for (id, definition) in [("AuthorizationTable", AUTHORIZATION_TABLE), ("EventTable", EVENT_TABLE)] {
        let table = tables[id];
        assert_eq!(table["Properties"], expected_table(&definition), "{id}");
        assert_eq!(table["DeletionPolicy"], "Retain");
        assert_eq!(table["UpdateReplacePolicy"], "Retain");
    }
}

fn expected_table(definition: &TableDefinition) -> Value {
    let key_schema = |partition_key: &str, sort_key: Option<&str>| {
        let sort_key = sort_key.map(|name| json!({"AttributeName": name, "KeyType": "RANGE"}));
        let partition_key = json!({"AttributeName": partition_key, "KeyType": "HASH"});
        [partition_key].into_iter().chain(sort_key).collect::<Value>()
    };
    let mut attributes = vec![Some(definition.partition_key), definition.sort_key];
    let mut properties = json!({
        "BillingMode": "PAY_PER_REQUEST",
        "DeletionProtectionEnabled": true,
        "KeySchema": key_schema(definition.partition_key, definition.sort_key),
        "TimeToLiveSpecification": {"AttributeName": definition.time_to_live, "Enabled": true},
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": true},
        "SSESpecification": {
            "SSEEnabled": true, "SSEType": "KMS", "KMSMasterKeyId": {"Fn::GetAtt": ["TableKey", "Arn"]},
        },
    });
    let mut indexes = Vec::new();
    for index in definition.indexes {
        indexes.push(json!({
            "IndexName": index.name,
            "KeySchema": key_schema(index.partition_key, Some(index.sort_key)),
            "Projection": match index.attributes {
                None => json!({"ProjectionType": "ALL"}),
                Some(attributes) => json!({"ProjectionType": "INCLUDE", "NonKeyAttributes": attributes}),
            },
        }));
        attributes.push(Some(index.partition_key));
        if !attributes.contains(&Some(index.sort_key)) {
            attributes.push(Some(index.sort_key));
        }
    }
    properties["GlobalSecondaryIndexes"] = indexes.into();
    if definition.stream {
        properties["StreamSpecification"] = json!({"StreamViewType": "NEW_AND_OLD_IMAGES"});
    }
    properties["AttributeDefinitions"] = attributes
        .into_iter()
        .flatten()
        .map(|name| json!({"AttributeName": name, "AttributeType": "S"}))
        .collect();
    properties
}

/// `function method path`, and whether it takes a token.
type Routes = BTreeMap<String, bool>;

#[test]
fn has_the_routes_of_the_gateway() {
    let template = template();
    let mut routes = Routes::new();
    for (name, route) in triggers(&template, "HttpApi") {
        assert_eq!(route["ApiId"], json!({"Ref": "HttpApi"}));
        let text = |property: &str| route[property].as_str().unwrap();
        let open = match route["Auth"].as_object() {
            None => false,
            Some(auth) => {
                assert_eq!(route["Auth"], json!({"Authorizer": "NONE"}));
                auth.contains_key("Authorizer")
            }
        };
        routes.insert(format!("{name} {} {}", text("Method"), text("Path")), !open);
    }
    let expected: Routes = ROUTES
        .iter()
        .map(|route| {
            let function = kebab(&format!("{:?}", route.function));
            let line = format!("{function} {} {}", route.method, route.path);
            (line, route.access == Access::Token)
        })
        .collect();
    assert_eq!(routes, expected);
    assert_eq!(
        template["Resources"]["HttpApi"]["Properties"]["Auth"]["DefaultAuthorizer"],
        "AdminToken"
    );
}

/// API Gateway drops such a route from an imported definition without an error.
#[test]
fn ends_no_route_key_in_a_slash() {
    let template = template();
    let of_events = triggers(&template, "HttpApi")
        .into_iter()
        .map(|(_, route)| route["Path"].as_str().unwrap().to_owned());
    let of_settings = names(&template["Resources"]["HttpApi"]["Properties"]["RouteSettings"]);
    let keys = of_events.chain(of_settings.into_iter().map(ToOwned::to_owned));
    let ending: Vec<_> = keys.filter(|key| key.len() > 1 && key.ends_with('/')).collect();
    assert!(ending.is_empty(), "{ending:?}");
}

/// A named resource that a failed first deployment leaves behind blocks the next one.
#[test]
fn keeps_only_empty_tables_of_a_first_deployment_that_failed() {
    let template = template();
    let kept: BTreeSet<_> = template["Resources"]
        .as_object()
        .unwrap()
        .iter()
        .filter(|(_, resource)| resource["DeletionPolicy"] == "Retain")
        .map(|(id, _)| id.as_str())
        .collect();
    assert_eq!(kept, BTreeSet::from(["AuthorizationTable", "EventTable"]));
    for id in [
        "TableKey",
        "SecretKey",
        "SuiteSecret",
        "SealingKeySecret",
        "EgressAddress",
    ] {
        let resource = &template["Resources"][id];
        assert_eq!(resource["DeletionPolicy"], "RetainExceptOnCreate", "{id}");
        assert_eq!(resource["UpdateReplacePolicy"], "Retain", "{id}");
    }
}

#[test]
fn limits_every_route_that_wecom_calls() {
    let template = template();
    let api = &template["Resources"]["HttpApi"]["Properties"];
    let limited = names(&api["RouteSettings"]);
    let called: BTreeSet<String> = ROUTES
        .iter()
        .filter(|route| {
            ["/callback/", "/legacy/", "/suite/"]
                .iter()
                .any(|prefix| route.path.starts_with(prefix))
        })
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    assert_eq!(limited, called.iter().map(String::as_str).collect());
    let rest = api["RouteSettings"].as_object().unwrap().values();
    for settings in rest.chain([&api["DefaultRouteSettings"]]) {
        assert_eq!(
            names(settings),
            BTreeSet::from(["ThrottlingBurstLimit", "ThrottlingRateLimit"])
        );
    }
}

#[test]
fn logs_no_query_and_no_path() {
    let template = template();
    let format = template["Resources"]["HttpApi"]["Properties"]["AccessLogSettings"]["Format"]
        .as_str()
        .unwrap();
    for variable in [
        "$context.path",
        "querystring",
        "$context.domainName",
        "$context.authorizer.claims",
    ] {
        assert!(!format.contains(variable), "{variable}");
    }
}

#[test]
fn gives_up_a_change_of_a_table_only_into_a_queue() {
    let template = template();
    let mappings = triggers(&template, "DynamoDB");
    assert_eq!(mappings.len(), 3);
    for (name, mapping) in mappings {
        for property in ["MaximumRetryAttempts", "MaximumRecordAgeInSeconds"] {
            assert!(
                mapping[property].as_u64().is_some_and(|value| value > 0),
                "{name}: {property}"
            );
        }
        assert_eq!(mapping["FunctionResponseTypes"], json!(["ReportBatchItemFailures"]));
        let queue = &mapping["DestinationConfig"]["OnFailure"]["Destination"]["Fn::GetAtt"][0];
        let queues = resources(&template, "AWS::SQS::Queue");
        assert!(queues.contains_key(queue.as_str().unwrap()), "{name}");
        let patterns = mapping["FilterCriteria"]["Filters"].as_array().unwrap();
        for pattern in patterns {
            let pattern: Map<String, Value> = serde_json::from_str(pattern["Pattern"].as_str().unwrap()).unwrap();
            assert!(pattern.contains_key("eventName"), "{name}");
        }
    }
}

#[test]
fn sends_exactly_the_calls_to_wecom_through_the_fixed_address() {
    let template = template();
    let through: Vec<_> = functions(&template)
        .into_iter()
        .filter(|(_, function)| function["Properties"].get("VpcConfig").is_some())
        .map(|(name, _)| name)
        .collect();
    assert_eq!(through, CALL_WECOM);
}

#[test]
fn lets_secrets_manager_alone_rotate_the_sealing_key() {
    let template = template();
    let schedule = &template["Resources"]["SealingKeyRotation"];
    assert_eq!(schedule["DependsOn"], "RotateSealingKeyPermission");
    let function = json!({"Ref": "RotateSealingKeyFunction"});
    let properties = &schedule["Properties"];
    assert_eq!(properties["SecretId"], json!({"Ref": "SealingKeySecret"}));
    assert_eq!(
        properties["RotationLambdaARN"],
        json!({"Fn::GetAtt": ["RotateSealingKeyFunction", "Arn"]})
    );
    let permission = &template["Resources"]["RotateSealingKeyPermission"]["Properties"];
    let expected = json!({
        "FunctionName": function,
        "Action": "lambda:InvokeFunction",
        "Principal": "secretsmanager.amazonaws.com",
        "SourceAccount": {"Ref": "AWS::AccountId"},
    });
    assert_eq!(*permission, expected);
}

#[test]
fn explains_every_alarm_in_the_runbook() {
    let (template, edge) = (template(), yaml::parse(&read("edge.yaml")));
    let runbook = read("docs/runbook.md");
    let headings: BTreeSet<String> = runbook
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .map(|heading| heading.to_lowercase().replace(' ', "-"))
        .collect();
    let mut explained = BTreeSet::new();
    let alarms = resources(&template, "AWS::CloudWatch::Alarm").into_iter();
    for (id, alarm) in alarms.chain(resources(&edge, "AWS::CloudWatch::Alarm")) {
        let properties = &alarm["Properties"];
        let description = properties["AlarmDescription"].as_str().unwrap();
        let (_, heading) = description
            .rsplit_once("docs/runbook.md#")
            .unwrap_or_else(|| panic!("{id} names no heading"));
        explained.insert(heading.to_owned());
        for property in ["AlarmActions", "OKActions"] {
            assert_eq!(properties[property], json!([{"Ref": "AlarmTopic"}]), "{id}");
        }
        let missing = properties["TreatMissingData"].as_str().unwrap();
        let counts_what_must_come = id.starts_with("SuiteTicket");
        assert_eq!(missing == "breaching", counts_what_must_come, "{id}");
    }
    assert_eq!(explained, headings);
}

/// CloudWatch refuses an alarm whose expression names a metric that it does not have.
#[test]
fn expressions_of_alarms_name_the_metrics_that_they_have() {
    let template = template();
    for (id, alarm) in resources(&template, "AWS::CloudWatch::Alarm") {
        let Some(queries) = alarm["Properties"]["Metrics"].as_array() else {
            continue;
        };
        let given: BTreeSet<_> = queries
            .iter()
            .filter(|query| query.get("MetricStat").is_some())
            .map(|query| query["Id"].as_str().unwrap())
            .collect();
        let expressions = queries.iter().filter_map(|query| query["Expression"].as_str());
        let words = expressions.flat_map(|text| text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_'));
        // Functions are in capitals.
        let named: BTreeSet<_> = words
            .filter(|word| word.starts_with(|c: char| c.is_ascii_lowercase()))
            .collect();
        assert_eq!(named, given, "{id}");
    }
}

/// Both callbacks read events.
#[test]
fn counts_damaged_events_by_the_line_that_both_callbacks_write() {
    let line = "an event is not well-formed";
    assert!(read("shared/src/callbacks/message.rs").contains(&format!("\"{line}\"")));
    let template = template();
    let filters = resources(&template, "AWS::Logs::MetricFilter");
    let logs: BTreeSet<_> = filters
        .values()
        .map(|filter| &filter["Properties"])
        .filter(|filter| filter["MetricTransformations"][0]["MetricName"] == "DamagedEvents")
        .map(|filter| {
            assert_eq!(filter["FilterPattern"], format!("{{ $.fields.message = \"{line}\" }}"));
            filter["LogGroupName"]["Ref"].as_str().unwrap()
        })
        .collect();
    assert_eq!(logs, BTreeSet::from(["EventCallbackLogGroup", "SuiteCallbackLogGroup"]));
    let alarm = &template["Resources"]["DamagedEventsAlarm"]["Properties"];
    assert_eq!(
        (&alarm["MetricName"], &alarm["Threshold"]),
        (&json!("DamagedEvents"), &json!(1))
    );
}

/// `docs/cost.md` counts what is charged per piece.
#[test]
fn costs_count_the_alarms_metrics_keys_and_secrets_of_the_template() {
    let template = template();
    let alarms = resources(&template, "AWS::CloudWatch::Alarm");
    let metrics = |alarm: &Value| match alarm["Properties"]["Metrics"].as_array() {
        Some(queries) => queries.iter().filter(|query| query.get("MetricStat").is_some()).count(),
        None => 1,
    };
    let all = alarms.len();
    let all_metrics: usize = alarms.values().map(|alarm| metrics(alarm)).sum();
    let filters = resources(&template, "AWS::Logs::MetricFilter");
    let from_logs: BTreeSet<_> = filters
        .values()
        .map(|filter| filter["Properties"]["MetricTransformations"][0]["MetricName"].as_str())
        .collect();
    let keys = resources(&template, "AWS::KMS::Key").len();
    let secrets = resources(&template, "AWS::SecretsManager::Secret").len();
    let cost = read("docs/cost.md");
    for said in [
        format!("| {keys} keys at 1.00"),
        format!("| {secrets}, the suite's"),
        format!("{all} alarms on {all_metrics} metrics"),
        format!("| metrics from logs | {} at 0.30", from_logs.len()),
    ] {
        assert!(cost.contains(&said), "docs/cost.md does not say: {said}");
    }
}

/// An event that the edge answers itself, changes or delays is lost.
#[test]
fn the_edge_passes_everything_on_unchanged_and_limits_wecom_last() {
    let edge = yaml::parse(&read("edge.yaml"));
    let distribution = &edge["Resources"]["Distribution"]["Properties"]["DistributionConfig"];
    let behavior = &distribution["DefaultCacheBehavior"];
    assert_eq!(distribution.get("CacheBehaviors"), None);
    assert_eq!(behavior["AllowedMethods"].as_array().unwrap().len(), 7);
    // AWS's managed policies CachingDisabled and AllViewerExceptHostHeader.
    assert_eq!(behavior["CachePolicyId"], "4135ea2d-6df8-44a3-9df3-4b5a84be39ad");
    assert_eq!(
        behavior["OriginRequestPolicyId"],
        "b689b0a8-53d0-40ab-baf2-68738e2966ac"
    );
    assert_eq!(distribution.get("Logging"), None, "it would log query strings");
    let origin = &distribution["Origins"][0]["CustomOriginConfig"];
    assert_eq!(origin["OriginProtocolPolicy"], "https-only");
    assert!(origin["OriginMtlsConfig"].get("ClientCertificateArn").is_some());

    let rules = edge["Resources"]["WebAcl"]["Properties"]["Rules"].as_array().unwrap();
    let first = rules.iter().min_by_key(|rule| rule["Priority"].as_u64()).unwrap();
    assert_eq!(first["Action"], json!({"Allow": {}}));
    for rule in rules {
        assert_eq!(
            rule["VisibilityConfig"]["SampledRequestsEnabled"], false,
            "a sample has a query string"
        );
        assert_eq!(rule["VisibilityConfig"]["MetricName"], rule["Name"]);
        if rule["Name"] != first["Name"] {
            assert_eq!(rule["Statement"]["RateBasedStatement"]["AggregateKeyType"], "IP");
        }
    }
}

/// Route limits do not tell WeCom from a flood, so they are no protection against one, and must not reject a bulk import.
#[test]
fn limits_events_far_above_the_load() {
    let template = template();
    let parameters = &template["Parameters"];
    for name in ["EventRateLimit", "EventBurstLimit"] {
        assert!(parameters[name]["Default"].as_u64() >= Some(5000), "{name}");
    }
}

#[test]
fn keeps_secrets_out_of_parameters() {
    let template = template();
    for (name, parameter) in template["Parameters"].as_object().unwrap() {
        assert_eq!(parameter.get("NoEcho"), None, "{name} looks like a secret");
    }
    let samconfig = read("samconfig.toml");
    for word in ["secret", "password", "token"] {
        assert!(
            !samconfig.to_lowercase().contains(word),
            "samconfig.toml speaks of a {word}"
        );
    }
}
