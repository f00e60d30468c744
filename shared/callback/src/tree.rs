//! Elements as JSON values: the shape that [`crate::xml`] documents.

use serde_json::{Map, Value, map::Entry};

use crate::markup::Text;

/// Key of the text of an element that also has elements. No element can have this name.
pub(crate) const TEXT_KEY: &str = "#text";

/// Element that was opened and not closed.
pub(crate) struct Element<'a> {
    pub(crate) name: &'a str,
    pub(crate) text: Text<'a>,
    pub(crate) children: Map<String, Value>,
}

impl<'a> Element<'a> {
    pub(crate) fn new(name: &'a str) -> Self {
        Self {
            name,
            text: Text::default(),
            children: Map::new(),
        }
    }

    pub(crate) fn into_map(self) -> Map<String, Value> {
        let mut map = self.children;
        let text = self.text.finish();
        if !text.is_empty() {
            map.insert(TEXT_KEY.to_owned(), Value::from(text));
        }
        map
    }

    pub(crate) fn into_value(self) -> Value {
        if self.children.is_empty() {
            Value::from(self.text.finish())
        } else {
            Value::from(self.into_map())
        }
    }
}

/// Adds an element to its parent; a second one of the same name makes an array of both.
pub(crate) fn add(children: &mut Map<String, Value>, name: &str, value: Value) {
    match children.entry(name) {
        Entry::Vacant(vacant) => {
            vacant.insert(value);
        }
        Entry::Occupied(occupied) => match occupied.into_mut() {
            Value::Array(values) => values.push(value),
            single => *single = Value::from(vec![single.take(), value]),
        },
    }
}
