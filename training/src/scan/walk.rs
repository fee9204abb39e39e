//! One pass over a row. Owns the grammar of JSON as `serde_json` reads it into a `Value`, and the way through it to the user
//! id; where strings end is read off [`super::masks`], numbers at the end of what a double can hold are left to `serde_json` itself.

use std::borrow::Cow;

use super::masks::Masks;
use super::{Reason, Way};

/// What a value is to the path.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Nothing.
    Other,
    /// The object in which the path goes on.
    Step,
    /// The user id.
    Id,
}

/// What stands where the user id should.
enum Found<'r> {
    Nothing,
    NotAString,
    Id(Cow<'r, str>),
}

/// A string without its quotes.
struct Text {
    start: usize,
    end: usize,
    escaped: bool,
}

struct Walk<'r, 'f> {
    text: &'r str,
    row: &'r [u8],
    masks: Masks<'r>,
    at: usize,
    /// Open objects and arrays.
    depth: usize,
    /// A bit for each of them, the innermost lowest: set for an object.
    objects: u128,
    keys: &'f [Box<str>],
    /// How many of the open objects are on the path, from the outermost on.
    on_path: usize,
    /// A bit for each key of the path that was met.
    met: u32,
    twice: bool,
    found: Found<'r>,
}

pub(super) fn walk<'r>(text: &'r str, keys: &[Box<str>], way: Way) -> Result<Cow<'r, str>, Reason> {
    let mut walk = Walk {
        text,
        row: text.as_bytes(),
        masks: Masks::new(text.as_bytes(), way),
        at: 0,
        depth: 0,
        objects: 0,
        keys,
        on_path: 0,
        met: 0,
        twice: false,
        found: Found::Nothing,
    };
    walk.row()?;
    if walk.twice {
        return Err(Reason::TwoIds);
    }
    match walk.found {
        Found::Nothing => Err(Reason::NoId),
        Found::NotAString => Err(Reason::IdNotAString),
        Found::Id(id) => Ok(id),
    }
}

impl<'r> Walk<'r, '_> {
    /// `serde_json` gives up at 128.
    const MAX_DEPTH: usize = 127;

    fn row(&mut self) -> Result<(), Reason> {
        // The row's own object is the first on the path.
        let mut role = Role::Step;
        loop {
            let opened = self.value(role)?;
            if opened && !self.closes_at_once()? {
                role = self.next_role()?;
                continue;
            }
            loop {
                if self.depth == 0 {
                    self.skip_space();
                    return if self.at == self.row.len() { Ok(()) } else { Err(Reason::NotJson) };
                }
                let token = self.token()?;
                self.at += 1;
                match token {
                    b',' => break,
                    b'}' if self.in_object() => self.close(),
                    b']' if !self.in_object() => self.close(),
                    _ => return Err(Reason::NotJson),
                }
            }
            role = self.next_role()?;
        }
    }

    /// Reads a value that is no object or array, or enters one that is.
    fn value(&mut self, role: Role) -> Result<bool, Reason> {
        let token = self.token()?;
        if role == Role::Id && token != b'"' {
            self.found = Found::NotAString;
        }
        match token {
            b'"' => {
                let text = self.string()?;
                if role == Role::Id {
                    self.found = Found::Id(self.unescaped(&text)?);
                }
            }
            b'{' => {
                self.open(true)?;
                if role == Role::Step {
                    self.on_path += 1;
                }
                return Ok(true);
            }
            b'[' => {
                self.open(false)?;
                return Ok(true);
            }
            b't' => self.word(b"true")?,
            b'f' => self.word(b"false")?,
            b'n' => self.word(b"null")?,
            _ => self.number()?,
        }
        Ok(false)
    }

    /// Whether the object or array that was just entered is empty; if so, it is left.
    fn closes_at_once(&mut self) -> Result<bool, Reason> {
        let closing = if self.in_object() { b'}' } else { b']' };
        let closes = self.token()? == closing;
        if closes {
            self.at += 1;
            self.close();
        }
        Ok(closes)
    }

    /// What the next value is to the path; in an object its key is read.
    fn next_role(&mut self) -> Result<Role, Reason> {
        if !self.in_object() {
            return Ok(Role::Other);
        }
        if self.token()? != b'"' {
            return Err(Reason::NotJson);
        }
        let key = self.string()?;
        if self.token()? != b':' {
            return Err(Reason::NotJson);
        }
        self.at += 1;
        if self.depth != self.on_path || !self.is_next_key(&key)? {
            return Ok(Role::Other);
        }
        let bit = 1 << (self.on_path - 1);
        self.twice |= self.met & bit != 0;
        self.met |= bit;
        Ok(if self.on_path == self.keys.len() { Role::Id } else { Role::Step })
    }

    fn is_next_key(&self, key: &Text) -> Result<bool, Reason> {
        let Some(wanted) = self.keys.get(self.on_path - 1) else { return Ok(false) };
        if key.escaped {
            return Ok(*self.unescaped(key)? == **wanted);
        }
        Ok(self.row.get(key.start..key.end) == Some(wanted.as_bytes()))
    }

    fn unescaped(&self, text: &Text) -> Result<Cow<'r, str>, Reason> {
        if text.escaped {
            let quoted = self.text.get(text.start - 1..=text.end).ok_or(Reason::NotJson)?;
            return serde_json::from_str(quoted).map(Cow::Owned).map_err(|_| Reason::NotJson);
        }
        self.text.get(text.start..text.end).map(Cow::Borrowed).ok_or(Reason::NotJson)
    }

    fn open(&mut self, object: bool) -> Result<(), Reason> {
        if self.depth == Self::MAX_DEPTH {
            return Err(Reason::TooDeep);
        }
        self.at += 1;
        self.depth += 1;
        self.objects = self.objects << 1 | u128::from(object);
        Ok(())
    }

    fn close(&mut self) {
        if self.on_path == self.depth {
            self.on_path -= 1;
        }
        self.depth -= 1;
        self.objects >>= 1;
    }

    const fn in_object(&self) -> bool {
        self.objects & 1 == 1
    }

    fn byte(&self) -> Option<u8> {
        self.row.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.byte() {
            self.at += 1;
        }
    }

    /// The next byte that is no space, without passing it.
    fn token(&mut self) -> Result<u8, Reason> {
        self.skip_space();
        self.byte().ok_or(Reason::NotJson)
    }

    fn word(&mut self, word: &[u8]) -> Result<(), Reason> {
        let end = self.at + word.len();
        if self.row.get(self.at..end) != Some(word) {
            return Err(Reason::NotJson);
        }
        self.at = end;
        Ok(())
    }

    fn string(&mut self) -> Result<Text, Reason> {
        let start = self.at + 1;
        let mut escaped = false;
        // Where the second half of a surrogate pair has its `u`.
        let mut paired = None;
        let (mut chunk, mut ahead) = (start / 64, !0 << (start % 64));
        loop {
            let bits = self.masks.of(chunk).ok_or(Reason::NotJson)?;
            let quotes = bits.quotes & ahead;
            // Up to the first quote.
            let string = ahead & (quotes ^ quotes.wrapping_sub(1));
            if bits.bad & string != 0 {
                return Err(Reason::NotJson);
            }
            escaped |= bits.escapes & string != 0;
            let mut hex = bits.hex & string;
            while hex != 0 {
                let at = 64 * chunk + hex.trailing_zeros() as usize;
                if paired != Some(at) {
                    paired = self.unpaired(at + 1)?;
                }
                hex &= hex - 1;
            }
            if quotes != 0 {
                let end = 64 * chunk + quotes.trailing_zeros() as usize;
                self.at = end + 1;
                return Ok(Text { start, end, escaped });
            }
            chunk += 1;
            ahead = !0;
        }
    }

    /// Reads the digits of an escape, and for the first half of a surrogate pair those of the second; says where that has its `u`.
    fn unpaired(&self, at: usize) -> Result<Option<usize>, Reason> {
        match self.hex(at)? {
            0xdc00..=0xdfff => Err(Reason::NotJson),
            0xd800..=0xdbff => {
                let pair = self.row.get(at + 4..at + 6) == Some(b"\\u");
                if pair && matches!(self.hex(at + 6)?, 0xdc00..=0xdfff) {
                    Ok(Some(at + 5))
                } else {
                    Err(Reason::NotJson)
                }
            }
            _ => Ok(None),
        }
    }

    fn hex(&self, at: usize) -> Result<u32, Reason> {
        let digits = self.row.get(at..at + 4).ok_or(Reason::NotJson)?;
        digits.iter().try_fold(0, |value, &digit| {
            let digit = char::from(digit).to_digit(16).ok_or(Reason::NotJson)?;
            Ok(value << 4 | digit)
        })
    }

    fn number(&mut self) -> Result<(), Reason> {
        let start = self.at;
        if self.byte() == Some(b'-') {
            self.at += 1;
        }
        if self.byte() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        let mut exponent = 0;
        if let Some(b'e' | b'E') = self.byte() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.byte() {
                self.at += 1;
            }
            exponent = self.digits()?;
        }
        // Only these can be beyond the largest double, about 1.8e308.
        if exponent > 2 || self.at - start > 200 {
            let number = self.text.get(start..self.at).ok_or(Reason::NotJson)?;
            serde_json::from_str::<serde_json::Value>(number).map_err(|_| Reason::NotJson)?;
        }
        Ok(())
    }

    /// Passes at least one digit; says how many.
    fn digits(&mut self) -> Result<usize, Reason> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.byte() {
            self.at += 1;
        }
        if self.at == start { Err(Reason::NotJson) } else { Ok(self.at - start) }
    }
}
