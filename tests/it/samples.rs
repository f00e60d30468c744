//! Every sample invocation in `events/` through its function, on the harness of `tests::seed`, with the answer that is recorded
//! beside it (`tests::expectation`). If `TEST_ENDPOINT_URL` is set, the stores are there, and each function signs its requests with its
//! name as access key, so that `scripts/second-aws` can enforce the function's role.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use serde_json::{Value, json};
use tests::{
    Names,
    expectation::{self, EXPECTED, difference},
    people, seed, wecom,
};
use wecom_authorization::{
    config::Config,
    entry::{invoked, queues, streams},
    http,
    platform::Platform,
};

#[tokio::test]
async fn every_sample_is_answered_as_is_recorded_beside_it() {
    let harness = Harness::start().await;
    let mut wrong = Vec::new();
    let mut played = 0;
    for sample in samples() {
        let answer = harness.play(&sample).await;
        if let Some(difference) = difference(&sample.expected, &answer) {
            wrong.push(format!("{}/{}: {difference}\n{answer:#}", sample.function, sample.case));
        }
        played += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(played >= 2 * functions().len(), "{played} samples are few");
}

#[test]
fn every_function_has_samples_and_every_sample_its_expectation() {
    for function in functions() {
        let files = names(&root().join("events").join(&function));
        let (expectations, samples): (BTreeSet<_>, BTreeSet<_>) =
            files.into_iter().partition(|file| file.ends_with(EXPECTED));
        assert!(!samples.is_empty(), "{function} has no sample");
        let stems: BTreeSet<_> = samples
            .iter()
            .map(|file| {
                file.strip_suffix(".json")
                    .unwrap_or_else(|| panic!("{function}/{file} is not JSON"))
            })
            .collect();
        let expected: BTreeSet<_> = expectations
            .iter()
            .filter_map(|file| file.strip_suffix(EXPECTED))
            .collect();
        assert_eq!(stems, expected, "{function}");
    }
}

/// A sample invocation and what is recorded beside it.
struct Sample {
    function: String,
    case: String,
    event: String,
    expected: Value,
}

fn samples() -> Vec<Sample> {
    let mut samples = Vec::new();
    for function in functions() {
        let folder = root().join("events").join(&function);
        for file in names(&folder) {
            if file.ends_with(EXPECTED) {
                continue;
            }
            let case = file.trim_end_matches(".json").to_owned();
            let read = |name: String| {
                let path = folder.join(name);
                fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
            };
            let expected = read(format!("{case}{EXPECTED}"));
            let expected = serde_json::from_str(&expected).unwrap_or_else(|error| panic!("{function}/{case}: {error}"));
            let event = read(file);
            samples.push(Sample {
                function: function.clone(),
                case,
                event,
                expected,
            });
        }
    }
    samples
}

/// The functions that have samples, which is all of them (`template::names_the_functions_that_there_are`).
fn functions() -> BTreeSet<String> {
    names(&root().join("events"))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

/// The stores, and the samples' WeCom.
struct Harness {
    _devstack: Option<devstack::Devstack>,
    endpoint_url: String,
    wecom_url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Harness {
    async fn start() -> Self {
        let (devstack, endpoint_url) = stores().await;
        let asked = Arc::new(Mutex::new(Vec::new()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let wecom_url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(wecom::serve(listener, Arc::clone(&asked)));
        Self {
            _devstack: devstack,
            endpoint_url,
            wecom_url,
            asked,
        }
    }

    /// Plays a sample on tables and secrets of its own.
    async fn play(&self, sample: &Sample) -> Value {
        let own = format!("{}-{}", sample.function, sample.case);
        let names = Names {
            authorization_table: format!("{own}-state"),
            event_table: format!("{own}-events"),
            secret_prefix: own,
        };
        seed(&local::aws(&self.endpoint_url), &names).await.unwrap();
        let config = Config::from_lookup(|name| match name {
            "AUTHORIZATION_TABLE" => Some(names.authorization_table.clone()),
            "EVENT_TABLE" => Some(names.event_table.clone()),
            "EVENT_BUS" => Some("bus".to_owned()),
            "MORE_SUITE_IDS" => Some(people::TEMPLATE_ID.to_owned()),
            "OPERATOR_CLAIM" => Some("operator".to_owned()),
            "SECRET_PREFIX" => Some(names.secret_prefix.clone()),
            "WECOM_API_URL" => Some(self.wecom_url.clone()),
            _ => None,
        });
        let credentials = Credentials::new(&sample.function, "samples", None, None, "samples");
        let aws = local::aws(&self.endpoint_url)
            .to_builder()
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build();
        // As in a function's process, which has one for ever.
        let platform: &Platform = Box::leak(Box::new(Platform::new(config.unwrap(), &aws)));
        self.asked.lock().unwrap().clear();
        let mut answer = Box::pin(invoke(&sample.function, platform, &sample.event)).await;
        let asked = self.asked.lock().unwrap().clone();
        if !asked.is_empty() {
            answer["asks"] = json!(asked);
        }
        answer
    }
}

/// The endpoint of `TEST_ENDPOINT_URL`, or one in memory.
#[expect(
    clippy::disallowed_methods,
    reason = "a test's own switch, not a function's configuration"
)]
async fn stores() -> (Option<devstack::Devstack>, String) {
    if let Ok(url) = std::env::var("TEST_ENDPOINT_URL") {
        return (None, url);
    }
    let devstack = devstack::Devstack::start(devstack::Options::default()).await.unwrap();
    let url = devstack.endpoint_url().to_owned();
    (Some(devstack), url)
}

/// A function's answer to an event, in the recorded form.
async fn invoke(function: &str, platform: &'static Platform, event: &str) -> Value {
    let read = || serde_json::from_str(event).unwrap_or_else(|error| panic!("{function}: {error}"));
    let invoked = |result: Result<Value, invoked::InvocationError>| match result {
        Ok(answer) => json!({"answer": answer}),
        Err(error) => json!({"error": lambda_http::lambda_runtime::Diagnostic::from(error).error_type}),
    };
    match function {
        "process-suite-event" => json!({"answer": Box::pin(streams::process_suite_event(platform, from(event))).await}),
        "publish-events" => json!({"answer": Box::pin(streams::publish_events(platform, from(event))).await}),
        "issue-access-token" => invoked(Box::pin(invoked::issue_access_token(platform, read())).await),
        "deliver-webhooks" => invoked(Box::pin(queues::deliver_webhooks(platform, read())).await),
        "export-bindings" => invoked(Box::pin(invoked::export_bindings(platform, read())).await),
        "import-bindings" => invoked(Box::pin(invoked::import_bindings(platform, read())).await),
        "check-health" => invoked(Box::pin(invoked::check_health(platform, read())).await),
        "reconcile-secrets" => invoked(Box::pin(invoked::reconcile_secrets(platform, read())).await),
        "run-replays" => invoked(Box::pin(invoked::run_replays(platform, read())).await),
        "rotate-sealing-key" => invoked(Box::pin(invoked::rotate_sealing_key(platform, read())).await),
        routed => Box::pin(through_api_gateway(routed, platform, event)).await,
    }
}

fn from(event: &str) -> streams::Changes {
    serde_json::from_str(event).unwrap()
}

/// An API Gateway event, as JSON in and out.
async fn through_api_gateway(function: &str, platform: &'static Platform, event: &str) -> Value {
    let request: http::Request = serde_json::from_str(event).unwrap_or_else(|error| panic!("{function}: {error}"));
    let request = request.with_id("request-of-a-sample".to_owned());
    let response = match function {
        "complete-authorization" => http::complete_authorization(platform, request).await,
        "console" => http::console(platform, request).await,
        "disconnect" => http::disconnect(platform, request).await,
        "event-callback" => http::event_callback(platform, request).await,
        "find-person" => http::find_person(platform, request).await,
        "generate-credentials" => http::generate_credentials(platform, request).await,
        "installation-callback" => http::installation_callback(platform, request).await,
        "read-authorization" => http::read_authorization(platform, request).await,
        "register-secret" => http::register_secret(platform, request).await,
        "check-authorization" => http::check_authorization(platform, request).await,
        "replay-event" => http::replay_event(platform, request).await,
        "act-on-tenant" => http::act_on_tenant(platform, request).await,
        "read-tenants" => http::read_tenants(platform, request).await,
        "share-credentials" => http::share_credentials(platform, request).await,
        "start-installation" => http::start_installation(platform, request).await,
        "suite-callback" => http::suite_callback(platform, request).await,
        "test-callback" => http::test_callback(platform, request).await,
        "update-settings" => http::update_settings(platform, request).await,
        new => panic!("{new} has no place here yet"),
    };
    expectation::routed(serde_json::to_value(http::gateway_response(response)).unwrap())
}
