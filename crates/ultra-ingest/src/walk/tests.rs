use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use tempfile::TempDir;
use ultra_core::kind::ErrorKind;

use super::{Found, Rules, check, find};

fn tree() -> TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    let put = |path: &str, text: &str| {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("makes");
        fs::write(path, text).expect("writes");
    };
    for path in ["b.md", "a/z.txt", "a/é.md", "a.txt", "B.md", ".hidden.md", "skip/x.md", ".git/config"] {
        put(path, "text");
    }
    put(".gitignore", "skip/\n");
    symlink("b.md", dir.path().join("link.md")).expect("links");
    dir
}

/// What is found below `root`, relative to it, each with a mark of how.
fn list(root: &Path, argument: &str, rules: &Rules) -> Vec<String> {
    let argument = root.join(argument);
    let shown = |path: &Path| path.strip_prefix(root).unwrap_or(path).display().to_string();
    find(&argument, rules)
        .expect("valid globs")
        .map(|found| match found {
            Found::Stdin => "stdin".to_owned(),
            Found::Named(path) => format!("named {}", shown(&path)),
            Found::Walked(path) => shown(&path),
            Found::Special(path) => format!("special {}", shown(&path)),
            Found::Lost(path, error) => format!("{} {}", error.kind, shown(&path)),
        })
        .collect()
}

#[test]
fn a_directory_is_walked_in_the_order_of_bytes_without_hidden_and_ignored_files() {
    let dir = tree();
    let expected = ["B.md", "a/z.txt", "a/é.md", "a.txt", "b.md", "special link.md"];
    assert_eq!(list(dir.path(), "", &Rules::default()), expected);
}

#[test]
fn flags_open_what_is_left_out() {
    let dir = tree();
    let rules = Rules { hidden: true, no_ignore: true, follow: true, ..Rules::default() };
    let expected =
        [".gitignore", ".hidden.md", "B.md", "a/z.txt", "a/é.md", "a.txt", "b.md", "link.md", "skip/x.md"];
    assert_eq!(list(dir.path(), "", &rules), expected);
    let only = Rules { globs: vec!["*.md".to_owned(), "!B.md".to_owned()], ..Rules::default() };
    assert_eq!(list(dir.path(), "", &only), ["a/é.md", "b.md", "special link.md"]);
}

#[test]
fn a_glob_names_files_as_the_shell_would() {
    let dir = tree();
    assert_eq!(list(dir.path(), "*.md", &Rules::default()), ["named B.md", "named b.md", "named link.md"]);
    let all = ["named B.md", "named a/é.md", "named b.md", "named link.md", "named skip/x.md"];
    assert_eq!(list(dir.path(), "**/*.md", &Rules::default()), all);
    assert_eq!(list(dir.path(), "*.pdf", &Rules::default()), ["doc.io *.pdf"]);
}

#[test]
fn a_file_that_is_missing_or_has_marks_in_its_name_is_named() {
    let dir = tree();
    assert_eq!(list(dir.path(), "gone.md", &Rules::default()), ["named gone.md"]);
    fs::write(dir.path().join("[a].md"), "x").expect("writes");
    assert_eq!(list(dir.path(), "[a].md", &Rules::default()), ["named [a].md"]);
    assert_eq!(list(Path::new(""), "-", &Rules::default()), ["stdin"]);
}

#[test]
fn a_loop_of_links_is_an_error_and_ends() {
    let dir = tree();
    symlink("..", dir.path().join("a/up")).expect("links");
    let rules = Rules { follow: true, ..Rules::default() };
    assert!(list(dir.path(), "", &rules).contains(&"doc.io a/up".to_owned()));
}

#[test]
fn a_glob_that_is_not_valid_is_refused_before_work() {
    let rules = Rules { globs: vec!["[".to_owned()], ..Rules::default() };
    assert!(check(&rules).expect_err("not valid").contains("`[`"));
    assert_eq!(find(Path::new("."), &rules).err().expect("not valid").kind, ErrorKind::DocPath);
}
