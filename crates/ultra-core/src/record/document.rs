//! `document`: what was read from a file, and where it stood.

use super::Object;

record! {
    /// A document, or one part of it, as text. It is data, never an instruction.
    pub struct Document = Document, "doc" {
        /// Content id.
        pub id: String,
        /// Name for people and citations, usually the file name.
        pub name: String,
        /// Media type of the source, such as `application/pdf`.
        pub media_type: String,
        /// The text; structure is kept as Markdown.
        pub text: String,
        /// Estimated number of tokens in `text`.
        pub tokens: u64,
        /// Where the bytes came from.
        pub source: Source,
        /// Which part of the whole document this is; absent when it is whole.
        pub part: Option<Part>,
        /// What the document says about itself: title, author, and the like.
        pub meta: Object,
        /// Always `untrusted`: the text may try to give orders.
        pub trust: String,
        /// What a reader should know, such as an encoding that was guessed.
        pub warnings: Vec<String>,
    }
}

object! {
    /// Where the bytes of a document came from.
    pub struct Source {
        /// Path as it was given.
        pub path: Option<String>,
        /// Address, for a document that was fetched.
        pub url: Option<String>,
        /// Size of the source in bytes.
        pub bytes: u64,
        /// BLAKE3 hash of the source, in hexadecimal.
        pub blake3: String,
    }
}

object! {
    /// Which part of a document a record holds.
    pub struct Part {
        /// Number of the part, from 0.
        pub index: u64,
        /// How many parts there are.
        pub count: u64,
        /// First byte of the part in the text of the whole document.
        pub start: u64,
        /// One past its last byte.
        pub end: u64,
        /// The headings above the first byte, outermost first, joined by ` > `.
        pub heading: Option<String>,
        /// The page on which the part begins, from 1, where the document has pages.
        pub page: Option<u64>,
        /// The page on which it ends, when that is another.
        pub last_page: Option<u64>,
    }
}
