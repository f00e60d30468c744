//! Navigation in `openapi.yaml`: a [`Node`] is a value in the document together with its position.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use jsonschema::{Registry, Validator};
use serde_json::{Value, json};

const URI: &str = "urn:wecom-authorization:openapi";

static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_saphyr::from_str(include_str!("../../../openapi.yaml")).unwrap());

/// Knows the document, so that schemas can refer to one another.
static REGISTRY: LazyLock<Registry<'static>> =
    LazyLock::new(|| Registry::new().add(URI, &*DOCUMENT).unwrap().prepare().unwrap());

static VALIDATORS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);

/// A place in the document: never one that only refers to another.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// Position in the document, as a JSON pointer.
    pub(super) pointer: String,
    /// Value at that position.
    pub(super) value: &'static Value,
}

impl Node {
    /// The whole document.
    pub(super) fn root() -> Self {
        Self::at(String::new())
    }

    fn at(pointer: String) -> Self {
        let value = DOCUMENT
            .pointer(&pointer)
            .unwrap_or_else(|| panic!("openapi.yaml refers to {pointer}, which it does not have"));
        match value.get("$ref").and_then(Value::as_str) {
            Some(target) => Self::at(target.strip_prefix('#').unwrap().to_owned()),
            None => Self { pointer, value },
        }
    }

    /// Child of a key or an index, without following a reference.
    pub(super) fn below(&self, key: &str) -> Self {
        let pointer = format!("{}/{}", self.pointer, escape(key));
        let value = DOCUMENT.pointer(&pointer).unwrap();
        Self { pointer, value }
    }

    /// Child of a key, if there is one.
    pub(super) fn get(&self, key: &str) -> Option<Self> {
        self.value.get(key)?;
        Some(Self::at(format!("{}/{}", self.pointer, escape(key))))
    }

    /// Child of a key, which must exist.
    pub(super) fn child(&self, key: &str) -> Self {
        self.get(key).unwrap_or_else(|| panic!("{} has no {key}", self.pointer))
    }

    /// Keys and children of a map.
    pub(super) fn entries(&self) -> Vec<(&'static str, Self)> {
        let map = self.value.as_object().into_iter().flatten();
        map.map(|(key, _)| (key.as_str(), self.child(key))).collect()
    }

    /// The entries under a key, or none.
    pub(super) fn entries_of(&self, key: &str) -> Vec<(&'static str, Self)> {
        self.get(key).map_or_else(Vec::new, |node| node.entries())
    }

    /// The elements of a list under a key, or none.
    pub(super) fn items(&self, key: &str) -> Vec<Self> {
        let count = self.value.get(key).and_then(Value::as_array).map_or(0, Vec::len);
        (0..count)
            .map(|index| Self::at(format!("{}/{key}/{index}", self.pointer)))
            .collect()
    }

    /// The text under a key.
    pub(super) fn text(&self, key: &str) -> Option<&'static str> {
        self.value.get(key).and_then(Value::as_str)
    }

    pub(super) fn is(&self, key: &str) -> bool {
        self.value.get(key).and_then(Value::as_bool).unwrap_or_default()
    }

    /// Errors of `instance` by the schema at this node.
    pub(super) fn complaints(&self, instance: &Value) -> Vec<String> {
        self.validator()
            .iter_errors(instance)
            .map(|error| {
                format!(
                    "{} (at {:?}, by {})",
                    error,
                    error.instance_path().as_str(),
                    self.pointer
                )
            })
            .collect()
    }

    /// Compiled schema at this node.
    pub(super) fn validator(&self) -> Arc<Validator> {
        let mut known = VALIDATORS.lock().unwrap_or_else(PoisonError::into_inner);
        let validator = known.entry(self.pointer.clone()).or_insert_with(|| {
            let schema = json!({"$ref": format!("{URI}#{}", self.pointer.replace('{', "%7B").replace('}', "%7D"))});
            let built = jsonschema::draft202012::options()
                .should_validate_formats(true)
                .with_registry(&REGISTRY)
                .build(&schema);
            Arc::new(built.unwrap_or_else(|error| panic!("{}: {error}", self.pointer)))
        });
        Arc::clone(validator)
    }
}

/// A key, escaped for a JSON pointer.
fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// One method of one path.
#[derive(Debug, Clone)]
pub(super) struct Operation {
    /// In capitals.
    pub(super) method: String,
    /// With `{parameters}`.
    pub(super) path: &'static str,
    /// The path item.
    shared: Node,
    /// The operation.
    pub(super) node: Node,
}

/// Everything that can be asked.
pub(super) fn operations() -> Vec<Operation> {
    let methods = ["get", "head", "put", "post", "delete"];
    let mut operations = Vec::new();
    for (path, shared) in Node::root().child("paths").entries() {
        for (method, node) in shared.entries() {
            if methods.contains(&method) {
                operations.push(Operation {
                    method: method.to_uppercase(),
                    path,
                    shared: shared.clone(),
                    node,
                });
            }
        }
    }
    operations
}

impl Operation {
    /// The operation that a request is for.
    pub(super) fn find(method: &str, path: &str) -> Option<Self> {
        let mut fitting: Vec<_> = operations()
            .into_iter()
            .filter(|operation| operation.method == method && operation.arguments(path).is_some())
            .collect();
        // A path that is written out goes before one with parameters.
        fitting.sort_by_key(|operation| operation.path.matches('{').count());
        fitting.into_iter().next()
    }

    /// The values of the path's parameters, if the path is of this operation's form.
    pub(super) fn arguments(&self, path: &str) -> Option<Vec<(&'static str, String)>> {
        let slashes_are_ignored = self.path.contains("callback") || self.path.starts_with("/legacy/");
        let path = if slashes_are_ignored {
            path.trim_end_matches('/')
        } else {
            path
        };
        let mut arguments = Vec::new();
        let mut given = path.split('/');
        for wanted in self.path.split('/') {
            let segment = given.next()?;
            match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                None if wanted == segment => {}
                // These take what is left, with its slashes.
                Some(name @ ("file" | "callback_id" | "path")) => {
                    let rest = std::iter::once(segment).chain(given.by_ref());
                    arguments.push((name, rest.collect::<Vec<_>>().join("/")));
                }
                Some(name) if !segment.is_empty() => arguments.push((name, segment.to_owned())),
                _ => return None,
            }
        }
        given.next().is_none().then_some(arguments)
    }

    /// The parameters, those of the path included.
    pub(super) fn parameters(&self) -> Vec<Node> {
        [self.shared.items("parameters"), self.node.items("parameters")].concat()
    }

    /// Whether the operation requires a token.
    pub(super) fn needs_token(&self) -> bool {
        let own = self.node.value.get("security");
        let security = own.or_else(|| Node::root().value.get("security")).unwrap();
        !security.as_array().unwrap().is_empty()
    }

    /// The statuses that it may answer with what each is.
    pub(super) fn responses(&self) -> Vec<(u16, Node)> {
        let responses = self.node.child("responses").entries();
        responses
            .into_iter()
            .map(|(status, response)| (status.parse().unwrap(), response))
            .collect()
    }
}

/// The codes of the problem documents that a response may carry.
pub(super) fn codes(response: &Node) -> Vec<&'static str> {
    let Some(schema) = response
        .get("content")
        .and_then(|content| content.get("application/problem+json"))
        .and_then(|content| content.get("schema"))
    else {
        return Vec::new();
    };
    let mut variants = schema.items("oneOf");
    if variants.is_empty() {
        variants.push(schema);
    }
    let code = |schema: &Node| schema.child("properties").child("code").text("const").unwrap();
    variants.iter().map(code).collect()
}
