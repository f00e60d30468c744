//! `/3rdapp/install` in a browser's hands.

use reqwest::Response;
use serde_json::json;
use simulator::AuthMode;
use url::Url;

use crate::stage::{CORP, OTHER_CORP, Stage, assert_ok, parameter};

impl Stage {
    async fn open(&self, link: &Url) -> (u16, String) {
        let response = self.http.get(link.clone()).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// Presses a button on the page of this link.
    async fn press(&self, link: &Url, decision: &str, corp_id: &str, auth_mode: &str) -> Response {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(link.query_pairs());
        form.extend_pairs([("decision", decision), ("corp_id", corp_id), ("auth_mode", auth_mode)]);
        let request = self.http.post(self.url("/3rdapp/install")).body(form.finish());
        request
            .header("content-type", "application/x-www-form-urlencoded")
            .send()
            .await
            .unwrap()
    }
}

fn with(link: &Url, name: &str, value: &str) -> Url {
    let mut changed = link.clone();
    let kept: Vec<_> = link.query_pairs().filter(|(key, _)| key != name).collect();
    changed
        .query_pairs_mut()
        .clear()
        .extend_pairs(kept)
        .append_pair(name, value);
    changed
}

fn location(response: &Response) -> Url {
    Url::parse(response.headers()["location"].to_str().unwrap()).unwrap()
}

#[tokio::test]
async fn the_page_offers_every_corporation_and_both_modes() {
    let stage = Stage::start().await;
    let (status, page) = stage.open(&stage.install_link().await).await;
    assert_eq!(status, 200);
    for words in [
        "云帆科技有限公司",
        "青山茶业有限公司",
        CORP,
        OTHER_CORP,
        "管理员授权",
        "成员授权",
        "确认安装",
        "取消",
    ] {
        assert!(page.contains(words), "{words}");
    }
    assert!(page.contains("https://product.example/installation/callback?lang=zh"));
}

#[tokio::test]
async fn confirming_sends_the_browser_back_with_a_code_that_can_be_exchanged() {
    let stage = Stage::start().await;
    let response = stage
        .press(&stage.install_link().await, "confirm", OTHER_CORP, "admin")
        .await;
    assert_eq!(response.status(), 302);
    let target = location(&response);
    assert!(
        target
            .as_str()
            .starts_with("https://product.example/installation/callback?lang=zh&auth_code="),
        "{target}"
    );
    assert_eq!(parameter(&target, "expires_in"), "600");
    assert_eq!(parameter(&target, "state"), "t42n9K");
    let code = parameter(&target, "auth_code");
    assert!((64..=512).contains(&code.len()));
    let answer = stage.service("v2/get_permanent_code", json!({"auth_code": code})).await;
    assert_ok(&answer);
    assert_eq!(answer["auth_corp_info"]["corp_name"], "青山茶业有限公司");
}

#[tokio::test]
async fn a_member_can_confirm_for_themselves() {
    let stage = Stage::start().await;
    let response = stage
        .press(&stage.install_link().await, "confirm", CORP, "member")
        .await;
    let code = parameter(&location(&response), "auth_code");
    assert_ok(&stage.service("v2/get_permanent_code", json!({"auth_code": code})).await);
    let installation = stage.simulator.control().state().corps[0].installation.clone().unwrap();
    assert_eq!(installation.auth_mode, AuthMode::Member);
}

#[tokio::test]
async fn cancelling_sends_nobody_anywhere_and_leaves_the_link_good() {
    let stage = Stage::start().await;
    let link = stage.install_link().await;
    let response = stage.press(&link, "cancel", CORP, "admin").await;
    assert_eq!(response.status(), 200);
    assert!(response.text().await.unwrap().contains("已取消安装"));
    assert_eq!(stage.open(&link).await.0, 200);
}

#[tokio::test]
async fn a_link_is_good_once() {
    let stage = Stage::start().await;
    let link = stage.install_link().await;
    assert_eq!(stage.press(&link, "confirm", CORP, "admin").await.status(), 302);
    assert_eq!(stage.press(&link, "confirm", CORP, "admin").await.status(), 400);
    let (status, page) = stage.open(&link).await;
    assert_eq!(status, 400);
    assert!(page.contains("预授权码已被使用"));
}

#[tokio::test]
async fn a_link_is_good_for_twenty_minutes() {
    let stage = Stage::start().await;
    let link = stage.install_link().await;
    stage.advance(1190).await;
    assert_eq!(stage.open(&link).await.0, 200);
    stage.advance(20).await;
    let (status, page) = stage.open(&link).await;
    assert_eq!(status, 400);
    assert!(page.contains("42007"));
}

#[tokio::test]
async fn the_page_refuses_what_wecom_would() {
    let stage = Stage::start().await;
    let link = stage.install_link().await;
    for (name, value, words) in [
        ("suite_id", "ww0000000000000000", "suite_id 无效"),
        ("pre_auth_code", "pac_unknown", "预授权码无效"),
        ("redirect_uri", "javascript:alert(1)", "redirect_uri 参数错误"),
        ("state", "not-allowed", "state 参数错误"),
        ("state", "", "state 参数错误"),
    ] {
        let bad = with(&link, name, value);
        let (status, page) = stage.open(&bad).await;
        assert_eq!(status, 400, "{name}={value}");
        assert!(page.contains(words), "{page}");
        assert_eq!(stage.press(&bad, "confirm", CORP, "admin").await.status(), 400);
    }
    assert_eq!(
        stage
            .press(&link, "confirm", "ww0000000000000000", "admin")
            .await
            .status(),
        400
    );
    assert_eq!(stage.open(&link).await.0, 200, "no refusal uses the link up");
}

#[tokio::test]
async fn the_page_loads_nothing_from_elsewhere_and_lets_its_form_lead_to_the_product() {
    let stage = Stage::start().await;
    let response = stage.http.get(stage.install_link().await).send().await.unwrap();
    let policy = response.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe") && !policy.contains("form-action"));
    assert_eq!(response.headers()["cache-control"], "no-store");
}
