//! A pattern that was found: the texts of its files, before they are understood.

use std::io;
use std::path::{Path, PathBuf};

use ultra_core::id::{ContentHash, blake3_hex};
use ultra_core::kind::ErrorKind;

use super::{Form, Reading, Texts, form_of, name_of};
use crate::fault::{Fault, Faults};
use crate::library::Read;
use crate::pattern::Pattern;
use crate::root::Root;

/// A pattern that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    form: Form,
    /// The name that its place gives it.
    name: String,
    /// Where it is; `None` for a built-in one.
    path: Option<PathBuf>,
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
            path: None,
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
                // The folder that is called `.` has its name from where it is.
                let name = name_of(&read.real(&inside).unwrap_or_else(|_| inside.clone()), Form::Fabric);
                Self::read(Form::Fabric, &inside, &name, read).map_err(|cause| {
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

    /// The pattern called `name` at `path` in `directory`, if there is such a file.
    ///
    /// # Errors
    /// When it is there and cannot be read, or a link leads out of the directory.
    pub(crate) fn inside(
        directory: &Path,
        form: Form,
        path: &Path,
        name: &str,
        read: Read<'_>,
    ) -> Result<Option<Self>, Faults> {
        match Self::read(form, path, name, read) {
            Ok(found) => {
                stays(directory, path, read)?;
                Ok(Some(found))
            }
            Err(cause) if matches!(cause.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Ok(None)
            }
            Err(cause) => Err(unreadable(path, &cause).into()),
        }
    }

    fn read(form: Form, path: &Path, name: &str, read: Read<'_>) -> io::Result<Self> {
        let text = read.read(path)?;
        let user = match form {
            Form::Fabric => match beside(path, "user.md", read) {
                Ok(user) => Some(user).filter(|user| !user.trim().is_empty()),
                Err(cause) if cause.kind() == io::ErrorKind::NotFound => None,
                Err(cause) => return Err(cause),
            },
            _ => None,
        };
        Ok(Self {
            form,
            name: name.to_owned(),
            path: Some(path.to_owned()),
            file: path.display().to_string(),
            text,
            user,
        })
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

    /// BLAKE3 of the texts of another program.
    fn blake3(&self) -> String {
        match &self.user {
            None => blake3_hex(self.text.as_bytes()),
            Some(user) => ContentHash::new("ultra fabric pattern v1").field(&self.text).field(user).hex(),
        }
    }

    /// Makes the pattern.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn pattern(&self, read: Read<'_>) -> Result<Pattern, Faults> {
        self.reading(read).map(|reading| reading.pattern)
    }

    /// Makes the pattern, and says what whoever wrote it should look at.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn reading(&self, read: Read<'_>) -> Result<Reading, Faults> {
        let Self { form, file, text, user, .. } = self;
        if *form == Form::Ours {
            let root = self.path.as_deref().map_or_else(Root::built_in, |path| Root::of(path, read));
            let pattern = Pattern::parse_in(text, file, &root)?;
            return Ok(Reading { notes: pattern.lints(), pattern });
        }
        let texts = Texts { form: *form, file, text, user: user.as_deref() };
        let mut foreign = texts.pattern(&self.name)?;
        foreign.pattern.blake3 = self.blake3();
        Ok(foreign)
    }
}

fn unreadable(path: &Path, cause: &io::Error) -> Fault {
    let message = format!("cannot read the pattern: {cause}");
    Fault::new(ErrorKind::TemplatePattern, &path.display().to_string(), message)
}

/// Checks that no link leads from `path` out of `directory`; whoever reads without knowing links has none.
fn stays(directory: &Path, path: &Path, read: Read<'_>) -> Result<(), Fault> {
    match (read.real(directory), read.real(path)) {
        (Ok(root), Ok(place)) if !place.starts_with(&root) => {
            let message = format!("a link leads out of `{}`", directory.display());
            Err(Fault::new(ErrorKind::TemplatePattern, &path.display().to_string(), message)
                .hint("name the file itself with --pattern"))
        }
        _ => Ok(()),
    }
}

/// The text of another file in the folder of `path`; none that a link brings in from elsewhere.
fn beside(path: &Path, name: &str, read: Read<'_>) -> io::Result<String> {
    let other = path.with_file_name(name);
    let text = read.read(&other)?;
    stays(path.parent().unwrap_or(Path::new(".")), &other, read).map_err(io::Error::other)?;
    Ok(text)
}
