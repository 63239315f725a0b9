use ultra_core::kind::ErrorKind;

use super::{Kind, check_text, kind, text_media};

fn refused(bytes: &[u8]) -> String {
    let error = kind(bytes).expect_err("refused");
    assert_eq!(error.kind, ErrorKind::DocType);
    error.message
}

#[test]
fn a_polyglot_is_what_it_begins_as() {
    let pdf_then_zip = [b"%PDF-1.4\n%%EOF\n".as_slice(), b"PK\x03\x04"].concat();
    let zip_then_pdf = [b"PK\x03\x04\0\0".as_slice(), b"%PDF-1.4\n"].concat();
    assert_eq!(kind(&pdf_then_zip), Ok(Kind::Pdf));
    assert!(refused(&zip_then_pdf).contains("ZIP archive"));
}

#[test]
fn what_cannot_be_read_is_named() {
    assert!(refused(b"PK\x03\x04....[Content_Types].xml word/document.xml").contains("Word document"));
    assert!(refused(b"\x1F\x8B\x08\0rest").contains("gzip"));
    assert!(refused(b"\x89PNG\r\n\x1A\n\0\0").contains("PNG"));
    assert!(refused(b"{\\rtf1 hello}").contains("Rich Text"));
    assert!(refused(b"abc\0def").contains("offset 3"));
    assert!(refused(&[1, 2, 3, 4, 5, 6]).contains("binary"));
}

#[test]
fn text_about_other_formats_is_text() {
    assert_eq!(kind(b"A file starts with %PDF-1.4 when it is a PDF.\n"), Ok(Kind::Text));
    assert_eq!(kind(b"BZh is how bzip2 begins"), Ok(Kind::Text));
    assert_eq!(kind(b"MZ is how a program begins"), Ok(Kind::Text));
    assert_eq!(kind(b"ID3 is a header\n"), Ok(Kind::Text));
    assert_eq!(kind(b"\x1B[1mbold\x1B[0m"), Ok(Kind::Text));
}

#[test]
fn a_pdf_behind_junk_is_a_pdf_and_wide_text_is_text() {
    assert_eq!(kind(b"\0\0junk\n%PDF-1.7\n\0"), Ok(Kind::Pdf));
    assert_eq!(kind(b"\xFF\xFEa\0b\0"), Ok(Kind::Text));
    assert_eq!(kind(b"a\0b\0c\0d\0"), Ok(Kind::Text));
    assert!(check_text("a\0b").is_err());
}

#[test]
fn an_empty_file_is_empty_not_binary() {
    assert_eq!(kind(b"").expect_err("empty").kind, ErrorKind::DocEmpty);
}

#[test]
fn content_decides_before_the_name() {
    assert_eq!(text_media("\n<!DOCTYPE HTML><p>x", Some("notes.txt")), "text/html");
    assert_eq!(text_media("<!-- x -->\n<html lang=en>", None), "text/html");
    assert_eq!(text_media("<?xml version='1.0'?><!DOCTYPE html>", Some("a.xml")), "text/html");
    assert_eq!(text_media("<p>x", Some("a.html")), "text/html");
    assert_eq!(text_media("<p align=center>Logo</p>\n# Name", Some("README.md")), "text/markdown");
    assert_eq!(text_media("<?xml version='1.0'?><a/>", Some("a.xml")), "application/xml");
    assert_eq!(text_media("<!-- never closed", Some("a")), "text/plain");
}

#[test]
fn text_without_a_name_is_markdown_when_it_begins_with_a_heading() {
    assert_eq!(text_media("# Plan\n\nWords", None), "text/markdown");
    assert_eq!(text_media("#hashtag", None), "text/plain");
    assert_eq!(text_media("#!/bin/sh\n# hi", None), "text/x-shellscript");
    assert_eq!(text_media("# Plan\n", Some("LICENSE")), "text/plain");
}
