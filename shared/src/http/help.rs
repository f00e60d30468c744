//! 操作指引 as data: the texts that the admin page draws, for a front end of the platform's own.

use std::{collections::BTreeMap, sync::LazyLock};

use lambda_http::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::{Answer, Problem, Request, dist::embedded};
use crate::config::Config;

/// A topic of the guide.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
struct HelpTopic {
    topic: String,
    locale: Locale,
    title: String,
    /// What holds for the value, or for the step.
    rules: Vec<String>,
    /// The way through the menu of WeCom's console; empty when it is elsewhere.
    path: Vec<String>,
    /// The same in the newer layout of the menu; empty when it does not differ.
    new_path: Vec<String>,
    /// A page of WeCom's console.
    link: Option<String>,
    /// What to do, in order.
    steps: Vec<String>,
    picture: HelpPicture,
    questions: Vec<HelpQuestion>,
}

/// A drawing of where it is.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "HelpTopicPicture")
)]
struct HelpPicture {
    /// An SVG file without words of its own.
    url: String,
    /// What it shows, in words.
    alt: String,
    /// The month in which it was drawn, since WeCom's console changes.
    drawn: String,
}

#[derive(Debug, Clone, Serialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "HelpTopicQuestion")
)]
struct HelpQuestion {
    question: String,
    answer: String,
}

/// A language of the texts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
enum Locale {
    #[default]
    #[serde(rename = "zh-CN")]
    ZhCn,
    #[serde(rename = "en")]
    En,
}

/// The texts of the page in one language, as far as they are the guide.
#[derive(Deserialize)]
struct Texts {
    guide: BTreeMap<String, Topic>,
}

/// A topic as the page has it.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Topic {
    title: String,
    rules: Vec<String>,
    path: Vec<String>,
    new_path: Vec<String>,
    link: Option<String>,
    steps: Vec<String>,
    diagram: Diagram,
    questions: Vec<Question>,
}

#[derive(Clone, Deserialize)]
struct Diagram {
    file: String,
    alt: String,
    drawn: String,
}

#[derive(Clone, Deserialize)]
struct Question {
    q: String,
    a: String,
}

static GUIDES: LazyLock<BTreeMap<Locale, BTreeMap<String, Topic>>> = LazyLock::new(|| {
    [(Locale::ZhCn, "zh-CN"), (Locale::En, "en")]
        .into_iter()
        .filter_map(|(locale, name)| {
            let contents = embedded(&format!("assets/texts/{name}.json"))?;
            let texts: Texts = serde_json::from_slice(contents).ok()?;
            Some((locale, texts.guide))
        })
        .collect()
});

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HelpQuery {
    locale: Option<String>,
}

/// `GET /help/{topic}`.
pub(super) fn read(config: &Config, request: &Request) -> Result<Answer, Problem> {
    let HelpQuery { locale } = request.query()?;
    let locale = match locale.as_deref() {
        None | Some("zh-CN") => Locale::ZhCn,
        Some("en") => Locale::En,
        Some(_) => return Err(Problem::wrong_type("locale")),
    };
    let segments = request.segments();
    let [_, name] = segments.as_slice() else {
        return Err(Problem::not_found());
    };
    let guide = GUIDES.get(&locale).ok_or_else(Problem::internal)?;
    let topic = guide.get(*name).cloned().ok_or_else(Problem::not_found)?;
    let picture = HelpPicture {
        url: format!("{}/assets/guide/{}", request.base_url(config), topic.diagram.file),
        alt: topic.diagram.alt,
        drawn: topic.diagram.drawn,
    };
    let questions = topic
        .questions
        .into_iter()
        .map(|Question { q, a }| HelpQuestion { question: q, answer: a });
    let body = HelpTopic {
        topic: (*name).to_owned(),
        locale,
        title: topic.title,
        rules: topic.rules,
        path: topic.path,
        new_path: topic.new_path,
        link: topic.link,
        steps: topic.steps,
        picture,
        questions: questions.collect(),
    };
    Ok(Answer::json(StatusCode::OK, &body))
}

#[cfg(feature = "contract")]
pub(super) fn operations() -> Vec<super::contract::Operation> {
    use super::{contract::Operation, problem::kinds};
    vec![
        Operation::open(
            ["GET", "/help/{topic}"],
            ["readHelp", "console"],
            ["Console", "A topic of the guide"],
        )
        .says(
            "The texts of 操作指引 as the admin page has them, for a front end of the platform's own: `install`, `permissions`, `corp-id`, \
             `contacts-secret`, `contacts-callback`, `customer-secret`, `app-secret`, `customer-callback`, `app-callback`, \
             `trusted-ip`, `callback-domain`, `finish`.",
        )
        .never_fails()
        .parameters(&["topic", "locale"])
        .answers::<HelpTopic>(200, "The topic.")
        .refuses(&[kinds::NOT_FOUND, kinds::MALFORMED_REQUEST]),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_every_topic_in_both_languages() {
        let of = |locale| GUIDES.get(&locale).unwrap().keys().collect::<Vec<_>>();
        assert_eq!(of(Locale::ZhCn), of(Locale::En));
        assert!(of(Locale::En).len() >= 12);
    }
}
