//! PDF files for tests, written object by object.

use std::fmt::Write as _;

/// A PDF of these objects (numbered from 1, the first is the catalogue), with a right cross-reference table.
pub(crate) fn pdf(objects: &[String], trailer: &str) -> Vec<u8> {
    let mut file = String::from("%PDF-1.4\n");
    let mut offsets = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        offsets.push(file.len());
        let _ = write!(file, "{} 0 obj\n{object}\nendobj\n", index + 1);
    }
    let table = file.len();
    let _ = write!(file, "xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for offset in offsets {
        let _ = writeln!(file, "{offset:010} 00000 n ");
    }
    let size = objects.len() + 1;
    let _ = write!(file, "trailer\n<< /Size {size} /Root 1 0 R {trailer} >>\nstartxref\n{table}\n%%EOF\n");
    file.into_bytes()
}

/// The objects of a document whose pages have these content streams.
pub(crate) fn objects(pages: &[String]) -> Vec<String> {
    let kids: Vec<_> = (0..pages.len()).map(|page| format!("{} 0 R", 4 + page * 2)).collect();
    let mut all = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [{}] /Count {} >>", kids.join(" "), pages.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
    ];
    for (page, content) in pages.iter().enumerate() {
        all.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >> \
             /Contents {} 0 R >>",
            5 + page * 2
        ));
        all.push(format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()));
    }
    all
}

/// A content stream that shows these lines, each `(size, text)`.
pub(crate) fn content(lines: &[(u32, &str)]) -> String {
    let mut stream = String::from("BT\n72 720 Td\n");
    for (size, line) in lines {
        let _ = write!(stream, "/F1 {size} Tf\n({line}) Tj\n0 -{} Td\n", size * 2);
    }
    stream + "ET"
}

/// A document of one page with a title, a heading and a paragraph.
pub(crate) fn plain() -> Vec<u8> {
    let page =
        content(&[(24, "The plan"), (12, "We move the service in one night."), (12, "Nobody will notice.")]);
    let mut all = objects(&[page]);
    all.push("<< /Title (A plan) /Author (A. Writer) >>".to_owned());
    pdf(&all, &format!("/Info {} 0 R", all.len()))
}

/// A document of one page without text.
pub(crate) fn blank() -> Vec<u8> {
    pdf(&objects(&["0 0 m 100 100 l S".to_owned()]), "")
}

/// A document that says that it is encrypted with a password that nobody has.
pub(crate) fn encrypted() -> Vec<u8> {
    let hash = "0123456789abcdef".repeat(4);
    let mut all = objects(&[content(&[(12, "secret")])]);
    all.push(format!("<< /Filter /Standard /V 1 /R 2 /O <{hash}> /U <{hash}> /P -44 >>"));
    pdf(&all, &format!("/Encrypt {} 0 R /ID [<00><00>]", all.len()))
}
