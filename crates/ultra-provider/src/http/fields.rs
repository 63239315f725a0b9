//! Building a request: fields in order, each once, with what Ultra does not know passed on as it came.

use serde::Serialize;
use ultra_core::record::{Json, Object};

/// The fields of a request body.
#[derive(Debug, Default)]
pub(crate) struct Fields(Object);

impl Fields {
    /// Adds a field.
    ///
    /// # Errors
    /// When `value` has no JSON form.
    pub(crate) fn set(&mut self, key: &str, value: &(impl Serialize + ?Sized)) -> Result<(), String> {
        let value = Json::of(&value).map_err(|cause| format!("`{key}` cannot be sent: {cause}"))?;
        self.0.push(key.to_owned(), value);
        Ok(())
    }

    /// Adds a field if there is a value for it.
    ///
    /// # Errors
    /// As for [`Fields::set`].
    pub(crate) fn set_some(
        &mut self,
        key: &str,
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
            if self.0.get(key).is_some() {
                return Err(format!(
                    "`params.{key}` is given twice, once under the name that Ultra has for it"
                ));
            }
            self.0.push(key.to_owned(), value.clone());
        }
        Ok(())
    }

    /// The fields as one value.
    ///
    /// # Errors
    /// When a field has no JSON form.
    pub(crate) fn json(&self) -> Result<Json, String> {
        Json::of(&self.0).map_err(|cause| format!("the request cannot be written: {cause}"))
    }

    /// The body.
    ///
    /// # Errors
    /// When a field has no JSON form.
    pub(crate) fn bytes(&self) -> Result<Vec<u8>, String> {
        serde_json::to_vec(&self.0).map_err(|cause| format!("the request cannot be written: {cause}"))
    }
}
