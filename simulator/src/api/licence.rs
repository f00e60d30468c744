//! API for interface licences (接口调用许可), with the provider's token.

use serde_json::{Value, json};

use super::{Call, Context, suite::require_provider_token};
use crate::{
    errcode as code,
    errcode::Refusal,
    world::{
        corporation::{Corporation, Installation},
        settings::Licence,
    },
};

/// Seconds of a day.
const DAY: i64 = 86_400;
/// Days of the trial.
const TRIAL_DAYS: i64 = 90;

pub(super) fn get_app_license_info(context: &mut Context<'_>, call: &Call<'_>) -> Result<Value, Refusal> {
    require_provider_token(context, call)?;
    let (corporation, installation) = installed(context, call)?;
    let now = context.now.as_second();
    let starts_at = installation.installed_at.as_second();
    let ends_at = match corporation.switches.licence {
        Licence::NotRequired => return Ok(json!({"errcode": 0, "errmsg": "ok", "license_status": 0})),
        Licence::Trial => starts_at + TRIAL_DAYS * DAY,
        Licence::TrialEnding => now + 7 * DAY,
        Licence::TrialOver | Licence::Bought => now - DAY,
    };
    Ok(json!({
        "errcode": 0, "errmsg": "ok", "license_status": 1,
        "trail_info": {"start_time": ends_at - TRIAL_DAYS * DAY, "end_time": ends_at}, "license_check_time": ends_at,
    }))
}

pub(super) fn list_actived_account(context: &mut Context<'_>, call: &Call<'_>) -> Result<Value, Refusal> {
    require_provider_token(context, call)?;
    let corporation = corporation(context, call)?;
    let now = context.now.as_second();
    let accounts = if corporation.switches.licence == Licence::Bought {
        json!([{"userid": "woZhangSan", "type": 1, "expire_time": now + 365 * DAY, "active_time": now - DAY}])
    } else {
        json!([])
    };
    Ok(json!({"errcode": 0, "errmsg": "ok", "next_cursor": "", "has_more": 0, "account_list": accounts}))
}

fn corporation<'a>(context: &'a Context<'_>, call: &Call<'_>) -> Result<&'a Corporation, Refusal> {
    let corp_id = call.text("corpid").ok_or(Refusal(code::CORP_ID_MISSING))?;
    let corporation = context.world.by_open_corp_id(corp_id);
    corporation.ok_or(Refusal(code::INVALID_CORP_ID))
}

fn installed<'a>(context: &'a Context<'_>, call: &Call<'_>) -> Result<(&'a Corporation, &'a Installation), Refusal> {
    let suite = call.text("suite_id").and_then(|id| context.suites.by_id(id));
    let (which, _) = suite.ok_or(Refusal(code::INVALID_SUITE_ID))?;
    let corporation = corporation(context, call)?;
    let installation = corporation
        .installed(&which)
        .ok_or(Refusal(code::AUTHORIZATION_INVALID))?;
    Ok((corporation, installation))
}
