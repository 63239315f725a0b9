//! Building a request: fields in order, each once, with what Ultra does not know passed on as it came.

use serde::Serialize;
use ultra_core::record::{Json, Object};

/// Room for a body of the usual size.
const ROOM: usize = 1 << 10;

/// The fields of a request body, written as they are set.
#[derive(Debug)]
pub(crate) struct Fields {
    /// The object without its last brace.
    text: Vec<u8>,
    names: Vec<&'static str>,
}

impl Default for Fields {
    fn default() -> Self {
        let mut text = Vec::with_capacity(ROOM);
        text.push(b'{');
        Self { text, names: Vec::with_capacity(8) }
    }
}

impl Fields {
    /// Adds a field.
    ///
    /// # Errors
    /// When `value` has no JSON form.
    pub(crate) fn set(&mut self, key: &'static str, value: &(impl Serialize + ?Sized)) -> Result<(), String> {
        self.names.push(key);
        self.write(key, value)
    }

    /// Adds a field if there is a value for it.
    ///
    /// # Errors
    /// As for [`Fields::set`].
    pub(crate) fn set_some(
        &mut self,
        key: &'static str,
        value: Option<&(impl Serialize + ?Sized)>,
    ) -> Result<(), String> {
        value.map_or(Ok(()), |value| self.set(key, value))
    }

    /// Adds the parameters that Ultra does not know, as they are.
    ///
    /// # Errors
    /// A sentence that names a parameter which Ultra has set itself, or which is not the request's to set.
    pub(crate) fn pass(&mut self, params: &Object, reserved: &[&str]) -> Result<(), String> {
        for (key, value) in params.iter() {
            if reserved.contains(&key) {
                return Err(format!("`params.{key}` cannot be given: Ultra sets `{key}` itself"));
            }
            if self.names.contains(&key) {
                return Err(format!(
                    "`params.{key}` is given twice, once under the name that Ultra has for it"
                ));
            }
            self.write(key, value)?;
        }
        Ok(())
    }

    /// The fields as one value.
    ///
    /// # Errors
    /// When they have no JSON form.
    pub(crate) fn json(self) -> Result<Json, String> {
        let text = String::from_utf8(self.bytes()).map_err(|cause| cause.to_string());
        text.and_then(|text| Json::parse(text).map_err(|cause| cause.to_string()))
            .map_err(|cause| format!("the request cannot be written: {cause}"))
    }

    /// The body.
    pub(crate) fn bytes(mut self) -> Vec<u8> {
        self.text.push(b'}');
        self.text
    }

    fn write(&mut self, key: &str, value: &(impl Serialize + ?Sized)) -> Result<(), String> {
        if self.text.len() > 1 {
            self.text.push(b',');
        }
        let written = serde_json::to_writer(&mut self.text, key).and_then(|()| {
            self.text.push(b':');
            serde_json::to_writer(&mut self.text, value)
        });
        written.map_err(|cause| format!("`{key}` cannot be sent: {cause}"))
    }
}
