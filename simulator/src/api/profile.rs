//! The parts of answers that describe an installation: corporation, agent, visible range.

use serde_json::{Value, json};

use crate::world::{
    Which,
    corporation::{AuthMode, Corporation, Installation},
};

/// `get_permanent_code`, the old form: with a token and everything else.
pub(super) fn permanent_code(which: &Which, corporation: &Corporation, access_token: &str, expires_in: i64) -> Value {
    let agent_id = corporation
        .installed(which)
        .map_or(0, |installation| installation.agent_id);
    json!({
        "errcode": 0,
        "errmsg": "ok",
        "access_token": access_token,
        "expires_in": expires_in,
        "permanent_code": permanent_code_of(which, corporation),
        "auth_corp_info": corp_info(which, corporation, true),
        "auth_info": {"agent": agents(which, corporation)},
        "auth_user_info": user_info(which, corporation),
        "edition_info": {"agent": [{
            "agentid": agent_id,
            "edition_id": "RLS65535",
            "edition_name": "协同版",
            "app_status": 3,
            "user_limit": 200,
            "expired_time": 1_893_427_200,
            "is_virtual_version": false,
            "is_shared_from_other_corp": false,
        }]},
    })
}

/// `v2/get_permanent_code`: no token, no agents; the `state` of the QR code that was scanned, if it was one.
pub(super) fn permanent_code_v2(which: &Which, corporation: &Corporation, state: Option<&str>) -> Value {
    let mut answer = json!({
        "errcode": 0,
        "errmsg": "ok",
        "permanent_code": permanent_code_of(which, corporation),
        "auth_corp_info": {"corpid": corporation.open_corp_id, "corp_name": corporation.name},
        "auth_user_info": user_info(which, corporation),
    });
    if let (Some(state), Some(members)) = (state, answer.as_object_mut()) {
        members.insert("state".to_owned(), state.into());
    }
    answer
}

/// `get_auth_info` in both forms.
pub(super) fn auth_info(which: &Which, corporation: &Corporation, with_qrcode: bool) -> Value {
    json!({
        "errcode": 0,
        "errmsg": "ok",
        "auth_corp_info": corp_info(which, corporation, with_qrcode),
        "auth_info": {"agent": agents(which, corporation)},
    })
}

fn permanent_code_of<'a>(which: &Which, corporation: &'a Corporation) -> &'a str {
    corporation
        .installed(which)
        .map_or("", |installation| installation.permanent_code.as_str())
}

fn corp_info(which: &Which, corporation: &Corporation, with_qrcode: bool) -> Value {
    let by_member = corporation
        .installed(which)
        .is_some_and(|installation| installation.auth_mode == AuthMode::Member);
    // A member's authorization does not reveal the trade.
    let trade = |words: &'static str| if by_member { "" } else { words };
    let mut info = json!({
        "corpid": corporation.open_corp_id,
        "corp_name": corporation.name,
        "corp_type": "verified",
        "corp_square_logo_url": "https://wework.qpic.cn/demo/logo/0",
        "corp_user_max": 200,
        "corp_full_name": corporation.name,
        "verified_end_time": 1_893_427_200,
        "subject_type": 1,
        "corp_scale": trade("1-50人"),
        "corp_industry": trade("IT服务"),
        "corp_sub_industry": trade("计算机软件/硬件/信息服务"),
        "corp_ex_name": {"name_list": []},
    });
    if with_qrcode && let Some(info) = info.as_object_mut() {
        info.insert(
            "corp_wxqrcode".to_owned(),
            json!("https://wework.qpic.cn/demo/qrcode/0"),
        );
    }
    info
}

fn agents(which: &Which, corporation: &Corporation) -> Value {
    let Some(installation) = corporation.installed(which) else {
        return json!([]);
    };
    json!([{
        "agentid": installation.agent_id,
        "name": "企微授权管理",
        "round_logo_url": "https://wework.qpic.cn/demo/round/0",
        "square_logo_url": "https://wework.qpic.cn/demo/square/0",
        "appid": 1,
        "auth_mode": match installation.auth_mode { AuthMode::Admin => 0, AuthMode::Member => 1 },
        "is_customized_app": installation.is_customized,
        "auth_from_thirdapp": false,
        "privilege": privilege(corporation, installation),
    }])
}

/// Visible range: departments for an administrator's authorization (at first the root), otherwise the member only.
fn privilege(corporation: &Corporation, installation: &Installation) -> Value {
    let (parties, users) = match installation.auth_mode {
        AuthMode::Admin => (json!(installation.visible_departments), json!([])),
        AuthMode::Member => (json!([]), json!([open_user_id(corporation, 1)])),
    };
    json!({
        "level": 1,
        "allow_party": parties,
        "allow_user": users,
        "allow_tag": [],
        "extra_party": [],
        "extra_user": [],
        "extra_tag": [],
    })
}

/// The person who confirmed: the first member as an administrator, the second as a plain member.
fn user_info(which: &Which, corporation: &Corporation) -> Value {
    let index = match corporation.installed(which).map(|installation| installation.auth_mode) {
        Some(AuthMode::Member) => 1,
        _ => 0,
    };
    let id = open_user_id(corporation, index);
    json!({"userid": id, "open_userid": id, "name": id, "avatar": ""})
}

/// The encrypted user id of a member for this provider.
fn open_user_id(corporation: &Corporation, index: usize) -> String {
    let suffix = corporation.open_corp_id.trim_start_matches("wp");
    format!("wo{index}{suffix}")
}
