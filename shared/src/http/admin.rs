//! What the admin's browser calls, with a token.

use lambda_http::{
    Body, Request, RequestExt as _, Response,
    http::{
        HeaderValue, Method, StatusCode,
        header::{ACCEPT, LINK},
    },
};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{Answer, Problem, conclude, read};
use crate::{
    audit::Action,
    authorization::{Authorization, Callback, ScopeView, StateView},
    callbacks::GeneratedCredentials,
    error::StepError,
    ids::Scope,
    platform::Platform,
    probe::Probe,
    steps::{
        CompleteAuthorization, Disconnect, GenerateCredentials, ReadAuthorization, ReadEvents, RegisterSecret,
        ReplayEvent, SecretInput, ShowCredentials, TestCallback, UpdateSettings,
    },
    store::EventFilter,
};

/// `GET /authorization`, `GET /authorization/events` and `GET /authorization/audit`.
pub async fn read_authorization(platform: &Platform, request: Request) -> Response<Body> {
    let answer = match read::segments(&request).as_slice() {
        [_, "events"] => events(platform, &request).await,
        [_, "audit"] => audit(platform, &request).await,
        _ => state(platform, &request).await,
    };
    conclude(answer, &read::request_id(&request))
}

async fn state(platform: &Platform, request: &Request) -> Result<Answer, Problem> {
    let tenant_id = read::tenant(request, &platform.config)?;
    let (authorization, callbacks) = ReadAuthorization { store: &platform.store }
        .run(&tenant_id)
        .await
        .map_err(problem(platform))?;
    Ok(Answer::json(
        StatusCode::OK,
        &view(platform, request, &authorization, &callbacks),
    ))
}

async fn events(platform: &Platform, request: &Request) -> Result<Answer, Problem> {
    let tenant_id = read::tenant(request, &platform.config)?;
    let parameters = request.query_string_parameters();
    let text = |name| {
        parameters
            .first(name)
            .filter(|value| !value.is_empty())
            .map(ToOwned::to_owned)
    };
    let time = |name: &'static str| {
        text(name)
            .map(|value| value.parse())
            .transpose()
            .map_err(|_| Problem::wrong_type(name))
    };
    let known = ["scope", "event", "change_type", "since", "until", "limit", "cursor"];
    if let Some((name, _)) = parameters.iter().find(|(name, _)| !known.contains(name)) {
        return Err(Problem::unknown_field(name));
    }
    let filter = EventFilter {
        scope: match text("scope") {
            None => None,
            Some(scope) => Some(
                Scope::ALL
                    .into_iter()
                    .find(|known| [known.as_path(), known.as_str()].contains(&scope.as_str()))
                    .ok_or_else(|| Problem::wrong_type("scope"))?,
            ),
        },
        event: text("event"),
        change_type: text("change_type"),
        since: time("since")?,
        until: time("until")?,
    };
    let limit = limit(parameters.first("limit"))?;
    let step = ReadEvents { store: &platform.store };
    let page = step
        .run(&tenant_id, &filter, limit, text("cursor").as_deref())
        .await
        .map_err(problem(platform))?;
    Ok(Answer::json(
        StatusCode::OK,
        &json!({"events": page.events, "next_cursor": page.next_cursor}),
    ))
}

/// The trail as JSON, or one line each for a program that asks for `application/x-ndjson`.
async fn audit(platform: &Platform, request: &Request) -> Result<Answer, Problem> {
    let tenant_id = read::tenant(request, &platform.config)?;
    let parameters = request.query_string_parameters();
    if let Some((name, _)) = parameters.iter().find(|(name, _)| !["limit", "cursor"].contains(name)) {
        return Err(Problem::unknown_field(name));
    }
    let cursor = parameters.first("cursor").filter(|cursor| !cursor.is_empty());
    let limit = limit(parameters.first("limit"))?;
    let page = platform
        .store
        .audit(&tenant_id, limit, cursor)
        .await
        .map_err(|error| problem(platform)(error.into()))?;
    let accept = request
        .headers()
        .get(ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .unwrap_or_default();
    if accept.contains("application/x-ndjson") {
        let lines: String = page
            .entries
            .iter()
            .map(|entry| json!(entry).to_string() + "\n")
            .collect();
        let answer = Answer::new(StatusCode::OK, "application/x-ndjson", lines);
        // Lines have no room for a cursor: the next page stands where RFC 8288 has it.
        return match page.next_cursor {
            None => Ok(answer),
            Some(next) => {
                let link = format!("</authorization/audit?limit={limit}&cursor={next}>; rel=\"next\"");
                let link = HeaderValue::from_str(&link).map_err(|_| Problem::internal())?;
                Ok(answer.with(LINK, link))
            }
        };
    }
    Ok(Answer::json(
        StatusCode::OK,
        &json!({"entries": page.entries, "next_cursor": page.next_cursor}),
    ))
}

/// How many rows a page has.
fn limit(text: Option<&str>) -> Result<usize, Problem> {
    match text.filter(|text| !text.is_empty()).map(str::parse) {
        None => Ok(50),
        Some(Ok(limit @ 1..=100)) => Ok(limit),
        Some(_) => Err(Problem::wrong_type("limit")),
    }
}

/// `DELETE /authorization`.
pub async fn disconnect(platform: &Platform, request: Request) -> Response<Body> {
    conclude(delete(platform, &request).await, &read::request_id(&request))
}

async fn delete(platform: &Platform, request: &Request) -> Result<Answer, Problem> {
    let tenant_id = read::tenant(request, &platform.config)?;
    let step = Disconnect {
        termination: platform.termination(),
    };
    let actor = read::actor(request);
    step.run(&tenant_id, platform.context(&actor))
        .await
        .map_err(problem(platform))?;
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

/// `POST /authorization/events/{event_id}/replay`.
pub async fn replay_event(platform: &Platform, request: Request) -> Response<Body> {
    conclude(replay(platform, &request).await, &read::request_id(&request))
}

async fn replay(platform: &Platform, request: &Request) -> Result<Answer, Problem> {
    let tenant_id = read::tenant(request, &platform.config)?;
    read::json_fields(request, &[], true)?;
    let segments = read::segments(request);
    let event_id = segments.get(2).copied().unwrap_or_default();
    let actor = read::actor(request);
    let step = ReplayEvent { store: &platform.store };
    let event_id = step
        .run(&tenant_id, event_id, platform.context(&actor))
        .await
        .map_err(problem(platform))?;
    Ok(Answer::json(StatusCode::ACCEPTED, &json!({"event_id": event_id})))
}

/// `POST /authorization/{scope}/test`.
pub async fn test_callback(platform: &Platform, request: Request) -> Response<Body> {
    conclude(test(platform, &request).await, &read::request_id(&request))
}

async fn test(platform: &Platform, request: &Request) -> Result<Answer, Problem> {
    let tenant_id = read::tenant(request, &platform.config)?;
    let scope = read::scope(request)?;
    let send_event = match read::json_fields(request, &["send_event"], true)?.get("send_event") {
        None => false,
        Some(send_event) => send_event.as_bool().ok_or_else(|| Problem::wrong_type("send_event"))?,
    };
    let base_url = read::base_url(request, &platform.config);
    // A deployment whose own links are plain http is one on this machine.
    let probe = Probe {
        local: base_url.starts_with("http:"),
    };
    let step = TestCallback {
        store: &platform.store,
        keys: &platform.keys,
        probe,
        base_url: &base_url,
    };
    let actor = read::actor(request);
    let report = step
        .run(&tenant_id, scope, send_event, platform.context(&actor))
        .await
        .map_err(problem(platform))?;
    Ok(Answer::json(StatusCode::OK, &report))
}

/// `PUT /authorization/{scope}/secret`.
pub async fn register_secret(platform: &Platform, request: Request) -> Response<Body> {
    conclude(put_secret(platform, &request).await, &read::request_id(&request))
}

async fn put_secret(platform: &Platform, request: &Request) -> Result<Answer, Problem> {
    let tenant_id = read::tenant(request, &platform.config)?;
    let scope = read::scope(request)?;
    let mut fields = read::json_fields(request, &["secret", "corp_id", "agent_id"], false)?;
    let input = SecretInput {
        secret: match fields.remove("secret") {
            Some(Value::String(secret)) => SecretString::from(secret),
            Some(_) => return Err(Problem::wrong_type("secret")),
            None => return Err(Problem::missing_field("secret")),
        },
        corp_id: match fields.remove("corp_id") {
            Some(Value::String(corp_id)) => Some(corp_id),
            None | Some(Value::Null) => None,
            Some(_) => return Err(Problem::wrong_type("corp_id")),
        },
        agent_id: match fields.remove("agent_id") {
            None | Some(Value::Null) => None,
            Some(agent_id) => Some(agent_id.as_u64().ok_or_else(|| Problem::wrong_type("agent_id"))?),
        },
    };
    let step = RegisterSecret {
        suite: platform.suite(),
        vault: &platform.vault,
        keys: &platform.keys,
    };
    let actor = read::actor(request);
    let context = platform.context(&actor);
    let registered = match step.run(&tenant_id, scope, input, context).await {
        Ok(registered) => registered,
        // A store that is out of reach takes no line either; to try would only make the admin wait twice as long.
        Err(error @ StepError::Unavailable(_)) => return Err(problem(platform)(error)),
        Err(error) => {
            let refused = problem(platform)(error);
            let entry = context
                .entry(Action::SecretRegistered)
                .of(scope)
                .refused(refused.code());
            // Nothing was changed, so there was no commit to put this line into.
            platform
                .store
                .record(&tenant_id, entry)
                .await
                .map_err(|error| problem(platform)(error.into()))?;
            return Err(refused);
        }
    };
    let base_url = read::base_url(request, &platform.config);
    let view = ScopeView::new(&registered.authorization, scope, Some(&registered.callback), &base_url);
    let body = json!({"scope": view, "credentials": credentials(&registered.credentials, &base_url)});
    Ok(Answer::json(StatusCode::OK, &body))
}

/// `POST` and `GET /authorization/{scope}/credentials`.
pub async fn generate_credentials(platform: &Platform, request: Request) -> Response<Body> {
    conclude(
        post_or_get_credentials(platform, &request).await,
        &read::request_id(&request),
    )
}

async fn post_or_get_credentials(platform: &Platform, request: &Request) -> Result<Answer, Problem> {
    let tenant_id = read::tenant(request, &platform.config)?;
    let scope = read::scope(request)?;
    let (store, keys) = (&platform.store, &platform.keys);
    let actor = read::actor(request);
    let context = platform.context(&actor);
    let generated = if request.method() == Method::POST {
        let rotate = match read::json_fields(request, &["rotate"], true)?.get("rotate") {
            None => false,
            Some(rotate) => rotate.as_bool().ok_or_else(|| Problem::wrong_type("rotate"))?,
        };
        let step = GenerateCredentials { store, keys };
        step.run(&tenant_id, scope, rotate, context).await
    } else {
        ShowCredentials { store, keys }.run(&tenant_id, scope, context).await
    };
    let generated = generated.map_err(problem(platform))?;
    let status = if generated.new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok(Answer::json(
        status,
        &credentials(&generated, &read::base_url(request, &platform.config)),
    ))
}

/// The one answer that holds what was generated.
fn credentials(generated: &GeneratedCredentials, default_base_url: &str) -> Value {
    let base_url = generated.callback_base_url.as_deref().unwrap_or(default_base_url);
    json!({
        "url": format!("{base_url}/callback/{}", generated.callback_id),
        "token": generated.credentials.token.expose(),
        "encoding_aes_key": generated.credentials.encoding_aes_key.expose(),
        "status": if generated.verified { "verified" } else { "awaiting_verification" },
        "generation": generated.generation,
    })
}

/// `POST /authorization/completion`.
pub async fn complete_authorization(platform: &Platform, request: Request) -> Response<Body> {
    conclude(complete(platform, &request).await, &read::request_id(&request))
}

async fn complete(platform: &Platform, request: &Request) -> Result<Answer, Problem> {
    let tenant_id = read::tenant(request, &platform.config)?;
    read::json_fields(request, &[], true)?;
    let step = CompleteAuthorization { store: &platform.store };
    let (authorization, callbacks) = step
        .run(&tenant_id, platform.context(&read::actor(request)))
        .await
        .map_err(problem(platform))?;
    Ok(Answer::json(
        StatusCode::OK,
        &view(platform, request, &authorization, &callbacks),
    ))
}

/// `PUT /authorization/settings`.
pub async fn update_settings(platform: &Platform, request: Request) -> Response<Body> {
    conclude(put_settings(platform, &request).await, &read::request_id(&request))
}

async fn put_settings(platform: &Platform, request: &Request) -> Result<Answer, Problem> {
    let tenant_id = read::tenant(request, &platform.config)?;
    let fields = read::json_fields(request, &["callback_base_url"], false)?;
    let callback_base_url = match fields.get("callback_base_url") {
        Some(Value::String(url)) => Some(url.as_str()),
        Some(Value::Null) => None,
        Some(_) => return Err(Problem::wrong_type("callback_base_url")),
        None => return Err(Problem::missing_field("callback_base_url")),
    };
    let step = UpdateSettings { store: &platform.store };
    let settings = step
        .run(&tenant_id, callback_base_url, platform.context(&read::actor(request)))
        .await
        .map_err(problem(platform))?;
    Ok(Answer::json(StatusCode::OK, &settings))
}

fn view(
    platform: &Platform,
    request: &Request,
    authorization: &Authorization,
    callbacks: &[Option<Callback>; 2],
) -> StateView {
    let [contacts, external_contacts] = callbacks;
    let base_url = read::base_url(request, &platform.config);
    StateView::new(
        authorization,
        contacts.as_ref(),
        external_contacts.as_ref(),
        &base_url,
        platform.clock.now(),
    )
}

fn problem(platform: &Platform) -> impl Fn(StepError) -> Problem + '_ {
    |error| Problem::from_step(&error, platform.clock.now())
}
