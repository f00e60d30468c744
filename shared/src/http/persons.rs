//! The events about one person: `/authorization/persons` and `/operator/tenants/{tenant_id}/persons`.
//!
//! The person is named in the body, because URLs are kept in logs and in histories.

use jiff::SignedDuration;
use lambda_http::{Body, Response, http::StatusCode};
use serde::{Deserialize, Serialize};

use super::{Answer, Problem, Request, binding, conclude, operators, page::Cursor, problem};
use crate::{
    audit::Actor,
    ids::TenantId,
    platform::Platform,
    steps::{FindPerson, Found, PersonDeletion},
    store::{EventHead, Payload, Person, PersonKind, Position},
};

/// How long a request deletes; the function has 29 seconds.
const DELETION_TIME: SignedDuration = SignedDuration::from_secs(15);

/// A person whose events are to be deleted.
#[derive(Deserialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "PersonRequest")
)]
#[serde(deny_unknown_fields)]
struct Wanted {
    kind: PersonKind,
    /// The id, as WeCom writes it in the events.
    #[cfg_attr(feature = "contract", schemars(length(min = 1, max = 128)))]
    id: String,
}

/// A person whose events are looked for.
#[derive(Deserialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "PersonEventsRequest")
)]
#[serde(deny_unknown_fields)]
struct WantedEvents {
    kind: PersonKind,
    /// The id, as WeCom writes it in the events.
    #[cfg_attr(feature = "contract", schemars(length(min = 1, max = 128)))]
    id: String,
    /// `true` answers what the events say, too. Then the audit trail has an entry `person_viewed`.
    #[serde(default)]
    unmasked: bool,
    /// `next_cursor` of the page before, for the same person. Any other is refused.
    cursor: Option<String>,
}

/// A person whose events an operator looks for.
#[derive(Deserialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "OperatorPersonEventsRequest")
)]
#[serde(deny_unknown_fields)]
struct WantedByOperator {
    kind: PersonKind,
    /// The id, as WeCom writes it in the events.
    #[cfg_attr(feature = "contract", schemars(length(min = 1, max = 128)))]
    id: String,
    /// `next_cursor` of the page before, for the same person. Any other is refused.
    cursor: Option<String>,
}

/// A page of the events about a person, newest first.
#[derive(Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
struct PersonEventPage {
    #[cfg_attr(feature = "contract", schemars(length(max = 50)))]
    events: Vec<PersonEvent>,
    /// The cursor of the next page, if there may be one.
    next_cursor: Option<String>,
}

/// An event about a person.
#[derive(Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
struct PersonEvent {
    #[serde(flatten)]
    head: EventHead,
    /// What the event says, if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Payload>,
}

/// The outcome of a request for deletion.
#[derive(Serialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "PersonDeletion")
)]
struct Deleted {
    /// Number of events that this request has deleted.
    events: u64,
    /// Whether there may be more: the same request goes on.
    more: bool,
}

/// `POST /authorization/persons/…` and `POST /operator/tenants/{tenant_id}/persons/…`.
pub async fn find_person(platform: &Platform, request: Request) -> Response<Body> {
    // Boxed, so that what awaits it is not as large as everything that is deleted.
    conclude(Box::pin(answer(platform, &request)).await, &request)
}

async fn answer(platform: &Platform, request: &Request) -> Result<Answer, Problem> {
    match request.segments().as_slice() {
        ["authorization", _, verb] => {
            let (tenant_id, actor) = (binding(platform, request).await?, request.actor());
            if *verb == "deletion" {
                delete(platform, request, &tenant_id, &actor).await
            } else {
                find(platform, request, &tenant_id, &actor).await
            }
        }
        ["operator", _, tenant_id, _, verb] => {
            let operator = request.operator(&platform.config)?;
            let tenant_id = operators::tenant_of(request, tenant_id)?;
            if *verb == "deletion" {
                delete(platform, request, &tenant_id, &operator).await
            } else {
                find_for_operator(platform, request, &tenant_id, &operator).await
            }
        }
        _ => Err(Problem::not_found()),
    }
}

async fn find(platform: &Platform, request: &Request, tenant_id: &TenantId, admin: &Actor) -> Result<Answer, Problem> {
    let wanted: WantedEvents = request.json()?;
    let asked = Asked::new(tenant_id, wanted.kind, &wanted.id, wanted.cursor.as_deref())?;
    let step = FindPerson { store: &platform.store };
    let (person, before) = (&asked.person, asked.before.as_ref());
    let found = if wanted.unmasked {
        step.unmasked(tenant_id, person, before, platform.context(admin)).await
    } else {
        step.masked(tenant_id, person, before).await
    };
    Ok(asked.page(found.map_err(problem(platform))?))
}

async fn find_for_operator(
    platform: &Platform,
    request: &Request,
    tenant_id: &TenantId,
    operator: &Actor,
) -> Result<Answer, Problem> {
    let wanted: WantedByOperator = request.json()?;
    let asked = Asked::new(tenant_id, wanted.kind, &wanted.id, wanted.cursor.as_deref())?;
    let step = FindPerson { store: &platform.store };
    let (person, before) = (&asked.person, asked.before.as_ref());
    let found = step.for_operator(tenant_id, person, before, platform.context(operator));
    Ok(asked.page(found.await.map_err(problem(platform))?))
}

async fn delete(
    platform: &Platform,
    request: &Request,
    tenant_id: &TenantId,
    actor: &Actor,
) -> Result<Answer, Problem> {
    let wanted: Wanted = request.json()?;
    let person = person(wanted.kind, &wanted.id)?;
    let PersonDeletion { events, more } = FindPerson { store: &platform.store }
        .delete(tenant_id, &person, DELETION_TIME, platform.context(actor))
        .await
        .map_err(problem(platform))?;
    Ok(Answer::json(StatusCode::OK, &Deleted { events, more }))
}

fn person(kind: PersonKind, id: &str) -> Result<Person, Problem> {
    Person::parse(kind, id).ok_or_else(|| Problem::malformed_field("id"))
}

/// A page that is asked for.
struct Asked {
    person: Person,
    cursor: Cursor,
    before: Option<Position>,
}

impl Asked {
    fn new(tenant_id: &TenantId, kind: PersonKind, id: &str, cursor: Option<&str>) -> Result<Self, Problem> {
        let person = person(kind, id)?;
        let of_person = Cursor::new("persons", Some(tenant_id), &(kind, id));
        let before = of_person.read(cursor)?;
        Ok(Self {
            person,
            cursor: of_person,
            before,
        })
    }

    fn page(&self, found: Found) -> Answer {
        let events = found.events.into_iter();
        let body = PersonEventPage {
            events: events.map(|(head, payload)| PersonEvent { head, payload }).collect(),
            next_cursor: found.next.map(|position| self.cursor.write(&position)),
        };
        Answer::json(StatusCode::OK, &body)
    }
}

#[cfg(feature = "contract")]
pub(super) fn operations() -> Vec<super::contract::Operation> {
    use super::{contract::Operation, operators::TenantQuery, problem::kinds};
    const FOUND: &str = "An event is about the member in its `UserID` (without one, in its `FromUserName`) and about the customer in its \
                         `ExternalUserID`. Lists of members, leaders and `NewUserID` are not looked at. An event is found within a second \
                         after it was stored.";
    const DELETED: &str = "Deletes the events that are found for the person, and nothing else. After fifteen seconds it answers with `more`, \
                           and the same request goes on; repeated after the end it deletes nothing. The audit trail has an entry \
                           `person_deleted` with the number of events for each hundred of them, and nothing of the person. Backups, the \
                           archive of the event bus and services that have received the events are not reached (`docs/security.md`).";
    vec![
        Operation::admin(
            ["POST", "/authorization/persons/events"],
            ["findPersonEvents", "find-person"],
            ["Events", "The events about a person, newest first"],
        )
        .says(FOUND)
        .takes::<WantedEvents>()
        .answers::<PersonEventPage>(200, "A page."),
        Operation::admin(
            ["POST", "/authorization/persons/deletion"],
            ["deletePersonEvents", "find-person"],
            ["Events", "Delete the events about a person"],
        )
        .says(DELETED)
        .takes::<Wanted>()
        .answers::<Deleted>(200, "What was deleted.")
        .refuses(&[kinds::NOT_FOUND]),
        Operation::operator(
            ["POST", "/operator/tenants/{tenant_id}/persons/events"],
            ["findTenantPersonEvents", "find-person"],
            ["Operators", "A tenant's events about a person, newest first"],
        )
        .says(
            "As the tenant's admin does with `POST /authorization/persons/events`, without what the events say. The binding's audit trail has \
             an entry `tenant_viewed` about it.",
        )
        .parameters(&["tenantId"])
        .query::<TenantQuery>()
        .takes::<WantedByOperator>()
        .answers::<PersonEventPage>(200, "A page.")
        .refuses(&[kinds::NOT_FOUND]),
        Operation::operator(
            ["POST", "/operator/tenants/{tenant_id}/persons/deletion"],
            ["deleteTenantPersonEvents", "find-person"],
            ["Operators", "Delete a tenant's events about a person"],
        )
        .says("As the tenant's admin does with `POST /authorization/persons/deletion`. The entry in the audit trail names the operator.")
        .parameters(&["tenantId"])
        .query::<TenantQuery>()
        .takes::<Wanted>()
        .answers::<Deleted>(200, "What was deleted.")
        .refuses(&[kinds::NOT_FOUND]),
    ]
}
