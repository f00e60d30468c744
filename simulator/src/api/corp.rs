//! API for a corporation's own Secrets: `gettoken`, and the calls that distinguish the kinds of Secret.

use serde_json::{Value, json};

use super::{Call, Context, TokenCodes};
use crate::{
    errcode as code,
    errcode::Refusal,
    world::{
        Which,
        corporation::{Corporation, SecretKind},
        ledger::Holder,
    },
};

type Answer = Result<Value, Refusal>;

/// Addresses that `getcallbackip` answers.
const CALLBACK_ADDRESS: &str = "127.0.0.1";
/// Maximum and default page size of `user/list_id`.
const MAX_PAGE: usize = 10_000;

pub(super) fn gettoken(context: &mut Context<'_>, call: &Call<'_>) -> Answer {
    let secret = call.query("corpsecret").ok_or(Refusal(code::SECRET_MISSING))?;
    let corp_id = call.query("corpid").ok_or(Refusal(code::CORP_ID_MISSING))?;
    if context.world.wrong_secrets.banned(context.now) {
        return Err(Refusal(code::TOO_OFTEN));
    }
    // A customised app's corporation is named by its encrypted id, with any other Secret by the plaintext one.
    let encrypted = context.world.by_open_corp_id(corp_id);
    if let Some(suite) = encrypted.and_then(|corporation| corporation.customized_app(secret)) {
        let corp_id = encrypted.map_or_else(String::new, |corporation| corporation.corp_id.clone());
        let (access_token, expires_in) = context.token_for(Holder::Installation { corp_id, suite });
        return Ok(json!({"errcode": 0, "errmsg": "ok", "access_token": access_token, "expires_in": expires_in}));
    }
    if encrypted.is_some_and(|corporation| corporation.secrets.kind_of(secret).is_none()) {
        return Err(wrong_secret(context, secret));
    }
    let corporation = context
        .world
        .corporation(corp_id)
        .ok_or(Refusal(code::INVALID_CORP_ID))?;
    let corp_id = corporation.corp_id.clone();
    let Some(kind) = corporation.secrets.kind_of(secret) else {
        return Err(wrong_secret(context, secret));
    };
    let (access_token, expires_in) = context.token_for(Holder::Secret { corp_id, kind });
    Ok(json!({"errcode": 0, "errmsg": "ok", "access_token": access_token, "expires_in": expires_in}))
}

/// Counts a wrong secret, and answers with the code for an unknown or another corporation's one.
fn wrong_secret(context: &mut Context<'_>, secret: &str) -> Refusal {
    let settings = context.world.settings;
    context
        .world
        .wrong_secrets
        .count(context.now, settings.wrong_secret_limit);
    let foreign = context
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

pub(super) fn list_id(context: &mut Context<'_>, call: &Call<'_>) -> Answer {
    let (corporation, opener) = corp_caller(context, call)?;
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

pub(super) fn department_simplelist(context: &mut Context<'_>, call: &Call<'_>) -> Answer {
    let (corporation, opener) = corp_caller(context, call)?;
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

pub(super) fn get_follow_user_list(context: &mut Context<'_>, call: &Call<'_>) -> Answer {
    let (corporation, opener) = corp_caller(context, call)?;
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

/// Permissions of a customised app, by its token.
pub(super) fn get_permissions(context: &mut Context<'_>, call: &Call<'_>) -> Answer {
    let Holder::Installation { corp_id, suite } =
        context.holder(call.query("access_token"), TokenCodes::ACCESS_TOKEN)?
    else {
        return Err(Refusal(code::FORBIDDEN));
    };
    let corporation = context.world.corporation(&corp_id);
    let installation = corporation.and_then(|corporation| corporation.installed(&suite));
    let installation = installation.ok_or(Refusal(code::AUTHORIZATION_INVALID))?;
    Ok(json!({"errcode": 0, "errmsg": "ok", "app_permissions": installation.permissions, "app_permissions_ext": []}))
}

pub(super) fn get_agent(context: &mut Context<'_>, call: &Call<'_>) -> Answer {
    let Holder::Installation { corp_id, suite } =
        context.holder(call.query("access_token"), TokenCodes::ACCESS_TOKEN)?
    else {
        return Err(Refusal(code::FORBIDDEN));
    };
    let corporation = context.world.corporation(&corp_id);
    let corporation = corporation.ok_or(Refusal(code::AUTHORIZATION_INVALID))?;
    let installation = corporation
        .installed(&suite)
        .ok_or(Refusal(code::AUTHORIZATION_INVALID))?;
    if call.query("agentid") != Some(installation.agent_id.to_string().as_str()) {
        return Err(Refusal(code::FORBIDDEN));
    }
    let mut agent = json!({
        "errcode": 0, "errmsg": "ok", "agentid": installation.agent_id, "name": "WeCom Authorization",
        "close": i32::from(corporation.switches.app_disabled),
    });
    if installation.is_customized
        && let Some(agent) = agent.as_object_mut()
    {
        let status = if corporation.switches.app_in_development { 1 } else { 2 };
        agent.insert("customized_publish_status".to_owned(), json!(status));
    }
    Ok(agent)
}

pub(super) fn getcallbackip(context: &mut Context<'_>, call: &Call<'_>) -> Answer {
    context.holder(call.query("access_token"), TokenCodes::ACCESS_TOKEN)?;
    Ok(json!({"ip_list": [CALLBACK_ADDRESS], "errcode": 0, "errmsg": "ok"}))
}

/// Secret from which a corporation's token was issued.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Opener {
    Secret(SecretKind),
    Installation,
}

/// The corporation of a token. The caller's address is checked before its permissions.
fn corp_caller(context: &Context<'_>, call: &Call<'_>) -> Result<(Corporation, Opener), Refusal> {
    let (corp_id, opener, suite) = match context.holder(call.query("access_token"), TokenCodes::ACCESS_TOKEN)? {
        Holder::Secret { corp_id, kind } => (corp_id, Opener::Secret(kind), Which::FIRST),
        Holder::Installation { corp_id, suite } => (corp_id, Opener::Installation, suite),
        Holder::Suite | Holder::OtherSuite { .. } | Holder::Provider => {
            return Err(Refusal(code::INVALID_ACCESS_TOKEN));
        }
    };
    let corporation = context
        .world
        .corporation(&corp_id)
        .ok_or(Refusal(code::INVALID_ACCESS_TOKEN))?;
    let untrusted = match opener {
        Opener::Secret(SecretKind::Contacts) => corporation.switches.contacts_ip_untrusted,
        Opener::Secret(_) => corporation.switches.apps_ip_untrusted,
        Opener::Installation if corporation.installed(&suite).is_none() => {
            return Err(Refusal(code::AUTHORIZATION_INVALID));
        }
        Opener::Installation => false,
    };
    if untrusted {
        return Err(Refusal(code::IP_NOT_TRUSTED));
    }
    Ok((corporation.clone(), opener))
}
