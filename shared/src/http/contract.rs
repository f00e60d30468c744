//! The description of the HTTP API: `openapi.yaml`, made from the types of requests and answers, the table of problems, and
//! what each handler's file says of its operations. No function contains this module: it exists with the feature `contract`
//! alone.
//!
//! Three things come from files, because no type has them. `openapi/base.yaml` has the text around the operations, parameters
//! and headers by name, and what a type cannot say of its members, such as which of them are null together; it is merged into
//! what is generated. `openapi/examples/` has an example object for each schema and name.

#![expect(
    clippy::indexing_slicing,
    reason = "indexing a JSON object by a key inserts, and does not panic"
)]

mod problems;

use std::collections::BTreeMap;

use include_dir::{Dir, include_dir};
use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, transform::RecursiveTransform};
use serde_json::{Map, Value, json};

use self::problems::own_members;
use super::problem::{CODES, Kind, kinds};

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../openapi");

/// The whole document.
///
/// # Panics
/// When a file in `openapi/` is malformed, or names something that does not exist.
#[must_use]
pub fn openapi() -> Value {
    let mut document = Document::new();
    for operation in operations() {
        document.add(operation);
    }
    document.finish()
}

fn operations() -> Vec<Operation> {
    [
        super::authorization::operations(),
        super::installation::operations(),
        super::secret::operations(),
        super::credentials::operations(),
        super::assist::operations(),
        super::test::operations(),
        super::settings::operations(),
        super::events::operations(),
        super::audit::operations(),
        super::callbacks::operations(),
        super::console::operations(),
        super::help::operations(),
    ]
    .concat()
}

/// Makes the schema of a type, or a reference to it.
type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// One method of one path.
#[derive(Debug, Clone)]
pub(super) struct Operation {
    method: &'static str,
    path: &'static str,
    /// Everything that needs no schema, as it is written.
    said: Map<String, Value>,
    parameters: Vec<&'static str>,
    query: Option<SchemaOf>,
    body: Option<Body>,
    answers: Vec<Answer>,
    refusals: Vec<(Kind, &'static [&'static str])>,
}

#[derive(Debug, Clone)]
enum Body {
    Json { schema: SchemaOf, required: bool },
    Component(&'static str),
}

#[derive(Debug, Clone)]
struct Answer {
    status: u16,
    content: Content,
    description: &'static str,
    headers: &'static [(&'static str, &'static str)],
}

#[derive(Debug, Clone)]
enum Content {
    /// Answer without a body.
    Empty,
    /// JSON, with these of the schema's examples; all of them where none is named.
    Json(SchemaOf, &'static [&'static str]),
    /// The response of this name in `openapi/base.yaml`.
    Component(&'static str),
}

fn schema_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

impl Operation {
    /// An operation that anybody may ask for.
    pub(super) fn open(
        [method, path]: [&'static str; 2],
        [id, function]: [&'static str; 2],
        [tag, summary]: [&'static str; 2],
    ) -> Self {
        let said = json!({
            "operationId": id, "x-function": function, "tags": [tag], "summary": summary, "security": [],
        });
        Self {
            method,
            path,
            said: object(said),
            parameters: Vec::new(),
            query: None,
            body: None,
            answers: Vec::new(),
            refusals: vec![(kinds::INTERNAL_ERROR, &[])],
        }
    }

    /// An operation for an admin of a tenant, by their token.
    pub(super) fn admin(asked: [&'static str; 2], names: [&'static str; 2], said: [&'static str; 2]) -> Self {
        let mut operation = Self::open(asked, names, said);
        operation.said.shift_remove("security");
        operation.refuses(&[kinds::UNAUTHENTICATED, kinds::FORBIDDEN, kinds::TEMPORARILY_UNAVAILABLE])
    }

    pub(super) fn says(mut self, description: &str) -> Self {
        self.said.insert("description".to_owned(), json!(description));
        self
    }

    /// Takes parameters of these names in `openapi/base.yaml`.
    pub(super) fn parameters(mut self, names: &[&'static str]) -> Self {
        self.parameters.extend(names);
        self
    }

    /// Takes the fields of this type as parameters of the query, and refuses all others.
    pub(super) fn query<T: JsonSchema>(mut self) -> Self {
        self.query = Some(schema_of::<T>);
        self.refuses(&[kinds::MALFORMED_REQUEST])
    }

    /// Takes a JSON body, `{}` where there is none.
    pub(super) fn takes_if_any<T: JsonSchema>(mut self) -> Self {
        self.body = Some(Body::Json {
            schema: schema_of::<T>,
            required: false,
        });
        self.refuses(&[
            kinds::MALFORMED_REQUEST,
            kinds::BODY_TOO_LARGE,
            kinds::UNSUPPORTED_MEDIA_TYPE,
        ])
    }

    /// Takes a JSON body.
    pub(super) fn takes<T: JsonSchema>(self) -> Self {
        let mut operation = self.takes_if_any::<T>();
        operation.body = Some(Body::Json {
            schema: schema_of::<T>,
            required: true,
        });
        operation
    }

    /// Takes the body of this name in `openapi/base.yaml`.
    pub(super) fn takes_component(mut self, name: &'static str) -> Self {
        self.body = Some(Body::Component(name));
        self.refuses(&[kinds::BODY_TOO_LARGE])
    }

    /// Answers JSON, shown by all examples of the type.
    pub(super) fn answers<T: JsonSchema>(self, status: u16, description: &'static str) -> Self {
        self.answers_like::<T>(status, description, &[])
    }

    /// Answers JSON, shown by these examples of the type.
    pub(super) fn answers_like<T: JsonSchema>(
        self,
        status: u16,
        description: &'static str,
        examples: &'static [&'static str],
    ) -> Self {
        self.answer(status, description, Content::Json(schema_of::<T>, examples), &[])
    }

    /// Answers no body, with headers by their names and those in `openapi/base.yaml`.
    pub(super) fn answers_nothing(
        self,
        status: u16,
        description: &'static str,
        headers: &'static [(&'static str, &'static str)],
    ) -> Self {
        self.answer(status, description, Content::Empty, headers)
    }

    /// Answers as `openapi/base.yaml` says under this name.
    pub(super) fn answers_component(self, status: u16, name: &'static str) -> Self {
        self.answer(status, "", Content::Component(name), &[])
    }

    fn answer(
        mut self,
        status: u16,
        description: &'static str,
        content: Content,
        headers: &'static [(&'static str, &'static str)],
    ) -> Self {
        self.answers.push(Answer {
            status,
            content,
            description,
            headers,
        });
        self
    }

    /// Refuses with these kinds of problem.
    pub(super) fn refuses(mut self, kinds: &[Kind]) -> Self {
        self.refusals.extend(kinds.iter().map(|kind| (*kind, &[][..])));
        self
    }

    /// Refuses with this kind, shown by these of its examples.
    pub(super) fn refuses_like(mut self, kind: Kind, examples: &'static [&'static str]) -> Self {
        self.refusals.push((kind, examples));
        self
    }

    /// Marks the route as one without error answers.
    pub(super) fn never_fails(mut self) -> Self {
        self.refusals.clear();
        self
    }
}

/// The document under construction.
struct Document {
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
    fn new() -> Self {
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

    fn add(&mut self, operation: Operation) {
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

    fn finish(mut self) -> Value {
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

/// Leaves out what says nothing to a reader of the document: Rust's integer formats, and line breaks of doc comments.
fn plain(schema: &mut Schema) {
    if let Some(Value::String(format)) = schema.get("format")
        && format.starts_with(['u', 'i'])
        && format.ends_with(|last: char| last.is_ascii_digit())
    {
        schema.remove("format");
    }
    let variants = schema.get("oneOf").cloned().unwrap_or_default();
    if let Some((words, meaning)) = words(&variants) {
        schema.remove("oneOf");
        schema.insert("type".to_owned(), json!("string"));
        schema.insert("enum".to_owned(), json!(words));
        let description = schema.get("description").and_then(Value::as_str).unwrap_or_default();
        let description = format!("{description} {meaning}");
        schema.insert("description".to_owned(), json!(description.trim()));
    }
    if let Some(Value::String(description)) = schema.get_mut("description") {
        *description = description
            .split("\n\n")
            .map(|paragraph| paragraph.replace('\n', " "))
            .collect::<Vec<_>>()
            .join("\n\n");
    }
}

/// The schema of an optional parameter: a query has no null, and an empty parameter counts as absent.
fn or_empty(mut schema: Map<String, Value>) -> Value {
    let null = json!("null");
    for list in ["type", "enum"] {
        if let Some(Value::Array(values)) = schema.get_mut(list) {
            values.retain(|value| *value != null && !value.is_null());
        }
    }
    if let Some(Value::Array(types)) = schema.get_mut("type")
        && types.len() == 1
    {
        let only = types.remove(0);
        schema.insert("type".to_owned(), only);
    }
    let any_text = schema.len() == 1 && schema.get("type").is_some_and(|kind| kind == "string");
    if any_text {
        return Value::Object(schema);
    }
    json!({"anyOf": [schema, {"const": ""}]})
}

/// The words of an enum whose variants are described one by one, and what they mean.
fn words(variants: &Value) -> Option<(Vec<&str>, String)> {
    let variants = variants.as_array()?.iter();
    let described =
        variants.map(|variant| Some((variant.get("const")?.as_str()?, variant.get("description")?.as_str()?)));
    let described: Vec<_> = described.collect::<Option<_>>()?;
    let meaning = described.iter().map(|(word, meaning)| format!("`{word}`: {meaning}"));
    let meaning = meaning.collect::<Vec<_>>().join(" ");
    Some((described.into_iter().map(|(word, _)| word).collect(), meaning))
}

/// An answer has the members of its type and no others, and times in UTC.
fn closed(schema: &mut Schema) {
    if schema.get("properties").is_some() && schema.get("additionalProperties").is_none() {
        schema.insert("additionalProperties".to_owned(), json!(false));
    }
    if schema.get("format").is_some_and(|format| format == "date-time") {
        schema.insert("pattern".to_owned(), json!("Z$"));
    }
}

/// The type that a schema refers to.
fn name_of(schema: &Schema) -> Option<String> {
    let reference = schema.get("$ref")?.as_str()?;
    reference.rsplit('/').next().map(ToOwned::to_owned)
}

fn reference(kind: &str, name: &str) -> Value {
    json!({"$ref": format!("#/components/{kind}/{name}")})
}

/// The examples of a schema, by name: `openapi/examples/{schema}/{name}.json`, each an example object.
fn examples_of(schema: &str) -> BTreeMap<String, Value> {
    let folder = FILES.get_dir(format!("examples/{schema}"));
    let files = folder
        .unwrap_or_else(|| unreachable!("openapi/examples/{schema} is missing"))
        .files();
    files
        .map(|file| {
            let name = file
                .path()
                .file_stem()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            let example = serde_json::from_slice(file.contents());
            (
                name.to_owned(),
                example.unwrap_or_else(|error| unreachable!("{}: {error}", file.path().display())),
            )
        })
        .collect()
}

fn file(path: &str) -> Value {
    let text = FILES.get_file(path).and_then(|file| file.contents_utf8());
    serde_saphyr::from_str(text.unwrap_or_default()).expect("the file is YAML")
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

/// Adds what is written to what is generated. Where both say something, what is written counts.
fn overlay(generated: &mut Value, written: Value) {
    match (generated, written) {
        (Value::Object(generated), Value::Object(written)) => {
            for (name, value) in written {
                match generated.get_mut(&name) {
                    Some(existing) => overlay(existing, value),
                    None => {
                        generated.insert(name, value);
                    }
                }
            }
        }
        (generated, written) => *generated = written,
    }
}

/// `not_found` → `NotFound`.
fn pascal(code: &str) -> String {
    let mut text = String::new();
    let mut upper = true;
    for letter in code.chars() {
        if letter == '_' {
            upper = true;
        } else if upper {
            text.extend(letter.to_uppercase());
            upper = false;
        } else {
            text.push(letter);
        }
    }
    text
}
