//! Bytes and texts as JavaScript strings: the inside of a string in double quotes.

use std::fmt::Write as _;

/// A text as it is: escaped, those that are not Latin take a hundred bytes more after compression. Also the inside of a JSON
/// string. What holds it has to begin with [`UTF_8`].
pub(super) fn of_text(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// The byte-order mark: a browser reads a file that begins so as UTF-8, whatever the page or the server says.
pub(super) const UTF_8: char = '\u{feff}';

/// A text in nothing but ASCII.
pub(super) fn of_ascii(text: &str) -> String {
    let mut literal = String::new();
    for unit in text.encode_utf16() {
        push(&mut literal, unit);
    }
    literal
}

/// Bytes: the first character is an escape; after it stands a byte of 128 and more, less 128; each other character is a byte.
/// An eighth of a module's bytes are such, so this costs 2% after compression where base64 costs a third. The loader
/// (`www/loader/entry.js`) reads it.
pub(super) fn of_bytes(bytes: &[u8]) -> String {
    let mut counts = [0_usize; 128];
    for byte in bytes {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count += 1;
        }
    }
    // The escape is the rarest, of those that a string holds as they are. It is itself written escaped, as a number that
    // comes round to it.
    let escape = (b'!'..=b'~')
        .filter(|byte| !matches!(byte, b'"' | b'\\'))
        .min_by_key(|byte| counts[usize::from(*byte)])
        .unwrap_or(b'~');
    let mut literal = String::from(char::from(escape));
    for &byte in bytes {
        if byte == escape {
            literal.push(char::from(escape));
            push(&mut literal, u16::from(byte) + 128);
        } else if byte < 128 {
            push(&mut literal, byte.into());
        } else {
            literal.push(char::from(escape));
            push(&mut literal, (byte - 128).into());
        }
    }
    literal
}

fn push(literal: &mut String, unit: u16) {
    match u8::try_from(unit).map(char::from) {
        Ok('\n') => literal.push_str("\\n"),
        Ok('\r') => literal.push_str("\\r"),
        Ok(special @ ('"' | '\\')) => literal.extend(['\\', special]),
        Ok(plain) if plain.is_ascii() => literal.push(plain),
        // Writing to a string can't fail.
        _ => drop(write!(literal, "\\u{unit:04x}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the loader makes of it.
    fn read(literal: &str) -> Vec<u8> {
        let string: String = serde_json::from_str(&format!("\"{}\"", visible(literal))).unwrap();
        let mut characters = string.chars();
        let escape = characters.next().unwrap();
        let (mut bytes, mut high) = (Vec::new(), 0);
        for character in characters {
            if character == escape && high == 0 {
                high = 128;
            } else {
                bytes.push(u8::try_from((character as u32 + high) % 256).unwrap());
                high = 0;
            }
        }
        bytes
    }

    /// JSON wants control characters escaped; JavaScript does not care.
    fn visible(literal: &str) -> String {
        literal.chars().map(|c| if c < ' ' { format!("\\u{:04x}", c as u32) } else { c.into() }).collect()
    }

    #[test]
    fn every_byte_comes_back() {
        let bytes: Vec<u8> = (0..=255).chain((0..=255).rev()).collect();
        let literal = of_bytes(&bytes);
        assert!(literal.is_ascii() && !literal.contains(['\n', '\r']));
        assert_eq!(read(&literal), bytes);
    }

    #[test]
    fn an_escape_before_its_own_high_byte_comes_back() {
        // `!` is as rare as any other and the first, so it is the escape.
        let bytes = [b'!' + 128, b'!', b'!' + 128, b'!' + 128];
        assert_eq!(read(&of_bytes(&bytes)), bytes);
    }

    #[test]
    fn a_text_reads_as_json() {
        let text = "„Ja“ \"\\\n日本 🙂";
        assert!(of_ascii(text).is_ascii());
        for literal in [of_text(text), of_ascii(text)] {
            assert_eq!(serde_json::from_str::<String>(&format!("\"{literal}\"")).unwrap(), text);
        }
    }
}
