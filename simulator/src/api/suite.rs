//! `/cgi-bin/service/…`: the API for providers.

use serde_json::{Value, json};

use super::{Call, Context, TokenCodes, profile};
use crate::{
    errcode as code,
    errcode::Refusal,
    world::{
        Which,
        corporation::{Corporation, Installation, the_whole_corporation, usual_permissions},
        ledger::{Holder, PRE_AUTH_CODE_LIFETIME_SECONDS, QR_CODE_LIFETIME_SECONDS},
    },
};

type Answer = Result<Value, Refusal>;

const SUITE_TOKEN_CODES: TokenCodes = TokenCodes {
    missing: code::SUITE_ACCESS_TOKEN_MISSING,
    invalid: code::INVALID_SUITE_ACCESS_TOKEN,
    expired: code::SUITE_ACCESS_TOKEN_EXPIRED,
};

/// AgentId of the first installation in a corporation.
const SUITE_AGENT_ID: i64 = 1_000_010;
/// AgentId of an installation of a suite other than the first.
const OTHER_SUITE_AGENT_ID: i64 = 1_000_020;
/// AgentId of a customised app.
const CUSTOMIZED_AGENT_ID: i64 = 1_000_030;
/// Maximum length of the `state` of a QR code, in bytes.
const MAX_QR_STATE_BYTES: usize = 32;
/// Maximum number of templates of a QR code.
const MAX_QR_TEMPLATES: usize = 9;

pub(super) fn get_suite_token(context: &mut Context<'_>, call: &Call<'_>) -> Answer {
    let suite_id = call.text("suite_id").ok_or(Refusal(code::SUITE_ID_MISSING))?;
    let secret = call.text("suite_secret").ok_or(Refusal(code::SUITE_SECRET_MISSING))?;
    let ticket = call.text("suite_ticket").ok_or(Refusal(code::SUITE_TICKET_MISSING))?;
    let (which, suite) = context.suites.by_id(suite_id).ok_or(Refusal(code::INVALID_SUITE_ID))?;
    if secret != suite.suite_secret {
        return Err(Refusal(code::INVALID_SUITE_SECRET));
    }
    if !context.world.ticket_is_fresh(&which, ticket, context.now) {
        return Err(Refusal(code::INVALID_SUITE_TICKET));
    }
    let (token, expires_in) = context.token_for(which.id().map_or(Holder::Suite, |suite_id| Holder::OtherSuite {
        suite_id: suite_id.to_owned(),
    }));
    // Without errcode, as WeCom answers here when it succeeds.
    Ok(json!({"suite_access_token": token, "expires_in": expires_in}))
}

pub(super) fn get_pre_auth_code(context: &mut Context<'_>, call: &Call<'_>) -> Answer {
    let which = require_suite_token(context, call)?;
    let pre_auth_code = context.world.new_pre_auth_code(which, context.now, context.entropy);
    Ok(json!({
        "errcode": 0,
        "errmsg": "ok",
        "pre_auth_code": pre_auth_code,
        "expires_in": PRE_AUTH_CODE_LIFETIME_SECONDS,
    }))
}

pub(super) fn set_session_info(context: &mut Context<'_>, call: &Call<'_>) -> Answer {
    let which = require_suite_token(context, call)?;
    let given = call.text("pre_auth_code").ok_or(Refusal(code::INVALID_PRE_AUTH_CODE))?;
    let test = match call.body.get("session_info").and_then(|info| info.get("auth_type")) {
        None => false,
        Some(auth_type) => match auth_type.as_i64() {
            Some(0) => false,
            Some(1) => true,
            _ => return Err(Refusal(code::INVALID_PARAMETER)),
        },
    };
    let now = context.now;
    let known = context
        .world
        .pre_auth_codes
        .iter_mut()
        .find(|known| known.value == given && !known.used && known.suite == which);
    let known = known.ok_or(Refusal(code::INVALID_PRE_AUTH_CODE))?;
    if now >= known.expires_at {
        return Err(Refusal(code::PRE_AUTH_CODE_EXPIRED));
    }
    known.test = test;
    Ok(json!({"errcode": 0, "errmsg": "ok"}))
}

pub(super) fn get_permanent_code(context: &mut Context<'_>, call: &Call<'_>) -> Answer {
    let (which, corporation) = exchange(context, call)?;
    let holder = Holder::Installation {
        corp_id: corporation.corp_id.clone(),
        suite: which.clone(),
    };
    let (token, expires_in) = context.token_for(holder);
    Ok(profile::permanent_code(&which, &corporation, &token, expires_in))
}

pub(super) fn get_permanent_code_v2(context: &mut Context<'_>, call: &Call<'_>) -> Answer {
    let (which, corporation) = exchange(context, call)?;
    let given = call.text("auth_code");
    let code = context
        .world
        .auth_codes
        .iter()
        .find(|code| Some(code.value.as_str()) == given);
    let state = code.and_then(|code| code.state.as_deref());
    Ok(profile::permanent_code_v2(&which, &corporation, state))
}

pub(super) fn get_auth_info(context: &mut Context<'_>, call: &Call<'_>) -> Answer {
    let (which, corporation) = require_installation(context, call)?;
    Ok(profile::auth_info(&which, &corporation, true))
}

pub(super) fn get_auth_info_v2(context: &mut Context<'_>, call: &Call<'_>) -> Answer {
    let (which, corporation) = require_installation(context, call)?;
    Ok(profile::auth_info(&which, &corporation, false))
}

pub(super) fn get_corp_token(context: &mut Context<'_>, call: &Call<'_>) -> Answer {
    let (suite, corporation) = require_installation(context, call)?;
    if context.suites.of(&suite).suite.is_template {
        return Err(Refusal(code::FORBIDDEN));
    }
    let (token, expires_in) = context.token_for(Holder::Installation {
        corp_id: corporation.corp_id,
        suite,
    });
    Ok(json!({"access_token": token, "expires_in": expires_in}))
}

/// A QR code for templates: a link, as text.
pub(super) fn get_customized_auth_url(context: &mut Context<'_>, call: &Call<'_>) -> Answer {
    require_provider_token(context, call)?;
    let state = call.text("state").ok_or(Refusal(code::INVALID_PARAMETER))?;
    let is_plain = state.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !is_plain || state.len() > MAX_QR_STATE_BYTES {
        return Err(Refusal(code::INVALID_PARAMETER));
    }
    let ids = call.body.get("templateid_list").and_then(Value::as_array);
    let ids = ids.filter(|ids| (1..=MAX_QR_TEMPLATES).contains(&ids.len()));
    let template = |id: &Value| {
        let (which, suite) = context.suites.by_id(id.as_str()?)?;
        suite.is_template.then_some(which)
    };
    let templates: Option<Vec<Which>> = ids
        .ok_or(Refusal(code::INVALID_PARAMETER))?
        .iter()
        .map(template)
        .collect();
    let templates = templates.ok_or(Refusal(code::INVALID_SUITE_ID))?;
    let code = context
        .world
        .new_qr_code(templates, state, context.now, context.entropy);
    let url = context.suites.qr_code_text(&code);
    Ok(json!({"errcode": 0, "errmsg": "ok", "qrcode_url": url, "expires_in": QR_CODE_LIFETIME_SECONDS}))
}

pub(super) fn get_provider_token(context: &mut Context<'_>, call: &Call<'_>) -> Answer {
    let corp_id = call.text("corpid").ok_or(Refusal(code::CORP_ID_MISSING))?;
    let secret = call.text("provider_secret").ok_or(Refusal(code::SECRET_MISSING))?;
    let provider = &context.suites.first.suite;
    if !corp_id.eq_ignore_ascii_case(&provider.provider_corp_id) {
        return Err(Refusal(code::INVALID_CORP_ID));
    }
    if secret != provider.provider_secret {
        return Err(Refusal(code::INVALID_SECRET));
    }
    let (token, expires_in) = context.token_for(Holder::Provider);
    Ok(json!({"provider_access_token": token, "expires_in": expires_in}))
}

pub(super) fn corpid_to_opencorpid(context: &mut Context<'_>, call: &Call<'_>) -> Answer {
    require_provider_token(context, call)?;
    let corp_id = call.text("corpid").ok_or(Refusal(code::CORP_ID_MISSING))?;
    let corporation = context
        .world
        .corporation(corp_id)
        .ok_or(Refusal(code::INVALID_CORP_ID))?;
    if !corporation.has_any() {
        return Err(Refusal(code::NOT_AUTHORIZED));
    }
    Ok(json!({"errcode": 0, "errmsg": "ok", "open_corpid": corporation.open_corp_id}))
}

pub(super) fn require_provider_token(context: &Context<'_>, call: &Call<'_>) -> Result<(), Refusal> {
    match context.holder(call.query("provider_access_token"), TokenCodes::ACCESS_TOKEN)? {
        Holder::Provider => Ok(()),
        _ => Err(Refusal(code::INVALID_ACCESS_TOKEN)),
    }
}

fn require_suite_token(context: &Context<'_>, call: &Call<'_>) -> Result<Which, Refusal> {
    match context.holder(call.query("suite_access_token"), SUITE_TOKEN_CODES)? {
        Holder::Suite => Ok(Which::FIRST),
        Holder::OtherSuite { suite_id } => Ok(Which::another(&suite_id)),
        _ => Err(Refusal(code::INVALID_SUITE_ACCESS_TOKEN)),
    }
}

/// The corporation of `auth_corpid`, if the app is installed there with this `permanent_code`.
fn require_installation(context: &Context<'_>, call: &Call<'_>) -> Result<(Which, Corporation), Refusal> {
    let which = require_suite_token(context, call)?;
    let open_corp_id = call.text("auth_corpid").ok_or(Refusal(code::CORP_ID_MISSING))?;
    let permanent_code = call
        .text("permanent_code")
        .ok_or(Refusal(code::PERMANENT_CODE_MISSING))?;
    let corporation = context
        .world
        .by_open_corp_id(open_corp_id)
        .ok_or(Refusal(code::INVALID_CORP_ID))?;
    match corporation.installation_of(&which) {
        Some(installation) if installation.permanent_code == permanent_code => {
            if installation.removed {
                return Err(Refusal(context.world.settings.removed_app_errcode));
            }
            Ok((which, corporation.clone()))
        }
        _ => Err(Refusal(code::INVALID_PERMANENT_CODE)),
    }
}

/// Exchanges an auth code for an installation, once. While the app is installed, another exchange keeps the permanent code
/// unless the auth code came from `reset_permanent_code`.
fn exchange(context: &mut Context<'_>, call: &Call<'_>) -> Result<(Which, Corporation), Refusal> {
    let which = require_suite_token(context, call)?;
    let given = call.text("auth_code").ok_or(Refusal(code::INVALID_AUTH_CODE))?;
    let now = context.now;
    let known = context.world.auth_codes.iter_mut().find(|known| known.value == given);
    let known = known
        .filter(|known| !known.used && now < known.expires_at && known.suite == which)
        .ok_or(Refusal(code::INVALID_AUTH_CODE))?;
    known.used = true;
    let (corp_id, auth_mode, resets) = (known.corp_id.clone(), known.auth_mode, known.resets);
    let is_template = context.suites.of(&which).suite.is_template;
    let fresh_code = context.entropy.letters_and_digits(64);
    if context
        .world
        .corporation(&corp_id)
        .is_some_and(|corporation| corporation.installed(&which).is_none())
    {
        // A new permanent code installs nothing.
        if resets {
            return Err(Refusal(code::INVALID_AUTH_CODE));
        }
        // A token from before the app was removed does not come alive again.
        context.world.revoke(&Holder::Installation {
            corp_id: corp_id.clone(),
            suite: which.clone(),
        });
    }
    // The token of a customised app was issued for its permanent code, which is its Secret.
    if is_template && resets {
        context.world.revoke(&Holder::Installation {
            corp_id: corp_id.clone(),
            suite: which.clone(),
        });
    }
    let corporation = context
        .world
        .corporation_mut(&corp_id)
        .ok_or(Refusal(code::INVALID_AUTH_CODE))?;
    match corporation.installed_mut(&which) {
        Some(installation) if resets => installation.permanent_code = fresh_code,
        Some(installation) => installation.auth_mode = auth_mode,
        None => corporation.install(
            &which,
            Installation {
                removed: false,
                auth_mode,
                agent_id: if is_template {
                    CUSTOMIZED_AGENT_ID
                } else if which == Which::FIRST {
                    SUITE_AGENT_ID
                } else {
                    OTHER_SUITE_AGENT_ID
                },
                is_customized: is_template,
                permissions: usual_permissions(),
                permanent_code: fresh_code,
                installed_at: now,
                visible_departments: the_whole_corporation(),
            },
        ),
    }
    Ok((which, corporation.clone()))
}
