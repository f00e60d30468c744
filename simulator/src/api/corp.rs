//! What a corporation's own Secrets open: `gettoken`, and the calls that tell one kind of Secret from another.

use serde_json::{Value, json};

use super::{Call, Scene, TokenCodes};
use crate::errcode as code;
use crate::errcode::Refusal;
use crate::world::corporation::{Corporation, SecretKind};
use crate::world::ledger::Holder;

type Answer = Result<Value, Refusal>;

/// Where events of the simulator come from.
const CALLBACK_ADDRESS: &str = "127.0.0.1";
/// The most members on one page of `user/list_id`, which is also what it gives unasked.
const MAX_PAGE: usize = 10_000;

pub(super) fn gettoken(scene: &mut Scene<'_>, call: &Call<'_>) -> Answer {
    let secret = call.query("corpsecret").ok_or(Refusal(code::SECRET_MISSING))?;
    let corp_id = call.query("corpid").ok_or(Refusal(code::CORP_ID_MISSING))?;
    if scene.world.wrong_secrets.banned(scene.now) {
        return Err(Refusal(code::TOO_OFTEN));
    }
    let corporation = scene.world.corporation(corp_id).ok_or(Refusal(code::INVALID_CORP_ID))?;
    let corp_id = corporation.corp_id.clone();
    let Some(kind) = corporation.secrets.kind_of(secret) else {
        return Err(wrong_secret(scene, secret));
    };
    let (access_token, expires_in) = scene.token_for(Holder::Secret { corp_id, kind });
    Ok(json!({"errcode": 0, "errmsg": "ok", "access_token": access_token, "expires_in": expires_in}))
}

/// Counts it, and answers as it does to a mistyped one or to another corporation's.
fn wrong_secret(scene: &mut Scene<'_>, secret: &str) -> Refusal {
    let settings = scene.world.settings;
    scene.world.wrong_secrets.count(scene.now, settings.wrong_secret_limit);
    let foreign = scene
        .world
        .corporations
        .iter()
        .any(|other| other.secrets.kind_of(secret).is_some());
    Refusal(if foreign {
        settings.foreign_secret_errcode
    } else {
        code::INVALID_SECRET
    })
}

pub(super) fn list_id(scene: &mut Scene<'_>, call: &Call<'_>) -> Answer {
    let (corporation, opener) = corp_caller(scene, call)?;
    if !call.is_post {
        return Err(Refusal(code::POST_REQUIRED));
    }
    if opener != Opener::Secret(SecretKind::Contacts) {
        return Err(Refusal(code::FORBIDDEN));
    }
    let limit = match call.body.get("limit") {
        None => MAX_PAGE,
        Some(limit) => limit
            .as_u64()
            .and_then(|limit| usize::try_from(limit).ok())
            .filter(|limit| (1..=MAX_PAGE).contains(limit))
            .ok_or(Refusal(code::INVALID_PARAMETER))?,
    };
    let skipped = match call.text("cursor") {
        None => 0,
        Some(cursor) => cursor
            .strip_prefix("cursor_")
            .and_then(|place| place.parse().ok())
            .ok_or(Refusal(code::INVALID_PARAMETER))?,
    };
    let page: Vec<Value> = corporation
        .members
        .iter()
        .skip(skipped)
        .take(limit)
        .map(|member| json!({"userid": member.user_id, "department": member.department}))
        .collect();
    let reached = skipped.saturating_add(page.len());
    let next_cursor = if reached < corporation.members.len() {
        format!("cursor_{reached}")
    } else {
        String::new()
    };
    Ok(json!({"errcode": 0, "errmsg": "ok", "next_cursor": next_cursor, "dept_user": page}))
}

pub(super) fn department_simplelist(scene: &mut Scene<'_>, call: &Call<'_>) -> Answer {
    let (corporation, opener) = corp_caller(scene, call)?;
    // An app sees its visible range, here the first department; 通讯录同步 sees all of them.
    let visible = match opener {
        Opener::Secret(SecretKind::Contacts) => corporation.departments.len(),
        Opener::Secret(SecretKind::ListedApp | SecretKind::OtherApp) | Opener::Installation => 1,
        Opener::Secret(SecretKind::ExternalContacts) => return Err(Refusal(code::FORBIDDEN)),
    };
    let departments: Vec<Value> = corporation
        .departments
        .iter()
        .take(visible)
        .map(|department| json!({"id": department.id, "parentid": department.parent_id, "order": 100_000 - department.id}))
        .collect();
    Ok(json!({"errcode": 0, "errmsg": "ok", "department_id": departments}))
}

pub(super) fn get_follow_user_list(scene: &mut Scene<'_>, call: &Call<'_>) -> Answer {
    let (corporation, opener) = corp_caller(scene, call)?;
    let may = match opener {
        Opener::Secret(SecretKind::ListedApp) => true,
        Opener::Secret(SecretKind::ExternalContacts) => !corporation.switches.customer_secret_withdrawn,
        Opener::Secret(SecretKind::Contacts | SecretKind::OtherApp) | Opener::Installation => false,
    };
    if !may {
        return Err(Refusal(code::FORBIDDEN));
    }
    Ok(json!({"errcode": 0, "errmsg": "ok", "follow_user": corporation.followers}))
}

pub(super) fn getcallbackip(scene: &mut Scene<'_>, call: &Call<'_>) -> Answer {
    scene.holder(call.query("access_token"), TokenCodes::ACCESS_TOKEN)?;
    Ok(json!({"ip_list": [CALLBACK_ADDRESS], "errcode": 0, "errmsg": "ok"}))
}

/// What a corporation's token was made from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Opener {
    Secret(SecretKind),
    Installation,
}

/// The corporation that a token speaks for. WeCom looks at the caller's address before it looks at what the caller may do.
fn corp_caller(scene: &Scene<'_>, call: &Call<'_>) -> Result<(Corporation, Opener), Refusal> {
    let (corp_id, opener) = match scene.holder(call.query("access_token"), TokenCodes::ACCESS_TOKEN)? {
        Holder::Secret { corp_id, kind } => (corp_id, Opener::Secret(kind)),
        Holder::Installation { corp_id } => (corp_id, Opener::Installation),
        Holder::Suite | Holder::Provider => return Err(Refusal(code::INVALID_ACCESS_TOKEN)),
    };
    let corporation = scene
        .world
        .corporation(&corp_id)
        .ok_or(Refusal(code::INVALID_ACCESS_TOKEN))?;
    let untrusted = match opener {
        Opener::Secret(SecretKind::Contacts) => corporation.switches.contacts_ip_untrusted,
        Opener::Secret(_) => corporation.switches.apps_ip_untrusted,
        Opener::Installation if corporation.installed().is_none() => {
            return Err(Refusal(code::AUTHORIZATION_INVALID));
        }
        Opener::Installation => false,
    };
    if untrusted {
        return Err(Refusal(code::IP_NOT_TRUSTED));
    }
    Ok((corporation.clone(), opener))
}
