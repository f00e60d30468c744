//! A tenant's bindings: `/authorizations`.

use lambda_http::http::StatusCode;
use serde::Serialize;

use super::{Answer, Problem, Request, problem, request::Nothing};
use crate::{
    authorization::BindingView,
    ids::{BindingId, TenantId},
    platform::Platform,
    steps::{AddBinding, ReadBindings},
};

/// A tenant's bindings.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
struct BindingList {
    /// The first binding, then the others in the order in which they were added.
    #[cfg_attr(feature = "contract", schemars(length(min = 1, max = 50)))]
    bindings: Vec<BindingView>,
}

/// A binding that has no corporation yet.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
struct AddedBinding {
    /// Names the binding in `/authorizations/{binding_id}`.
    binding_id: BindingId,
}

/// The binding that a request is about: the first one of the caller's tenant, or the one that its path names. Nobody reaches another
/// tenant's, because the tenant is the token's.
///
/// # Errors
/// `unauthenticated` and `forbidden` as [`Request::tenant`], `not_found` when the tenant has no such binding, or the failure of the store.
pub(super) async fn binding(platform: &Platform, request: &Request) -> Result<TenantId, Problem> {
    let tenant_id = request.tenant(&platform.config)?.binding(&request.binding_id()?);
    let bindings = ReadBindings { store: &platform.store };
    if bindings.has(&tenant_id).await.map_err(problem(platform))? {
        Ok(tenant_id)
    } else {
        Err(Problem::not_found())
    }
}

/// `GET /authorizations`.
pub(super) async fn list(platform: &Platform, request: &Request) -> Result<Answer, Problem> {
    let tenant_id = request.tenant(&platform.config)?;
    let bindings = ReadBindings { store: &platform.store };
    let found = bindings.run(&tenant_id).await.map_err(problem(platform))?;
    let now = platform.clock.now();
    let views = found
        .iter()
        .map(|(authorization, callbacks)| BindingView::new(authorization, callbacks, now));
    let body = BindingList {
        bindings: views.collect(),
    };
    Ok(Answer::json(StatusCode::OK, &body))
}

/// `POST /authorizations`.
pub(super) async fn add(platform: &Platform, request: &Request) -> Result<Answer, Problem> {
    let tenant_id = request.tenant(&platform.config)?;
    request.json_if_any::<Nothing>()?;
    let binding_id = AddBinding { store: &platform.store }
        .run(&tenant_id, platform.context(&request.actor()))
        .await
        .map_err(problem(platform))?;
    Ok(Answer::json(StatusCode::CREATED, &AddedBinding { binding_id }))
}

#[cfg(feature = "contract")]
pub(super) fn operations() -> Vec<super::contract::Operation> {
    use super::{contract::Operation, problem::kinds};
    vec![
        Operation::admin(
            ["GET", "/authorizations"],
            ["listBindings", "read-authorization"],
            ["Bindings", "The tenant's bindings"],
        )
        .says(
            "A binding is one corporation with its app, Secrets, callbacks, events, health and settings. Every tenant has a first one, \
             which `/authorization` means, too; each of them is at `/authorizations/{binding_id}`, with the same routes. Each is checked, \
             ended and asked for tokens by itself.",
        )
        .answers::<BindingList>(200, "The bindings; never none."),
        Operation::admin(
            ["POST", "/authorizations"],
            ["addBinding", "start-installation"],
            ["Bindings", "Add a binding, for a further corporation"],
        )
        .says(
            "The steps are then done at `/authorizations/{binding_id}`, beginning with its `/installation`. Until a binding that was \
             added has a corporation, it is answered again instead of another one, so a repeated request adds nothing. \
             `DELETE /authorizations/{binding_id}` removes one, used or not.",
        )
        .takes_if_any::<Nothing>()
        .answers::<AddedBinding>(201, "The binding.")
        .refuses(&[kinds::STATE_CHANGED, kinds::TOO_MANY_BINDINGS]),
    ]
}
