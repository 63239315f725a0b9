//! Files that are written when a run is over: whether there is a place for them is looked at before it begins.

use std::path::Path;

use crate::failure::Failure;

/// Looks whether `what` can be written to `path` in the end, without touching anything.
///
/// # Errors
/// A usage failure when its directory is not there, or it is one itself.
pub fn ready(what: &str, path: &Path) -> Result<(), Failure> {
    let shown = path.display();
    if path.is_dir() {
        return Err(Failure::usage(format!("cannot write {what} to {shown}: that is a directory")));
    }
    match path.parent() {
        Some(directory) if directory != Path::new("") && !directory.is_dir() => Err(Failure::usage(format!(
            "cannot write {what} to {shown}: there is no directory {}",
            directory.display()
        ))
        .hint("nothing was done; make the directory, or choose another place")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_needs_a_directory_that_is_there() {
        let here = std::env::temp_dir();
        for good in ["file".into(), here.join("no-such-file"), "../file".into()] {
            assert!(ready("it", &good).is_ok(), "{}", good.display());
        }
        for bad in [here.clone(), here.join("no/such/file")] {
            assert!(ready("it", &bad).is_err(), "{}", bad.display());
        }
    }
}
