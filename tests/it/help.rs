//! 操作指引 over HTTP: the same texts as the page's, in both languages.

use serde_json::{Value, json};

use crate::{support::World, template::root};

#[tokio::test]
async fn gives_each_topic_as_the_page_has_it() {
    let world = World::start().await;
    for (locale, query) in [("zh-CN", ""), ("zh-CN", "?locale=zh-CN"), ("en", "?locale=en")] {
        let file = root().join(format!("console/texts/{locale}/guide.json"));
        let texts: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        for (topic, text) in texts.as_object().unwrap() {
            // Without a token.
            let reply = world.nobody().get(&format!("/help/{topic}{query}")).await;
            let help = reply.with_status(200);
            assert_eq!((&help["topic"], &help["locale"]), (&json!(topic), &json!(locale)));
            assert_eq!((&help["title"], &help["steps"]), (&text["title"], &text["steps"]));
            assert_eq!(help["questions"][0]["question"], text["questions"][0]["q"], "{topic}");
            let picture = help["picture"]["url"].as_str().unwrap();
            let picture = picture.strip_prefix(&world.announcement().base_url).unwrap();
            assert_eq!(world.nobody().get(picture).await.status, 200, "{picture}");
        }
    }
}

#[tokio::test]
async fn refuses_what_it_does_not_have() {
    let world = World::start().await;
    let nobody = world.nobody();
    nobody.get("/help/nothing").await.refused(404, "not_found");
    nobody.get("/help/nothing?locale=en").await.refused(404, "not_found");
    for query in ["locale=fr", "locale=EN", "lang=en"] {
        let reply = nobody.get(&format!("/help/install?{query}")).await;
        let name = query.split('=').next().unwrap();
        assert_eq!(reply.refused(400, "malformed_request")["errors"][0]["field"], name);
    }
}
