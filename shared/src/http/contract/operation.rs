//! Operations of the document, as each handler's file describes its own.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::schema::object;
use crate::http::problem::{Kind, kinds};

/// Makes the schema of a type, or a reference to it.
pub(super) type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// One method of one path.
#[derive(Debug, Clone)]
pub(in crate::http) struct Operation {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    /// Everything that needs no schema, as it is written.
    pub(super) said: Map<String, Value>,
    pub(super) parameters: Vec<&'static str>,
    pub(super) query: Option<SchemaOf>,
    pub(super) body: Option<Body>,
    pub(super) answers: Vec<Answer>,
    pub(super) refusals: Vec<(Kind, &'static [&'static str])>,
}

#[derive(Debug, Clone)]
pub(super) enum Body {
    Json { schema: SchemaOf, required: bool },
    Component(&'static str),
}

#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) content: Content,
    pub(super) description: &'static str,
    pub(super) headers: &'static [(&'static str, &'static str)],
}

#[derive(Debug, Clone)]
pub(super) enum Content {
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
    pub(in crate::http) fn open(
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
    pub(in crate::http) fn admin(asked: [&'static str; 2], names: [&'static str; 2], said: [&'static str; 2]) -> Self {
        let mut operation = Self::open(asked, names, said);
        operation.said.shift_remove("security");
        operation.refuses(&[kinds::UNAUTHENTICATED, kinds::FORBIDDEN, kinds::TEMPORARILY_UNAVAILABLE])
    }

    /// An operation for the platform's operators, by their token.
    pub(in crate::http) fn operator(
        asked: [&'static str; 2],
        names: [&'static str; 2],
        said: [&'static str; 2],
    ) -> Self {
        let mut operation = Self::admin(asked, names, said);
        operation
            .said
            .insert("security".to_owned(), json!([{"operatorToken": []}]));
        operation
    }

    /// The same operation on one of several bindings: `/authorizations/{binding_id}/…` for `/authorization/…`.
    pub(super) fn of_binding(mut self) -> Option<Self> {
        let below = self
            .path
            .strip_prefix("/authorization")
            .filter(|below| !below.starts_with('s'))?;
        // The document is made once, by a program that ends with it.
        self.path = Box::leak(format!("/authorizations/{{binding_id}}{below}").into_boxed_str());
        let id = self.said.get("operationId").and_then(Value::as_str).unwrap_or_default();
        let id = format!("{id}OfBinding");
        self.said.insert("operationId".to_owned(), json!(id));
        let description = format!("As `{} /authorization{below}`, on this binding.", self.method);
        self.said.insert("description".to_owned(), json!(description));
        self.parameters.insert(0, "bindingId");
        Some(self.refuses(&[kinds::NOT_FOUND]))
    }

    pub(in crate::http) fn says(mut self, description: &str) -> Self {
        self.said.insert("description".to_owned(), json!(description));
        self
    }

    /// Takes parameters of these names in `openapi/base.yaml`.
    pub(in crate::http) fn parameters(mut self, names: &[&'static str]) -> Self {
        self.parameters.extend(names);
        self
    }

    /// Takes the fields of this type as parameters of the query, and refuses all others.
    pub(in crate::http) fn query<T: JsonSchema>(mut self) -> Self {
        self.query = Some(schema_of::<T>);
        self.refuses(&[kinds::MALFORMED_REQUEST])
    }

    /// Takes a JSON body, `{}` where there is none.
    pub(in crate::http) fn takes_if_any<T: JsonSchema>(mut self) -> Self {
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
    pub(in crate::http) fn takes<T: JsonSchema>(self) -> Self {
        let mut operation = self.takes_if_any::<T>();
        operation.body = Some(Body::Json {
            schema: schema_of::<T>,
            required: true,
        });
        operation
    }

    /// Takes the body of this name in `openapi/base.yaml`.
    pub(in crate::http) fn takes_component(mut self, name: &'static str) -> Self {
        self.body = Some(Body::Component(name));
        self.refuses(&[kinds::BODY_TOO_LARGE])
    }

    /// Answers JSON, shown by all examples of the type.
    pub(in crate::http) fn answers<T: JsonSchema>(self, status: u16, description: &'static str) -> Self {
        self.answers_like::<T>(status, description, &[])
    }

    /// Answers JSON, shown by these examples of the type.
    pub(in crate::http) fn answers_like<T: JsonSchema>(
        self,
        status: u16,
        description: &'static str,
        examples: &'static [&'static str],
    ) -> Self {
        self.answer(status, description, Content::Json(schema_of::<T>, examples), &[])
    }

    /// Answers no body, with headers by their names and those in `openapi/base.yaml`.
    pub(in crate::http) fn answers_nothing(
        self,
        status: u16,
        description: &'static str,
        headers: &'static [(&'static str, &'static str)],
    ) -> Self {
        self.answer(status, description, Content::Empty, headers)
    }

    /// Answers as `openapi/base.yaml` says under this name.
    pub(in crate::http) fn answers_component(self, status: u16, name: &'static str) -> Self {
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
    pub(in crate::http) fn refuses(mut self, kinds: &[Kind]) -> Self {
        self.refusals.extend(kinds.iter().map(|kind| (*kind, &[][..])));
        self
    }

    /// Refuses with this kind, shown by these of its examples.
    pub(in crate::http) fn refuses_like(mut self, kind: Kind, examples: &'static [&'static str]) -> Self {
        self.refusals.push((kind, examples));
        self
    }

    /// Marks the route as one without error answers.
    pub(in crate::http) fn never_fails(mut self) -> Self {
        self.refusals.clear();
        self
    }
}
