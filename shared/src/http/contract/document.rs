//! The document, made of operations and of the schemas and examples that they refer to.

use std::collections::BTreeMap;

use schemars::{Schema, SchemaGenerator, generate::SchemaSettings, transform::RecursiveTransform};
use serde_json::{Map, Value, json};

use super::{
    files::{examples_of, file},
    operation::{Answer, Body, Content, Operation, SchemaOf},
    problems::{self, own_members},
    schema::{closed, name_of, object, or_empty, overlay, pascal, plain, reference},
};
use crate::http::problem::{CODES, Kind};

/// The document under construction.
pub(super) struct Document {
    base: Value,
    paths: BTreeMap<&'static str, Map<String, Value>>,
    order: Vec<&'static str>,
    requests: SchemaGenerator,
    answers: SchemaGenerator,
    responses: Map<String, Value>,
    examples: Map<String, Value>,
    schemas: Map<String, Value>,
}

impl Document {
    pub(super) fn new() -> Self {
        let settings = SchemaSettings::draft2020_12().with(|settings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
        });
        let settings = settings.with_transform(RecursiveTransform(plain));
        let closed = settings.clone().with_transform(RecursiveTransform(closed));
        Self {
            base: file("base.yaml"),
            paths: BTreeMap::new(),
            order: Vec::new(),
            requests: settings.clone().for_deserialize().into_generator(),
            answers: closed.for_serialize().into_generator(),
            responses: Map::new(),
            examples: Map::new(),
            schemas: Map::new(),
        }
    }

    pub(super) fn add(&mut self, operation: Operation) {
        let mut said = operation.said;
        let mut parameters: Vec<Value> = operation
            .parameters
            .iter()
            .map(|name| reference("parameters", name))
            .collect();
        if let Some(query) = operation.query {
            parameters.extend(self.query_parameters(query));
        }
        if !parameters.is_empty() {
            said.insert("parameters".to_owned(), json!(parameters));
        }
        match operation.body {
            None => {}
            Some(Body::Component(name)) => {
                said.insert("requestBody".to_owned(), reference("requestBodies", name));
            }
            Some(Body::Json { schema, required }) => {
                let schema = schema(&mut self.requests);
                let media_type = self.media_type(&schema, &[]);
                let body = json!({"required": required, "content": {"application/json": media_type}});
                said.insert("requestBody".to_owned(), body);
            }
        }
        let mut responses = BTreeMap::new();
        for answer in operation.answers {
            responses.insert(answer.status, self.response(&answer));
        }
        for (status, kinds) in by_status(&operation.refusals) {
            responses.insert(status, self.refusal(&kinds));
        }
        let responses: Map<_, _> = responses
            .into_iter()
            .map(|(status, response)| (status.to_string(), response))
            .collect();
        said.insert("responses".to_owned(), Value::Object(responses));
        if !self.order.contains(&operation.path) {
            self.order.push(operation.path);
        }
        let methods = self.paths.entry(operation.path).or_default();
        methods.insert(operation.method.to_lowercase(), Value::Object(said));
    }

    /// A parameter for each field of the type.
    fn query_parameters(&mut self, schema: SchemaOf) -> Vec<Value> {
        let reference = schema(&mut self.requests);
        let name = name_of(&reference).expect("a query is a type with a name");
        let definition = self.requests.definitions_mut().shift_remove(&name);
        let mut definition = definition.expect("the type has just been described");
        let mut fields = object(definition["properties"].take());
        fields
            .iter_mut()
            .map(|(name, schema)| {
                let mut parameter = json!({"name": name, "in": "query"});
                let mut schema = object(schema.take());
                for own in ["description", "example"] {
                    if let Some(value) = schema.shift_remove(own) {
                        parameter[own] = value;
                    }
                }
                parameter["schema"] = or_empty(schema);
                parameter
            })
            .collect()
    }

    fn response(&mut self, answer: &Answer) -> Value {
        let mut response = match answer.content {
            Content::Component(name) => return reference("responses", name),
            Content::Empty => json!({}),
            Content::Json(schema, examples) => {
                let schema = schema(&mut self.answers);
                json!({"content": {"application/json": self.media_type(&schema, examples)}})
            }
        };
        response["description"] = json!(answer.description);
        for (header, name) in answer.headers {
            response["headers"][header] = reference("headers", name);
        }
        response
    }

    /// A schema with its examples, by reference.
    fn media_type(&mut self, schema: &Schema, names: &[&str]) -> Value {
        let of = name_of(schema).expect("a body is a type with a name");
        let mut examples = Map::new();
        for (name, example) in examples_of(&of) {
            if names.is_empty() || names.contains(&name.as_str()) {
                let component = format!("{of}.{name}");
                examples.insert(name, reference("examples", &component));
                self.examples.insert(component, example);
            }
        }
        assert!(
            names.iter().all(|name| examples.contains_key(*name)),
            "{of} has not all of {names:?}"
        );
        json!({"schema": schema, "examples": examples})
    }

    /// Error answer of one status: a component where only one kind has it.
    fn refusal(&mut self, kinds: &[(Kind, &'static [&'static str])]) -> Value {
        let mut examples = Map::new();
        for (kind, names) in kinds {
            for (name, problem) in problems::examples(*kind) {
                if names.is_empty() || names.contains(&name) {
                    examples.insert(name.to_owned(), reference("examples", name));
                    self.examples.insert(name.to_owned(), json!({ "value": problem }));
                }
            }
        }
        let mut schemas: Vec<Value> = kinds.iter().map(|(kind, _)| self.problem_schema(*kind)).collect();
        let titles: Vec<_> = kinds.iter().map(|(kind, _)| kind.title).collect();
        let schema = if schemas.len() == 1 {
            schemas.remove(0)
        } else {
            json!({ "oneOf": schemas })
        };
        let mut response = json!({
            "description": format!("{}.", titles.join(", or: ")),
            "content": {"application/problem+json": {"schema": schema, "examples": examples}},
        });
        if kinds
            .iter()
            .any(|(kind, _)| own_members(*kind).0.contains(&"retry_after"))
        {
            response["headers"]["Retry-After"] = reference("headers", "RetryAfter");
        }
        match kinds {
            [(kind, [])] => {
                let name = pascal(kind.code);
                self.responses.insert(name.clone(), response);
                reference("responses", &name)
            }
            _ => response,
        }
    }

    fn problem_schema(&mut self, kind: Kind) -> Value {
        let name = format!("{}Problem", pascal(kind.code));
        if !self.schemas.contains_key(&name) {
            let schema = problems::schema(kind, &mut self.answers);
            self.schemas.insert(name.clone(), schema);
        }
        reference("schemas", &name)
    }

    pub(super) fn finish(mut self) -> Value {
        let mut schemas = self.requests.take_definitions(true);
        for (name, schema) in self.answers.take_definitions(true) {
            if let Some(other) = schemas.get(&name) {
                assert_eq!(*other, schema, "{name} differs between requests and answers");
            }
            schemas.insert(name, schema);
        }
        schemas.append(&mut self.schemas);
        schemas.sort_keys();
        let paths: Map<_, _> = self
            .order
            .iter()
            .filter_map(|path| Some(((*path).to_owned(), Value::Object(self.paths.remove(path)?))))
            .collect();
        self.responses.sort_keys();
        self.examples.sort_keys();
        let mut document = json!({
            "paths": paths,
            "components": {"responses": self.responses, "schemas": schemas, "examples": self.examples},
        });
        // Problem documents of each code add members to the common ones.
        if let Some(problem) = document
            .pointer_mut("/components/schemas/Problem")
            .and_then(Value::as_object_mut)
        {
            problem.shift_remove("additionalProperties");
        }
        overlay(&mut document, self.base);
        let order = [
            "openapi",
            "jsonSchemaDialect",
            "info",
            "servers",
            "tags",
            "security",
            "paths",
            "components",
        ];
        let mut members = object(document);
        let first = order.iter().filter_map(|name| members.shift_remove_entry(*name));
        first.collect::<Map<_, _>>().into()
    }
}

/// Kinds of problem that share a status, in the table's order.
fn by_status(refusals: &[(Kind, &'static [&'static str])]) -> BTreeMap<u16, Vec<(Kind, &'static [&'static str])>> {
    let mut by_status: BTreeMap<u16, Vec<_>> = BTreeMap::new();
    for kind in CODES {
        let refusal = refusals.iter().rev().find(|(refused, _)| refused.code == kind.code);
        if let Some(refusal) = refusal {
            by_status.entry(kind.status).or_default().push(*refusal);
        }
    }
    by_status
}
