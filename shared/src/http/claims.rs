//! Installations that name no tenant, and operators who assign them: `/operator/claims`.

use lambda_http::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::{
    Answer, Problem, Request, authorization,
    page::{Cursor, Limit},
    problem,
};
use crate::{
    authorization::Claim,
    ids::{ClaimId, TenantId},
    platform::Platform,
    steps::{AssignClaim, ReadTenants},
};

#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct ClaimsQuery {
    /// Largest number of rows in the page.
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A page of claims.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
struct ClaimPage {
    #[cfg_attr(feature = "contract", schemars(length(max = 100)))]
    claims: Vec<Claim>,
    /// The cursor of the next page, if there may be one.
    next_cursor: Option<String>,
}

/// Whom a claim is assigned to.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct ClaimAssignment {
    /// The tenant, which need not have begun anything.
    tenant_id: TenantId,
}

/// `GET /operator/claims`.
pub(super) async fn list(platform: &Platform, request: &Request) -> Result<Answer, Problem> {
    request.operator(&platform.config)?;
    let query: ClaimsQuery = request.query()?;
    let cursor = Cursor::new("claims", None, &());
    let after = cursor.read_place(query.cursor.as_deref())?;
    let limit = query.limit.unwrap_or_default().get();
    let page = ReadTenants { store: &platform.store }
        .claims(limit, after.as_deref(), platform.clock.now())
        .await
        .map_err(problem(platform))?;
    let body = ClaimPage {
        claims: page.claims,
        next_cursor: page.next.map(|place| cursor.write_place(&place)),
    };
    Ok(Answer::json(StatusCode::OK, &body))
}

/// `POST /operator/claims/{claim_id}/assignment`.
pub(super) async fn assign(platform: &Platform, request: &Request, claim_id: &str) -> Result<Answer, Problem> {
    let operator = request.operator(&platform.config)?;
    let claim_id = ClaimId::parse(claim_id).map_err(|_| Problem::not_found())?;
    let asked: ClaimAssignment = request.json()?;
    // A further binding has an id of the same type, which nobody outside names.
    let tenant_id = TenantId::of_tenant(asked.tenant_id.as_str()).map_err(|_| Problem::malformed_field("tenant_id"))?;
    let step = AssignClaim {
        lifecycle: platform.lifecycle(),
    };
    let (authorization, callbacks) = step
        .run(&claim_id, &tenant_id, platform.context(&operator))
        .await
        .map_err(problem(platform))?;
    let state = authorization::view(platform, request, &authorization, &callbacks);
    Ok(Answer::json(StatusCode::OK, &state))
}

#[cfg(feature = "contract")]
pub(super) fn operations() -> Vec<super::contract::Operation> {
    use super::{contract::Operation, problem::kinds};
    use crate::authorization::StateView;
    vec![
        Operation::operator(
            ["GET", "/operator/claims"],
            ["listClaims", "read-tenants"],
            ["Operators", "Installations that name no tenant"],
        )
        .says(
            "Corporations that installed the app from WeCom's app market, or scanned a template's own QR code, and are bound to no tenant. \
             Each waits for seven days. It ends when it is assigned, when the corporation installs the app with a link or QR code of a \
             tenant, and when it removes the app. Events of the corporation are kept meanwhile, and are the tenant's then.",
        )
        .query::<ClaimsQuery>()
        .answers::<ClaimPage>(200, "A page, in no particular order."),
        Operation::operator(
            ["POST", "/operator/claims/{claim_id}/assignment"],
            ["assignClaim", "act-on-tenant"],
            ["Operators", "Bind the corporation of a claim to a tenant"],
        )
        .says(
            "The tenant need not have begun anything. The corporation is bound at once, without the admin's confirmation: the operator \
             answers for it, by name, in the tenant's audit trail (`installed`). Repeating the request changes nothing.",
        )
        .parameters(&["claimId"])
        .takes::<ClaimAssignment>()
        .answers_like::<StateView>(200, "The whole state of the tenant.", &["half_way"])
        .refuses(&[
            kinds::NOT_FOUND,
            kinds::CORP_MISMATCH,
            kinds::NOT_INSTALLED,
            kinds::MEMBER_AUTHORIZATION,
            kinds::STATE_CHANGED,
            kinds::WECOM_ERROR,
            kinds::WECOM_BAN,
            kinds::SUITE_TICKET_MISSING,
            kinds::WECOM_TIMEOUT,
        ]),
    ]
}
