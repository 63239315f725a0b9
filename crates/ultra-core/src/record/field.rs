//! What a field of a record is: whether it may be absent, whether it is left out, how its schema reads.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::MapAccess;
use serde_json::{Map, Value};

use super::text::Text;
use super::{Json, Object};

/// A type that can be a field of an `object!`.
pub trait Field: Sized {
    /// The value when the key is absent; `None` makes the field required.
    fn when_absent() -> Option<Self> {
        None
    }

    /// Whether the key is left out when the record is written.
    fn is_left_out(&self) -> bool {
        false
    }

    /// Reads the value of the key that was read last.
    ///
    /// # Errors
    /// When it is no value of this type.
    fn read<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Self, A::Error>
    where
        Self: Deserialize<'de>,
    {
        map.next_value()
    }
}

impl<T> Field for Option<T> {
    fn when_absent() -> Option<Self> {
        Some(None)
    }

    fn is_left_out(&self) -> bool {
        self.is_none()
    }
}

impl<T> Field for Vec<T> {
    fn when_absent() -> Option<Self> {
        Some(Vec::new())
    }

    fn is_left_out(&self) -> bool {
        self.is_empty()
    }
}

impl Field for Object {
    fn when_absent() -> Option<Self> {
        Some(Self::default())
    }

    fn is_left_out(&self) -> bool {
        self.is_empty()
    }
}

impl Field for bool {
    fn when_absent() -> Option<Self> {
        Some(false)
    }

    fn is_left_out(&self) -> bool {
        !self
    }
}

impl Field for String {
    fn read<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Self, A::Error> {
        map.next_value().map(|Text(text)| text)
    }
}

impl Field for u32 {}
impl Field for u64 {}
impl Field for f64 {}
impl Field for Json {}

/// Builds the JSON Schema of an object; unknown fields are always allowed.
#[derive(Debug)]
pub struct Shape {
    about: &'static str,
    properties: Map<String, Value>,
    required: Vec<Value>,
}

impl Shape {
    /// An object described by `about`, without fields.
    pub fn new(about: &'static str) -> Self {
        Self { about, properties: Map::new(), required: Vec::new() }
    }

    /// A required field that always has the same text.
    pub fn constant(&mut self, key: &str, value: &str) {
        self.properties.insert(key.into(), json_schema!({ "const": value }).into());
        self.required.push(key.into());
    }

    /// A field of type `T`, required when `T` has no value for its absence.
    pub fn field<T: Field + JsonSchema>(&mut self, generator: &mut SchemaGenerator, key: &str, doc: &str) {
        let mut schema = generator.subschema_for::<T>();
        schema.insert("description".into(), doc.trim().into());
        self.properties.insert(key.into(), schema.into());
        if T::when_absent().is_none() {
            self.required.push(key.into());
        }
    }

    /// The schema.
    pub fn finish(self) -> Schema {
        json_schema!({
            "type": "object",
            "description": self.about.trim(),
            "properties": self.properties,
            "required": self.required,
        })
    }
}
