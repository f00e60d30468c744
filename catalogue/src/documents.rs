//! JSON Schema and AsyncAPI.

use serde_json::{Map, Value, json};
use wecom_callback::xml;

use crate::{Catalogue, Entry, Field, Kind};

/// JSON Schema 2020-12 of each payload, as it is in `detail.payload` on the bus and in `GET /authorization/events`.
pub(crate) fn schemas(catalogue: &Catalogue) -> String {
    let mut definitions = Map::new();
    for (name, children) in &catalogue.types {
        let properties = children.iter().map(|(child, of)| match child.strip_suffix('*') {
            None => (child.clone(), content(of)),
            Some(child) => {
                let one = content(of);
                (
                    child.to_owned(),
                    json!({"anyOf": [one, {"type": "array", "items": one}]}),
                )
            }
        });
        definitions.insert(
            name.clone(),
            json!({"type": "object", "properties": properties.collect::<Map<_, _>>()}),
        );
    }
    for entry in &catalogue.entries {
        definitions.insert(entry.type_name(), schema(catalogue, entry));
    }
    let any: Vec<_> = catalogue
        .entries
        .iter()
        .map(|entry| reference(&entry.type_name()))
        .collect();
    pretty(&json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "WeCom's events as JSON",
        "description": "Generated from catalogue/events.json. Every element of WeCom's XML is a member, an element that repeats is an array, every value is a string. WeCom adds events and elements: a consumer leaves alone what it does not know.",
        "anyOf": any,
        "$defs": definitions,
    }))
}

fn schema(catalogue: &Catalogue, entry: &Entry) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for name in entry.envelope() {
        let about = catalogue.fields.get(*name).map(Field::about);
        let mut property = json!({"type": "string", "description": about});
        if let (Some(constant), Some(property)) = (entry.constant(name), property.as_object_mut()) {
            property.remove("type");
            property.insert("const".to_owned(), constant.into());
        }
        properties.insert((*name).to_owned(), property);
        required.push(*name);
    }
    for (name, is_required) in entry.own_fields() {
        let Some(field) = catalogue.fields.get(name) else {
            continue;
        };
        properties.insert(name.to_owned(), field_schema(field));
        if is_required {
            required.push(name);
        }
    }
    let page = format!("https://developer.work.weixin.qq.com/document/path/{}", entry.page);
    let description = [Some(entry.title.en.as_str()), entry.note.as_deref(), Some(&page)];
    json!({
        "title": entry.title.zh_cn,
        "description": description.into_iter().flatten().collect::<Vec<_>>().join(" — "),
        "type": "object",
        "required": required,
        "properties": properties,
        "examples": examples(entry).collect::<Vec<_>>(),
    })
}

fn field_schema(field: &Field) -> Value {
    match field {
        Field::Text(about) => json!({"type": "string", "description": about}),
        Field::Structured(structured) => {
            let own = reference(&structured.type_name);
            if structured.or_text {
                json!({"description": structured.about, "anyOf": [own, {"type": "string"}]})
            } else {
                json!({"description": structured.about, "allOf": [own]})
            }
        }
    }
}

/// An empty element is an empty string, whatever it may contain otherwise.
fn content(of: &str) -> Value {
    match of {
        "text" => json!({"type": "string"}),
        other => json!({"anyOf": [reference(other), {"const": ""}]}),
    }
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/$defs/{name}")})
}

fn examples(entry: &Entry) -> impl Iterator<Item = Value> {
    entry
        .xml()
        .filter_map(|text| xml::to_json(text.as_bytes()).ok())
        .map(Value::Object)
}

/// AsyncAPI 3.0 document of the bus: each event of the catalogue as a message, with its example.
pub(crate) fn async_api(catalogue: &Catalogue) -> String {
    let on_bus = || catalogue.entries.iter().filter(|entry| entry.kind != Kind::Suite);
    let mut messages = Map::new();
    for entry in on_bus() {
        let payload = json!({"$ref": format!("./payloads.schema.json#/$defs/{}", entry.type_name())});
        messages.insert(entry.type_name(), json!({
            "name": "wecom.event",
            "title": format!("{} · {}", entry.title.zh_cn, entry.title.en),
            "summary": entry.note,
            "contentType": "application/json",
            "payload": {"allOf": [
                {"$ref": "./events.schema.json"},
                {"type": "object", "properties": {"detail": {"type": "object", "properties": {"payload": payload}}}},
            ]},
            "examples": examples(entry).map(|payload| json!({"payload": on_the_bus(entry, &payload)})).collect::<Vec<_>>(),
        }));
    }
    messages.insert("AuthorizationChanged".to_owned(), json!({
        "name": "authorization.changed",
        "title": "授权状态变更 · A binding changed",
        "contentType": "application/json",
        "payload": {"$ref": "./events.schema.json"},
        "examples": [{"payload": {
            "source": "wecom.authorization",
            "detail-type": "authorization.changed",
            "detail": {"tenant_id": "acme", "binding_id": "first", "what": "contacts.secret", "from": "accepted", "to": "rejected", "at": "2026-11-22T15:56:32.291Z"},
        }}],
    }));
    messages.insert(
        "EventsGap".to_owned(),
        json!({
            "name": "events.gap",
            "title": "事件可能有遗漏 · Events may have been lost",
            "contentType": "application/json",
            "payload": {"$ref": "./events.schema.json"},
            "examples": [{"payload": {
                "source": "wecom.authorization",
                "detail-type": "events.gap",
                "detail": {
                    "tenant_id": "acme",
                    "binding_id": "first",
                    "scope": "contacts",
                    "corp_id": crate::EXAMPLE_CORP,
                    "from": "2026-11-20T08:00:00Z",
                    "to": "2026-11-22T15:56:32.291Z",
                    "reason": "set_up_again",
                },
            }}],
        }),
    );
    messages.insert(
        "WebhooksChanged".to_owned(),
        json!({
            "name": "webhooks.changed",
            "title": "Webhook 接收方停用或恢复 · The receiver of webhooks was disabled or enabled",
            "contentType": "application/json",
            "payload": {"$ref": "./events.schema.json"},
            "examples": [{"payload": {
                "source": "wecom.authorization",
                "detail-type": "webhooks.changed",
                "detail": {
                    "receiver": "hooks.example.com",
                    "from": "enabled",
                    "to": "disabled",
                    "at": "2026-11-22T15:56:32.291Z",
                    "reason": "failing",
                    "failing_since": "2026-11-17T15:56:31Z",
                },
            }}],
        }),
    );
    for message in messages.values_mut().filter_map(Value::as_object_mut) {
        message.retain(|_, value| !value.is_null());
    }
    let references: Vec<_> = messages
        .keys()
        .map(|name| json!({"$ref": format!("#/channels/bus/messages/{name}")}))
        .collect();
    pretty(&json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "WeCom Authorization: events",
            "version": "1.0.0",
            "description": "Generated from catalogue/events.json. docs/events.md says what is promised.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {"bus": {
            "title": "The event bus",
            "description": "EventBridge's bus of the deployment (output EventBusArn), source wecom.authorization.",
            "messages": messages,
        }},
        "operations": {"publish": {
            "action": "send",
            "channel": {"$ref": "#/channels/bus"},
            "summary": "What the deployment tells the platform's other services.",
            "messages": references,
        }},
    }))
}

fn on_the_bus(entry: &Entry, payload: &Value) -> Value {
    let scope = match entry.scope.as_str() {
        "contacts" => "contacts",
        // The callback of a self-built app is the one for external contacts.
        _ => "external_contacts",
    };
    let (event, change_type) = match entry.kind {
        Kind::Message => ("", None),
        _ => (entry.event(), entry.change_type()),
    };
    json!({
        "source": "wecom.authorization",
        "detail-type": "wecom.event",
        "detail": {
            "event_id": "74945b243d9a6b6ee8bfaf5ce3736a39",
            "tenant_id": "acme",
            "binding_id": "first",
            "scope": scope,
            "corp_id": crate::EXAMPLE_CORP,
            "event": event,
            "change_type": change_type,
            "created_at": "2025-11-24T16:16:40Z",
            "received_at": "2025-11-24T16:16:40.291Z",
            "replays": 0,
            "payload": payload,
        },
    })
}

fn pretty(document: &Value) -> String {
    format!("{document:#}\n")
}
