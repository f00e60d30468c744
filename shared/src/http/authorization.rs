//! The state that the wizard shows, and its end: `/authorization`, `/authorization/completion`.

use lambda_http::{Body, Response, http::StatusCode};

use super::{Answer, Problem, Request, audit, binding, bindings, conclude, events, problem, request::Nothing};
use crate::{
    audit::Actor,
    authorization::{Authorization, Callback, PlatformView, StateView},
    ids::TenantId,
    lifecycle::{Lifecycle, Termination},
    platform::Platform,
    steps::{CheckAuthorization, CompleteAuthorization, Disconnect, ReadAuthorization},
};

/// `GET /authorizations`, `GET /authorization`, `GET /authorization/events`, `GET /authorization/events/{event_id}` and `GET
/// /authorization/audit`.
pub async fn read_authorization(platform: &Platform, request: Request) -> Response<Body> {
    let answer = match request.segments().as_slice() {
        [_, "events"] => events::list(platform, &request).await,
        [_, "events", event_id] => events::read(platform, &request, event_id).await,
        [_, "audit"] => audit::list(platform, &request).await,
        ["authorizations"] => bindings::list(platform, &request).await,
        _ => read(platform, &request).await,
    };
    conclude(answer, &request)
}

async fn read(platform: &Platform, request: &Request) -> Result<Answer, Problem> {
    let tenant_id = binding(platform, request).await?;
    let (authorization, callbacks) = ReadAuthorization { store: &platform.store }
        .run(&tenant_id)
        .await
        .map_err(problem(platform))?;
    let state = view(platform, request, &authorization, &callbacks);
    Ok(Answer::json(StatusCode::OK, &state))
}

/// `POST /authorization/check`.
pub async fn check_authorization(platform: &Platform, request: Request) -> Response<Body> {
    // Boxed, so that what awaits it is not as large as everything that is asked of WeCom.
    conclude(Box::pin(check(platform, &request)).await, &request)
}

async fn check(platform: &Platform, request: &Request) -> Result<Answer, Problem> {
    let tenant_id = binding(platform, request).await?;
    request.json_if_any::<Nothing>()?;
    check_of(platform, request, &tenant_id, &request.actor()).await
}

/// Asks WeCom about a tenant's authorization.
pub(super) async fn check_of(
    platform: &Platform,
    request: &Request,
    tenant_id: &TenantId,
    actor: &Actor,
) -> Result<Answer, Problem> {
    let lifecycle = Lifecycle {
        suite: platform.suite(),
        termination: Termination {
            cleans_up: false,
            ..platform.termination()
        },
    };
    let (authorization, callbacks) = CheckAuthorization { lifecycle }
        .run(tenant_id, platform.context(actor))
        .await
        .map_err(problem(platform))?;
    let state = view(platform, request, &authorization, &callbacks);
    Ok(Answer::json(StatusCode::OK, &state))
}

/// `POST /authorization/completion`.
pub async fn complete_authorization(platform: &Platform, request: Request) -> Response<Body> {
    conclude(complete(platform, &request).await, &request)
}

async fn complete(platform: &Platform, request: &Request) -> Result<Answer, Problem> {
    let tenant_id = binding(platform, request).await?;
    request.json_if_any::<Nothing>()?;
    let (authorization, callbacks) = CompleteAuthorization { store: &platform.store }
        .run(&tenant_id, platform.context(&request.actor()))
        .await
        .map_err(problem(platform))?;
    let state = view(platform, request, &authorization, &callbacks);
    Ok(Answer::json(StatusCode::OK, &state))
}

/// `DELETE /authorization`.
pub async fn disconnect(platform: &Platform, request: Request) -> Response<Body> {
    conclude(delete(platform, &request).await, &request)
}

async fn delete(platform: &Platform, request: &Request) -> Result<Answer, Problem> {
    let tenant_id = binding(platform, request).await?;
    end_of(platform, &tenant_id, &request.actor()).await
}

/// Ends a tenant's authorization.
pub(super) async fn end_of(platform: &Platform, tenant_id: &TenantId, actor: &Actor) -> Result<Answer, Problem> {
    let step = Disconnect {
        termination: platform.termination(),
    };
    step.run(tenant_id, platform.context(actor))
        .await
        .map_err(problem(platform))?;
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

pub(super) fn view(
    platform: &Platform,
    request: &Request,
    authorization: &Authorization,
    callbacks: &[Option<Callback>; 2],
) -> StateView {
    let [contacts, external_contacts] = callbacks;
    let base_url = request.base_url(&platform.config);
    let addresses = PlatformView {
        cname_target: platform.config.callback_cname_target.clone(),
        egress_addresses: platform.config.egress_addresses.clone(),
        event_retention_days: platform.config.event_retention_days(),
        app_callback_url: format!("{base_url}/suite/callback"),
        template_ids: {
            let more = platform.config.more_suite_ids.iter();
            more.filter(|suite_id| suite_id.is_template()).cloned().collect()
        },
    };
    StateView::new(
        authorization,
        contacts.as_ref(),
        external_contacts.as_ref(),
        &base_url,
        addresses,
        platform.clock.now(),
    )
}

#[cfg(feature = "contract")]
pub(super) fn operations() -> Vec<super::contract::Operation> {
    use super::{contract::Operation, problem::kinds};
    vec![
        Operation::admin(
            ["GET", "/authorization"],
            ["readAuthorization", "read-authorization"],
            ["State", "The whole state"],
        )
        .answers::<StateView>(200, "The state. A tenant that has done nothing yet has one as well."),
        Operation::admin(
            ["DELETE", "/authorization"],
            ["disconnect", "disconnect"],
            ["State", "Disconnect"],
        )
        .says(
            "Afterwards the callbacks answer 404, another tenant may bind the corporation, and the state is that of a tenant \
             that has done nothing yet, except for the settings. Tokens are dropped, Secrets are scheduled for deletion, and \
             events are kept or deleted as the deployment is configured. A further binding is removed: its paths answer 404 \
             from then on. Repeating the request finishes what an interrupted \
             attempt left undone.",
        )
        .answers_nothing(204, "Disconnected, now or before.", &[])
        .refuses(&[kinds::STATE_CHANGED]),
        Operation::admin(
            ["POST", "/authorization/check"],
            ["checkAuthorization", "check-authorization"],
            ["State", "Ask WeCom now"],
        )
        .says(
            "Asks WeCom about the authorization and each Secret, and answers with the state as `GET` does, which is otherwise up to \
             13 hours old. A request during a check waits for its result instead of asking WeCom again. A Secret that WeCom has \
             refused is not asked about again: register the new one. Ten checks in ten minutes for each tenant. If WeCom does \
             not answer, what is stored stays as it was.",
        )
        .takes_if_any::<Nothing>()
        .answers_like::<StateView>(200, "The whole state, as WeCom sees it now.", &["done"])
        .refuses(&[
            kinds::NOT_INSTALLED,
            kinds::STATE_CHANGED,
            kinds::TOO_MANY_ATTEMPTS,
            kinds::WECOM_ERROR,
            kinds::WECOM_BAN,
            kinds::SUITE_TICKET_MISSING,
            kinds::WECOM_TIMEOUT,
        ]),
        Operation::admin(
            ["POST", "/authorization/completion"],
            ["completeAuthorization", "complete-authorization"],
            ["State", "Complete the wizard"],
        )
        .takes_if_any::<Nothing>()
        .answers_like::<StateView>(200, "The whole state, completed now or before.", &["done"])
        .refuses(&[kinds::STEPS_MISSING, kinds::STATE_CHANGED]),
    ]
}
