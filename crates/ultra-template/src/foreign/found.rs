//! A pattern that was found: the texts of its files, before they are understood.

use std::io;
use std::path::Path;

use ultra_core::id::{ContentHash, blake3_hex};
use ultra_core::kind::ErrorKind;

use super::{Form, Reading, Texts, form_of, name_of};
use crate::fault::{Fault, Faults};
use crate::library::Read;
use crate::pattern::Pattern;

/// A pattern that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    form: Form,
    /// The name that its place gives it.
    name: String,
    /// What faults call it.
    file: String,
    text: String,
    /// `user.md` of a fabric pattern.
    user: Option<String>,
}

impl Found {
    /// One that is built in.
    pub(crate) fn built_in(name: &str, text: &str) -> Self {
        Self {
            form: Form::Ours,
            name: name.to_owned(),
            file: format!("built-in {name}"),
            text: text.to_owned(),
            user: None,
        }
    }

    /// The pattern at `path`, which the user named: a file, or a folder with `system.md`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn at(path: &Path, read: Read<'_>) -> Result<Self, Faults> {
        let form = form_of(path);
        let found = match Self::read(form, path, &name_of(path, form), read) {
            Err(cause) if cause.kind() == io::ErrorKind::IsADirectory => {
                let inside = path.join("system.md");
                Self::read(Form::Fabric, &inside, &name_of(&inside, Form::Fabric), read).map_err(|cause| {
                    if cause.kind() == io::ErrorKind::NotFound {
                        return io::Error::other("it is a folder without `system.md`");
                    }
                    cause
                })
            }
            found => found,
        };
        found.map_err(|cause| unreadable(path, &cause).into())
    }

    /// The pattern called `name` at `path`, if there is such a file.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub(crate) fn if_there(
        form: Form,
        path: &Path,
        name: &str,
        read: Read<'_>,
    ) -> Result<Option<Self>, Faults> {
        match Self::read(form, path, name, read) {
            Ok(found) => Ok(Some(found)),
            Err(cause) if matches!(cause.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Ok(None)
            }
            Err(cause) => Err(unreadable(path, &cause).into()),
        }
    }

    fn read(form: Form, path: &Path, name: &str, read: Read<'_>) -> io::Result<Self> {
        let text = read(path)?;
        let user = match form {
            Form::Fabric => match read(&path.with_file_name("user.md")) {
                Ok(user) => Some(user).filter(|user| !user.trim().is_empty()),
                Err(cause) if cause.kind() == io::ErrorKind::NotFound => None,
                Err(cause) => return Err(cause),
            },
            _ => None,
        };
        Ok(Self { form, name: name.to_owned(), file: path.display().to_string(), text, user })
    }

    /// How it is written.
    pub fn form(&self) -> Form {
        self.form
    }

    /// The name that its place gives it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What faults call it.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// BLAKE3 of what was read.
    pub fn blake3(&self) -> String {
        match &self.user {
            None => blake3_hex(self.text.as_bytes()),
            Some(user) => ContentHash::new("ultra fabric pattern v1").field(&self.text).field(user).hex(),
        }
    }

    /// Makes the pattern.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn pattern(&self) -> Result<Pattern, Faults> {
        self.reading().map(|reading| reading.pattern)
    }

    /// Makes the pattern, and says what of its file has no effect.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn reading(&self) -> Result<Reading, Faults> {
        let Self { form, file, text, user, .. } = self;
        if *form == Form::Ours {
            return Ok(Reading { pattern: Pattern::parse(text, file)?, notes: Vec::new() });
        }
        let texts = Texts { form: *form, file, text, user: user.as_deref() };
        let mut reading = texts.pattern(&self.name)?;
        reading.pattern.blake3 = self.blake3();
        Ok(reading)
    }
}

fn unreadable(path: &Path, cause: &io::Error) -> Fault {
    let message = format!("cannot read the pattern: {cause}");
    Fault::new(ErrorKind::TemplatePattern, &path.display().to_string(), message)
}
