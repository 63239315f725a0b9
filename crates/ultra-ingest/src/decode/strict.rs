//! Decoding that stops at the first byte it does not know, and decoding that counts what it replaced.

use encoding_rs::{DecoderResult, Encoding, UTF_8};

use super::{Charset, is_hole};

/// The text, or the offset of the first byte that `charset` does not know.
pub(super) fn decode(bytes: &[u8], charset: Charset, guessed: bool) -> Result<String, usize> {
    match charset {
        Charset::Known(encoding) if encoding == UTF_8 => {
            std::str::from_utf8(bytes).map(str::to_owned).map_err(|error| error.valid_up_to())
        }
        Charset::Known(encoding) => {
            if guessed && let Some(hole) = bytes.iter().position(|byte| is_hole(charset, *byte)) {
                return Err(hole);
            }
            known(bytes, encoding)
        }
        Charset::Utf32Le => utf32(bytes, u32::from_le_bytes),
        Charset::Utf32Be => utf32(bytes, u32::from_be_bytes),
    }
}

fn known(bytes: &[u8], encoding: &'static Encoding) -> Result<String, usize> {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut text = String::with_capacity(bytes.len() + bytes.len() / 2 + 16);
    let mut read = 0;
    loop {
        let (result, taken) = decoder.decode_to_string_without_replacement(&bytes[read..], &mut text, true);
        read += taken;
        match result {
            DecoderResult::InputEmpty => return Ok(text),
            DecoderResult::OutputFull => text.reserve(bytes.len() - read + 64),
            DecoderResult::Malformed(length, after) => {
                return Err(read.saturating_sub(usize::from(length) + usize::from(after)));
            }
        }
    }
}

fn utf32(bytes: &[u8], unit: fn([u8; 4]) -> u32) -> Result<String, usize> {
    let (quads, rest) = bytes.as_chunks::<4>();
    let mut text = String::with_capacity(quads.len());
    for (index, quad) in quads.iter().enumerate() {
        text.push(char::from_u32(unit(*quad)).ok_or(index * 4)?);
    }
    if rest.is_empty() { Ok(text) } else { Err(quads.len() * 4) }
}

/// The text with U+FFFD in place of what `charset` does not know, and how often.
pub(super) fn replacing(bytes: &[u8], charset: Charset) -> (String, u64) {
    let unit: fn([u8; 4]) -> u32 = match charset {
        Charset::Known(encoding) => return replacing_known(bytes, encoding),
        Charset::Utf32Le => u32::from_le_bytes,
        Charset::Utf32Be => u32::from_be_bytes,
    };
    let (quads, rest) = bytes.as_chunks::<4>();
    let mut replaced = u64::from(!rest.is_empty());
    let mut text: String = quads
        .iter()
        .map(|quad| {
            char::from_u32(unit(*quad)).unwrap_or_else(|| {
                replaced += 1;
                char::REPLACEMENT_CHARACTER
            })
        })
        .collect();
    if !rest.is_empty() {
        text.push(char::REPLACEMENT_CHARACTER);
    }
    (text, replaced)
}

fn replacing_known(bytes: &[u8], encoding: &'static Encoding) -> (String, u64) {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut text = String::with_capacity(bytes.len() + bytes.len() / 2 + 16);
    let (mut read, mut replaced) = (0, 0);
    loop {
        let (result, taken) = decoder.decode_to_string_without_replacement(&bytes[read..], &mut text, true);
        read += taken;
        match result {
            DecoderResult::InputEmpty => return (text, replaced),
            DecoderResult::OutputFull => text.reserve(bytes.len() - read + 64),
            DecoderResult::Malformed(..) => {
                text.push(char::REPLACEMENT_CHARACTER);
                replaced += 1;
            }
        }
    }
}
