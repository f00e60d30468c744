//! `openapi.yaml` is true: it lists exactly the routes and codes that there are, its examples are what it says, and every
//! request and answer of the tests' client is held to it (`recorder`).

mod document;
mod recorder;

use std::collections::BTreeSet;

use local::gateway::routes::{Access, ROUTES};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use wecom_authorization::http::CODES;

use self::document::{Node, Operation, codes, operations};
pub(crate) use self::recorder::Asked;
use crate::support::Reply;

#[test]
fn is_what_the_types_make_it() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (path, generated) in wecom_authorization::contract::files() {
        let committed = std::fs::read_to_string(root.join(path)).unwrap();
        let differing = committed
            .lines()
            .zip(generated.lines())
            .position(|(one, other)| one != other);
        assert!(
            committed == generated,
            "{path} differs from line {}: run `cargo xtask contract`",
            differing.unwrap_or_default() + 1
        );
    }
}

#[test]
fn lists_exactly_the_routes_that_there_are() {
    let routes: BTreeSet<_> = ROUTES
        .iter()
        .map(|route| {
            // With slashes at its end a callback is the same, which takes a route of its own.
            let path = route.path.replace("+}", "}").replace("/{rest}", "");
            let needs_token = route.access == Access::Token;
            (
                route.method.to_owned(),
                path,
                needs_token,
                kebab(&format!("{:?}", route.function)),
            )
        })
        .collect();
    let parts = [
        "/assets/config.json",
        "/callback/deployment",
        "/suite/{suite_id}/callback/{corp_id}",
    ];
    let documented: BTreeSet<_> = operations()
        .into_iter()
        // Parts of a route, with answers of their own.
        .filter(|operation| !parts.contains(&operation.path))
        .map(|operation| {
            let function = operation.node.text("x-function").unwrap().to_owned();
            let needs_token = operation.needs_token();
            (operation.method, operation.path.to_owned(), needs_token, function)
        })
        .collect();
    assert_eq!(routes, documented);
}

/// `ReadAuthorization` → `read-authorization`, as the function is called everywhere.
fn kebab(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !text.is_empty() {
            text.push('-');
        }
        text.extend(letter.to_lowercase());
    }
    text
}

#[test]
fn lists_exactly_the_codes_that_there_are_each_with_its_status() {
    let known: BTreeSet<_> = CODES.iter().map(|kind| (kind.code, kind.status)).collect();
    let mut documented = BTreeSet::new();
    for operation in operations() {
        for (status, response) in operation.responses() {
            documented.extend(codes(&response).into_iter().map(|code| (code, status)));
        }
    }
    assert_eq!(known, documented);
}

#[test]
fn has_an_example_of_every_answer_and_of_every_code_that_it_may_have() {
    for operation in operations() {
        for (status, response) in operation.responses() {
            for (media_type, content) in response.entries_of("content") {
                let place = format!("{} {} {status} {media_type}", operation.method, operation.path);
                let examples = content.entries_of("examples");
                assert!(!examples.is_empty(), "no example: {place}");
                if media_type == "application/problem+json" {
                    let shown: BTreeSet<_> = examples
                        .iter()
                        .map(|(_, example)| example.child("value").text("code").unwrap())
                        .collect();
                    assert_eq!(shown, codes(&response).into_iter().collect(), "{place}");
                }
            }
        }
    }
}

#[test]
fn shows_problems_in_the_words_that_the_functions_use() {
    for (name, example) in Node::root().child("components").child("examples").entries() {
        let problem = example.child("value");
        let Some(kind) = problem
            .text("code")
            .map(|code| CODES.iter().find(|kind| kind.code == code))
        else {
            continue;
        };
        let kind = kind.unwrap_or_else(|| panic!("{name} shows no code of ours"));
        assert_eq!(problem.text("title"), Some(kind.title), "{name}");
        let in_particular = ["malformed_request", "invalid_field"].contains(&kind.code);
        assert!(in_particular || problem.text("detail") == Some(kind.detail), "{name}");
    }
}

/// Every place that has a `schema` has examples that fit it, whatever it is: parameters, headers, bodies.
#[test]
fn has_no_example_that_does_not_fit_its_schema() {
    let mut seen = 0;
    let mut complaints = Vec::new();
    everywhere(&Node::root(), &mut |node| {
        let Some(schema) = node.get("schema") else { return };
        let mut examples: Vec<Node> = node.get("example").into_iter().collect();
        examples.extend(
            node.entries_of("examples")
                .into_iter()
                .map(|(_, example)| example.child("value")),
        );
        for example in examples {
            seen += 1;
            let found = schema.complaints(example.value);
            complaints.extend(found.into_iter().map(|text| format!("{}: {text}", example.pointer)));
        }
    });
    assert!(complaints.is_empty(), "{complaints:#?}");
    assert!(seen > 100, "only {seen} examples were found");
}

#[test]
fn has_no_schema_that_does_not_compile_and_no_component_that_nothing_refers_to() {
    let text = Node::root().value.to_string();
    for (kind, components) in Node::root().child("components").entries() {
        for (name, component) in components.entries() {
            if kind == "schemas" {
                component.validator();
            }
            let reference = format!("\"#/components/{kind}/{name}\"");
            let used = kind == "securitySchemes" || text.contains(&reference);
            assert!(used, "{reference} is not used");
        }
    }
    everywhere(&Node::root(), &mut |node| {
        if let Some(schema) = node.get("schema") {
            schema.validator();
        }
    });
}

/// Calls `visit` for every map in the document; references are not followed.
fn everywhere(node: &Node, visit: &mut impl FnMut(&Node)) {
    if node.value.is_object() {
        visit(node);
    }
    let keys: Vec<String> = match node.value {
        Value::Object(map) => map.keys().cloned().collect(),
        Value::Array(items) => (0..items.len()).map(|index| index.to_string()).collect(),
        _ => Vec::new(),
    };
    for key in keys {
        let below = node.below(&key);
        if below.value.get("$ref").is_none() {
            everywhere(&below, visit);
        }
    }
}

#[test]
fn gives_every_operation_a_name_of_its_own_and_the_version_of_the_crates() {
    let names: Vec<_> = operations()
        .iter()
        .map(|o| o.node.text("operationId").unwrap())
        .collect();
    let distinct: BTreeSet<_> = names.iter().collect();
    assert_eq!(distinct.len(), names.len());
    let version = Node::root().child("info").text("version");
    assert_eq!(version, Some(env!("CARGO_PKG_VERSION")));
}

/// `docs/errors.md` has one heading for each code, with its status, and says of each what it means and who does what.
#[test]
fn errors_md_explains_exactly_the_codes_that_there_are() {
    let page = include_str!("../../docs/errors.md");
    let mut explained = Vec::new();
    for section in page.split("\n### ").skip(1) {
        let (heading, text) = section.split_once('\n').unwrap();
        let (code, status) = heading.split_once("` (").unwrap();
        let status: u16 = status.strip_suffix(')').unwrap().parse().unwrap();
        explained.push((code.strip_prefix('`').unwrap(), status));
        for part in ["**Means.**", "**The caller.**", "**The operator.**"] {
            assert_eq!(text.matches(part).count(), 1, "{part} of {heading}");
        }
    }
    let known: Vec<_> = CODES.iter().map(|kind| (kind.code, kind.status)).collect();
    assert_eq!(explained, known, "in this order, which is that of the statuses");
}

mod the_recorder {
    use super::*;

    fn reply(status: u16, content_type: &'static str, body: &Value) -> Reply {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("content-type", content_type),
            ("x-content-type-options", "nosniff"),
            ("cache-control", "no-store"),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        Reply {
            asked: String::new(),
            status,
            headers,
            body: body.to_string().into_bytes(),
        }
    }

    fn settings(body: &Value) -> Asked {
        Asked {
            method: "PUT".to_owned(),
            path: "/authorization/settings".to_owned(),
            content_type: "application/json".to_owned(),
            body: body.to_string().into_bytes(),
            with_token: true,
            ..Asked::default()
        }
    }

    fn problem(code: &str, status: u16) -> Value {
        json!({
            "type": format!("urn:wecom-authorization:problem:{code}"), "title": "t", "status": status, "detail": "d",
            "code": code, "request_id": "r",
        })
    }

    const PROBLEM: &str = "application/problem+json";
    const JSON: &str = "application/json";

    #[test]
    fn takes_what_the_document_says() {
        let body = json!({"callback_base_url": null});
        let asked = settings(&body);
        assert_eq!(asked.complaints(&reply(200, JSON, &body)), [""; 0]);
        assert_eq!(
            asked.complaints(&reply(401, PROBLEM, &problem("unauthenticated", 401))),
            [""; 0]
        );
        let elsewhere = Asked {
            path: "/nowhere".to_owned(),
            ..asked
        };
        assert_eq!(
            elsewhere.complaints(&reply(404, PROBLEM, &problem("not_found", 404))),
            [""; 0]
        );
    }

    #[test]
    fn complains_of_every_answer_that_the_document_does_not_know() {
        let body = json!({"callback_base_url": null});
        let asked = settings(&body);
        let mut cached = reply(200, JSON, &body);
        cached
            .headers
            .insert("cache-control", HeaderValue::from_static("max-age=1"));
        for (what, reply) in [
            ("another status", reply(202, JSON, &body)),
            ("another media type", reply(200, "text/plain", &body)),
            (
                "another field",
                reply(200, JSON, &json!({"callback_base_url": null, "x": 1})),
            ),
            ("a missing field", reply(200, JSON, &json!({}))),
            (
                "another form",
                reply(200, JSON, &json!({"callback_base_url": "http://x"})),
            ),
            ("another code", reply(401, PROBLEM, &problem("not_found", 404))),
            ("another header", cached),
            (
                "a missing header",
                reply(503, PROBLEM, &problem("temporarily_unavailable", 503)),
            ),
        ] {
            assert_ne!(asked.complaints(&reply), [""; 0], "{what}");
        }
        let elsewhere = Asked {
            path: "/nowhere".to_owned(),
            ..asked
        };
        assert_ne!(elsewhere.complaints(&reply(200, JSON, &body)), [""; 0]);
    }

    #[test]
    fn complains_when_a_request_is_taken_that_the_document_forbids() {
        let good = json!({"callback_base_url": null});
        let taken = reply(200, JSON, &good);
        let refused = reply(400, PROBLEM, &problem("malformed_request", 400));
        let surplus = Asked {
            query: vec![("tenant_id".to_owned(), "other".to_owned())],
            ..settings(&good)
        };
        let form = Asked {
            content_type: "text/plain".to_owned(),
            ..settings(&good)
        };
        for (what, asked) in [
            ("a field of the wrong type", settings(&json!({"callback_base_url": 1}))),
            (
                "an unknown field",
                settings(&json!({"callback_base_url": null, "tenant_id": "other"})),
            ),
            ("an unknown parameter", surplus),
            ("another media type", form),
        ] {
            assert_ne!(asked.complaints(&taken), [""; 0], "{what}");
            assert_eq!(asked.complaints(&refused), [""; 0], "{what}");
        }
        let nobody = Asked {
            with_token: false,
            ..settings(&good)
        };
        assert_ne!(nobody.complaints(&taken), [""; 0]);
    }

    #[test]
    fn finds_operations_as_the_routes_do() {
        let found = |method: &str, path: &str| Operation::find(method, path).map(|operation| operation.path);
        assert_eq!(found("POST", "/callback/x//"), Some("/callback/{callback_id}"));
        assert_eq!(found("GET", "/suite/callback/"), Some("/suite/callback"));
        assert_eq!(found("GET", "/suite/dk1/callback/"), Some("/suite/{suite_id}/callback"));
        let of_an_app = Some("/suite/{suite_id}/callback/{corp_id}");
        assert_eq!(found("POST", "/suite/dk1/callback/wpA"), of_an_app);
        assert_eq!(found("GET", "/assets/css/page.css"), Some("/assets/{file}"));
        assert_eq!(found("GET", "/assets/config.json"), Some("/assets/config.json"));
        assert_eq!(
            found("PUT", "/authorization/contacts/secret"),
            Some("/authorization/{scope}/secret")
        );
        assert_eq!(found("GET", "/"), Some("/"));
        assert_eq!(found("GET", "/authorization/"), None);
        assert_eq!(found("DELETE", "/callback/x"), None);
    }
}
