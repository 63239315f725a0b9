//! A conversation that several hold at a time: there is one of it in memory, and its JSON can be kept beside it.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Field, Json, Message};

/// The messages of a conversation, in order. A clone costs nothing, and shares the JSON text that was kept.
#[derive(Clone, Default)]
pub struct Messages(Arc<Conversation>);

#[derive(Default)]
struct Conversation {
    list: Vec<Message>,
    json: OnceLock<Json>,
}

impl Messages {
    /// Makes their JSON text and keeps it, for those who need it more than once: an id, a record and the body of a
    /// call.
    ///
    /// # Errors
    /// When a message has no JSON form, which what was read always has.
    pub fn keep_json(&self) -> Result<(), serde_json::Error> {
        if self.0.json.get().is_none() {
            let json = Json::of(&self.0.list)?;
            self.0.json.get_or_init(|| json);
        }
        Ok(())
    }
}

impl Deref for Messages {
    type Target = [Message];

    fn deref(&self) -> &[Message] {
        &self.0.list
    }
}

impl From<Vec<Message>> for Messages {
    fn from(list: Vec<Message>) -> Self {
        Self(Arc::new(Conversation { list, json: OnceLock::new() }))
    }
}

impl FromIterator<Message> for Messages {
    fn from_iter<I: IntoIterator<Item = Message>>(messages: I) -> Self {
        messages.into_iter().collect::<Vec<_>>().into()
    }
}

impl<'a> IntoIterator for &'a Messages {
    type Item = &'a Message;
    type IntoIter = std::slice::Iter<'a, Message>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl PartialEq for Messages {
    fn eq(&self, other: &Self) -> bool {
        self[..] == other[..]
    }
}

impl fmt::Debug for Messages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&**self).finish()
    }
}

impl Field for Messages {
    fn when_absent() -> Option<Self> {
        Some(Self::default())
    }

    fn is_left_out(&self) -> bool {
        self.is_empty()
    }
}

impl Serialize for Messages {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.json.get() {
            Some(json) => json.serialize(serializer),
            None => self.0.list.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Messages {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self::from)
    }
}

impl JsonSchema for Messages {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Messages".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Vec::<Message>::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Json, Message, Role};
    use super::Messages;

    #[test]
    fn clones_share_the_messages_and_their_json() {
        let messages: Messages = vec![Message::new(Role::User, "tea?")].into();
        let other = messages.clone();
        let json = r#"[{"role":"user","content":"tea?"}]"#;
        assert_eq!(serde_json::to_string(&messages).expect("has a JSON form"), json);
        messages.keep_json().expect("has a JSON form");
        assert_eq!(other.0.json.get().map(Json::text), Some(json));
        assert_eq!(serde_json::to_string(&other).expect("has a JSON form"), json);
        assert!(std::ptr::eq(&raw const messages[0], &raw const other[0]));
        assert_eq!(serde_json::from_str::<Messages>(json).expect("reads"), messages);
    }
}
