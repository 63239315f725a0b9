//! Server-sent events, as far as answers of models use them: bytes in pieces of any size, events out.
//!
//! The rules are those of the WHATWG: lines end in LF, CR or CRLF, wherever the pieces are cut; a BOM at the
//! start, comments, and the fields `id` and `retry` are passed over; several lines of data are joined.
//! An event without data is none. What is kept is one unfinished line and the data of one unfinished event.

use memchr::memchr2;

/// One event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Event<'a> {
    /// Its name; empty where it has none.
    pub(crate) name: &'a [u8],
    /// Its data, not yet checked to be text.
    pub(crate) data: &'a [u8],
}

/// The reader of one stream.
#[derive(Debug, Default)]
pub(crate) struct Events {
    /// The beginning of a line whose end has not come.
    line: Vec<u8>,
    /// The last byte was CR, so a LF that follows belongs to it.
    after_cr: bool,
    /// The first line is over, and with it the place for a BOM.
    begun: bool,
    name: Vec<u8>,
    data: Vec<u8>,
    /// The event has at least one line of data.
    has_data: bool,
}

impl Events {
    /// How many bytes are kept for what is not finished.
    pub(crate) fn held(&self) -> usize {
        self.line.len() + self.name.len() + self.data.len()
    }

    /// Reads a piece; each event that it completes goes to `take`.
    ///
    /// # Errors
    /// The first of `take`; the rest of the piece is not read then.
    pub(crate) fn feed<E>(
        &mut self,
        mut piece: &[u8],
        mut take: impl FnMut(Event<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.after_cr && !piece.is_empty() {
            self.after_cr = false;
            piece = piece.strip_prefix(b"\n").unwrap_or(piece);
        }
        while let Some(end) = memchr2(b'\n', b'\r', piece) {
            let (line, rest) = (&piece[..end], &piece[end + 1..]);
            piece = match (piece[end], rest) {
                (b'\r', [b'\n', rest @ ..]) => rest,
                (b'\r', []) => {
                    self.after_cr = true;
                    rest
                }
                _ => rest,
            };
            if self.line.is_empty() {
                self.line_of(line, &mut take)?;
            } else {
                let mut whole = std::mem::take(&mut self.line);
                whole.extend_from_slice(line);
                self.line_of(&whole, &mut take)?;
                // The room is used again.
                whole.clear();
                self.line = whole;
            }
        }
        self.line.extend_from_slice(piece);
        Ok(())
    }

    /// The stream is over: an event that lacks only the blank line after it still counts.
    ///
    /// # Errors
    /// That of `take`.
    pub(crate) fn end<E>(mut self, mut take: impl FnMut(Event<'_>) -> Result<(), E>) -> Result<(), E> {
        let line = std::mem::take(&mut self.line);
        if !line.is_empty() {
            self.line_of(&line, &mut take)?;
        }
        self.line_of(b"", &mut take)
    }

    fn line_of<E>(
        &mut self,
        line: &[u8],
        take: &mut impl FnMut(Event<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let line = if self.begun { line } else { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) };
        self.begun = true;
        if line.is_empty() {
            let taken = if self.data.is_empty() {
                Ok(())
            } else {
                take(Event { name: &self.name, data: &self.data })
            };
            self.name.clear();
            self.data.clear();
            self.has_data = false;
            return taken;
        }
        let (field, value) = match memchr::memchr(b':', line) {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &b""[..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" => {
                if self.has_data {
                    self.data.push(b'\n');
                }
                self.has_data = true;
                self.data.extend_from_slice(value);
            }
            b"event" => value.clone_into(&mut self.name),
            // A comment, a field that does not matter here, or one that nobody knows.
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
