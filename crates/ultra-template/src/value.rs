//! What a template sees: data that prints between its delimiters, and never as anything else.

use std::fmt;
use std::sync::Arc;

use minijinja::Value;
use minijinja::value::{Enumerator, Object, ObjectRepr};

/// An answer: prints fenced; `label` is its neutral name, `text` the same fenced text.
#[derive(Debug)]
pub(crate) struct Labelled {
    pub(crate) label: String,
    pub(crate) framed: Value,
}

impl Object for Labelled {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match key.as_str()? {
            "label" => Some(Value::from(self.label.clone())),
            "text" => Some(self.framed.clone()),
            _ => None,
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Str(&["label", "text"])
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.framed, f)
    }
}

/// A list that prints its items one after the other, with a blank line between them.
#[derive(Debug)]
pub(crate) struct Listed(pub(crate) Vec<Value>);

impl Object for Listed {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.0.get(key.as_usize()?).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(self.0.len())
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, item) in self.0.iter().enumerate() {
            write!(f, "{}{item}", if at == 0 { "" } else { "\n\n" })?;
        }
        Ok(())
    }
}

/// An answer under its label.
pub(crate) fn labelled(label: String, framed: String) -> Value {
    Value::from_object(Labelled { label, framed: Value::from(framed) })
}

/// A list that prints its items.
pub(crate) fn listed(items: Vec<Value>) -> Value {
    Value::from_object(Listed(items))
}
