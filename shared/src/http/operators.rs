//! The platform's operators, who see every tenant: `/operator/…`.

use jiff::Timestamp;
use lambda_http::{Body, Response, http::StatusCode};
use serde::{Deserialize, Serialize};

use super::{
    Answer, Problem, Request, authorization, claims, conclude,
    page::{Cursor, Limit},
    problem,
    request::Nothing,
};
use crate::{
    audit::AuditEntry,
    authorization::{Health, Listing, NextStep, StateView},
    ids::{BindingId, TenantId},
    platform::Platform,
    steps::{ActOnTenant, ReadTenants, Summary},
    store::{EventHead, HealthRunNote, ListFilter},
};

/// Which tenants are wanted: those that fulfil all of it. An empty parameter counts as absent.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct TenantsQuery {
    /// Only tenants of this health.
    health: Option<HealthFilter>,
    /// Only tenants with a finding of this code.
    #[cfg_attr(feature = "contract", schemars(extend("example" = "secret_rejected")))]
    finding: Option<String>,
    /// Only tenants whose next step is this.
    step: Option<NextStep>,
    /// Only the tenant of the corporation with this id: its own (企业ID), or as the installed app sees it.
    #[cfg_attr(feature = "contract", schemars(extend("example" = "ww0a1b2c3d4e5f6071")))]
    corp: Option<String>,
    /// Only tenants with this text in their id, or in an id or the name of their corporation, or in the id of a callback. ASCII letters
    /// are the same in both cases.
    #[cfg_attr(feature = "contract", schemars(extend("example" = "云帆")))]
    query: Option<String>,
    /// Largest number of rows in the page.
    limit: Option<Limit>,
    /// `next_cursor` of the page before, for the same filter. Any other is refused.
    cursor: Option<String>,
}

/// Which of the tenant's bindings is meant.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct TenantQuery {
    /// `binding_id` of a row of the list; without it, the first binding.
    binding_id: Option<BindingId>,
}

/// A health that is asked for: one of today's words.
#[derive(Debug, Clone, Copy, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "snake_case")]
enum HealthFilter {
    Ok,
    Attention,
    Broken,
}

impl From<HealthFilter> for Health {
    fn from(health: HealthFilter) -> Self {
        match health {
            HealthFilter::Ok => Self::Ok,
            HealthFilter::Attention => Self::Attention,
            HealthFilter::Broken => Self::Broken,
        }
    }
}

/// A page of tenants, newest trouble first.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
struct TenantPage {
    #[cfg_attr(feature = "contract", schemars(length(max = 100)))]
    tenants: Vec<Listing>,
    /// The cursor of the next page, if there may be one.
    next_cursor: Option<String>,
}

/// A tenant as an operator sees it: the state that its admin sees, and the newest of its audit trail and events.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
struct Tenant {
    state: StateView,
    /// Whether the binding was removed: a further one that was disconnected. It can be neither checked nor disconnected, which is answered
    /// 404.
    is_removed: bool,
    /// The newest entries of the audit trail, the newest first. The first is this look.
    #[cfg_attr(feature = "contract", schemars(length(max = 50)))]
    audit: Vec<AuditEntry>,
    /// The newest events, the newest first.
    #[cfg_attr(feature = "contract", schemars(length(max = 20)))]
    events: Vec<EventHead>,
}

/// All tenants summed up, and what concerns them all.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
struct TenantSummary {
    /// Number of tenants.
    tenants: u64,
    /// Number of tenants by health.
    health: Vec<Count>,
    /// Number of tenants by the code of a finding. A tenant may have several.
    findings: Vec<Count>,
    /// Number of tenants by their next step.
    steps: Vec<Count>,
    /// The last run of `check-health`, which looks at bindings every five minutes; `null` before the first.
    health_run: Option<HealthRunNote>,
    /// Circuit breakers that are open and concern more than one corporation: calls of WeCom pause.
    breakers: Vec<OpenBreaker>,
}

/// Number of tenants with something in common.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema), schemars(rename = "TenantCount"))]
struct Count {
    /// The health, the finding's code or the step.
    of: String,
    #[cfg_attr(feature = "contract", schemars(range(min = 1)))]
    tenants: u64,
    /// Since when the first of them has been so.
    since: Option<Timestamp>,
}

/// A circuit breaker that is open.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
struct OpenBreaker {
    /// What pauses: `suite/…`, the calls of a suite; `provider`, those of the provider; `WECOM`, checks of new Secrets (a ban of
    /// our address).
    name: String,
    /// When calls are made again.
    until: Timestamp,
    /// The corporation whose call opened it; `null` for a call of the suite or the provider.
    opened_by: Option<String>,
}

/// `GET /operator/tenants`, `GET /operator/tenants/{tenant_id}`, `GET /operator/summary` and `GET /operator/claims`.
pub async fn read_tenants(platform: &Platform, request: Request) -> Response<Body> {
    let answer = match request.segments().as_slice() {
        [_, "tenants", tenant_id] => one(platform, &request, tenant_id).await,
        [_, "claims"] => claims::list(platform, &request).await,
        [_, "summary"] => summary(platform, &request).await,
        _ => list(platform, &request).await,
    };
    conclude(answer, &request)
}

/// `POST /operator/tenants/{tenant_id}/check`, `POST /operator/tenants/{tenant_id}/disconnect` and
/// `POST /operator/claims/{claim_id}/assignment`.
pub async fn act_on_tenant(platform: &Platform, request: Request) -> Response<Body> {
    // Boxed, so that what awaits it is not as large as everything that is asked of WeCom.
    conclude(Box::pin(act(platform, &request)).await, &request)
}

async fn act(platform: &Platform, request: &Request) -> Result<Answer, Problem> {
    let operator = request.operator(&platform.config)?;
    let segments = request.segments();
    let (tenant_id, verb) = match segments.as_slice() {
        [_, "claims", claim_id, _] => return claims::assign(platform, request, claim_id).await,
        [_, _, tenant_id, verb] => (tenant_id, verb),
        _ => return Err(Problem::not_found()),
    };
    let tenant_id = tenant_of(request, tenant_id)?;
    request.json_if_any::<Nothing>()?;
    let step = ActOnTenant { store: &platform.store };
    if *verb == "disconnect" {
        step.begin_disconnect(&tenant_id).await.map_err(problem(platform))?;
        authorization::end_of(platform, &tenant_id, &operator).await
    } else {
        let begun = step.begin_check(&tenant_id, platform.context(&operator)).await;
        begun.map_err(problem(platform))?;
        authorization::check_of(platform, request, &tenant_id, &operator).await
    }
}

/// The binding that a request of an operator is about.
///
/// # Errors
/// `not_found` when there can be no such tenant, `malformed_request` for another query.
pub(super) fn tenant_of(request: &Request, tenant_id: &str) -> Result<TenantId, Problem> {
    let tenant_id = TenantId::of_tenant(tenant_id).map_err(|_| Problem::not_found())?;
    let query: TenantQuery = request.query()?;
    Ok(tenant_id.binding(&query.binding_id.unwrap_or_else(BindingId::first)))
}

async fn list(platform: &Platform, request: &Request) -> Result<Answer, Problem> {
    request.operator(&platform.config)?;
    let query: TenantsQuery = request.query()?;
    let filter = ListFilter {
        health: query.health.map(Health::from),
        finding: query.finding,
        step: query.step,
        corp: query.corp,
        query: query.query,
    };
    let cursor = Cursor::new("tenants", None, &filter);
    let after = cursor.read_place(query.cursor.as_deref())?;
    let page = ReadTenants { store: &platform.store }
        .list(&filter, query.limit.unwrap_or_default().get(), after.as_deref())
        .await
        .map_err(problem(platform))?;
    let body = TenantPage {
        tenants: page.tenants,
        next_cursor: page.next.map(|place| cursor.write_place(&place)),
    };
    Ok(Answer::json(StatusCode::OK, &body))
}

async fn one(platform: &Platform, request: &Request, tenant_id: &str) -> Result<Answer, Problem> {
    let operator = request.operator(&platform.config)?;
    let tenant_id = tenant_of(request, tenant_id)?;
    let tenant = ReadTenants { store: &platform.store }
        .one(&tenant_id, platform.context(&operator))
        .await
        .map_err(problem(platform))?;
    let body = Tenant {
        is_removed: !tenant.authorization.is_binding(),
        state: authorization::view(platform, request, &tenant.authorization, &tenant.callbacks),
        audit: tenant.audit,
        events: tenant.events,
    };
    Ok(Answer::json(StatusCode::OK, &body))
}

async fn summary(platform: &Platform, request: &Request) -> Result<Answer, Problem> {
    request.operator(&platform.config)?;
    let summary = ReadTenants { store: &platform.store }
        .summary(platform.clock.now())
        .await
        .map_err(problem(platform))?;
    Ok(Answer::json(StatusCode::OK, &TenantSummary::from(summary)))
}

impl From<Summary> for TenantSummary {
    fn from(summary: Summary) -> Self {
        let lists = &summary.lists;
        let of_kind = |kind: &str| -> Vec<Count> {
            let ours = lists.iter().filter_map(|(list, (tenants, since))| {
                let of = list.strip_prefix(kind)?.to_owned();
                Some(Count {
                    of,
                    tenants: *tenants,
                    since: *since,
                })
            });
            ours.collect()
        };
        let health = of_kind("health/");
        Self {
            tenants: health.iter().map(|count| count.tenants).sum(),
            health,
            findings: of_kind("finding/"),
            steps: of_kind("step/"),
            health_run: summary.health_run,
            breakers: summary
                .breakers
                .into_iter()
                .map(|(name, breaker)| OpenBreaker {
                    name: name.as_str().to_owned(),
                    until: breaker.until,
                    opened_by: breaker.opened_by,
                })
                .collect(),
        }
    }
}

#[cfg(feature = "contract")]
pub(super) fn operations() -> Vec<super::contract::Operation> {
    use super::{contract::Operation, problem::kinds};
    vec![
        Operation::operator(
            ["GET", "/operator/tenants"],
            ["listTenants", "read-tenants"],
            ["Operators", "The platform's tenants, newest trouble first"],
        )
        .says(
            "Tenants that are broken come first, then those with something to look at, then the others; each by the time since \
             which they are so, the newest first. With `finding` or `step` alone the order is that time's. The lists follow a change \
             within seconds. A page of them all, or of one `health`, `finding` or `step`, is one query of `limit` rows, however many \
             tenants there are. Other filters search: a page that has read 8 MB of rows may have fewer tenants than \
             `limit`, and `next_cursor` continues it. The whole id of a tenant as `query` puts that tenant on a first page of its own; the whole id of a \
             callback, or of a corporation as the installed app sees it, gives its tenant at once.",
        )
        .query::<TenantsQuery>()
        .answers::<TenantPage>(200, "A page."),
        Operation::operator(
            ["GET", "/operator/tenants/{tenant_id}"],
            ["readTenant", "read-tenants"],
            ["Operators", "One tenant"],
        )
        .says("The tenant's audit trail has an entry `tenant_viewed` about it. There is no secret in the answer, and nothing of what events say.")
        .parameters(&["tenantId"])
        .query::<TenantQuery>()
        .answers::<Tenant>(200, "The tenant.")
        .refuses(&[kinds::NOT_FOUND]),
        Operation::operator(
            ["POST", "/operator/tenants/{tenant_id}/check"],
            ["checkTenant", "act-on-tenant"],
            ["Operators", "Ask WeCom about a tenant now"],
        )
        .says(
            "As the tenant's admin does with `POST /authorization/check`, and the ten checks in ten minutes are the same. The binding's audit \
             trail has an entry `tenant_checked` about it.",
        )
        .parameters(&["tenantId"])
        .query::<TenantQuery>()
        .takes_if_any::<Nothing>()
        .answers_like::<StateView>(200, "The whole state, as WeCom sees it now.", &["done"])
        .refuses(&[
            kinds::NOT_FOUND,
            kinds::NOT_INSTALLED,
            kinds::STATE_CHANGED,
            kinds::TOO_MANY_ATTEMPTS,
            kinds::WECOM_ERROR,
            kinds::WECOM_BAN,
            kinds::SUITE_TICKET_MISSING,
            kinds::WECOM_TIMEOUT,
        ]),
        Operation::operator(
            ["POST", "/operator/tenants/{tenant_id}/disconnect"],
            ["disconnectTenant", "act-on-tenant"],
            ["Operators", "Disconnect a tenant"],
        )
        .says(
            "As the tenant's admin does with `DELETE /authorization`: callbacks answer 404, the corporation is free, Secrets are scheduled \
             for deletion. The entry `disconnected` in the binding's audit trail names the operator. Repeating the request finishes what an \
             interrupted attempt left undone. A further binding is removed with it; then the answer is 404, and `check-health` finishes the \
             rest.",
        )
        .parameters(&["tenantId"])
        .query::<TenantQuery>()
        .takes_if_any::<Nothing>()
        .answers_nothing(204, "Disconnected, now or before.", &[])
        .refuses(&[kinds::NOT_FOUND, kinds::STATE_CHANGED]),
        Operation::operator(
            ["GET", "/operator/summary"],
            ["summarizeTenants", "read-tenants"],
            ["Operators", "All tenants summed up"],
        )
        .says("The numbers are those of the lists, which follow a change within seconds.")
        .answers::<TenantSummary>(200, "The summary."),
    ]
}
