//! One pass over a row. Owns the grammar of JSON as `serde_json` reads it into a `Value`, and the ways through it to what is
//! looked for; where strings end is read off [`super::masks`], numbers at the end of what a double can hold are left to
//! `serde_json` itself.

use std::borrow::Cow;

use super::masks::Masks;
use super::{Reason, Value, Way};

/// One thing that is looked for.
pub(super) struct Search<'r, 'f> {
    keys: &'f [Box<str>],
    /// How many of the open objects are on the path, from the outermost on.
    on_path: usize,
    /// A bit for each key of the path that was met.
    met: u32,
    twice: bool,
    found: Value<'r>,
}

impl<'r, 'f> Search<'r, 'f> {
    pub(super) const fn new(keys: &'f [Box<str>]) -> Self {
        Self { keys, on_path: 0, met: 0, twice: false, found: Value::Absent }
    }

    pub(super) fn found(self) -> Value<'r> {
        if self.twice { Value::Twice } else { self.found }
    }
}

/// What a value is to the searches: a bit for each.
#[derive(Clone, Copy, Default)]
struct Role {
    /// It is the object in which the path goes on.
    step: u32,
    /// It is what is looked for.
    goal: u32,
}

/// A string without its quotes.
struct Text {
    start: usize,
    end: usize,
    escaped: bool,
}

struct Walk<'r, S> {
    text: &'r str,
    row: &'r [u8],
    masks: Masks<'r>,
    at: usize,
    /// Open objects and arrays.
    depth: usize,
    /// A bit for each of them, the innermost lowest: set for an object.
    objects: u128,
    searches: S,
}

/// Walks all of the row and leaves what was found in the searches, of which there are no more than 32.
pub(super) fn walk<'r, 'f, S: AsMut<[Search<'r, 'f>]>>(
    text: &'r str,
    searches: S,
    way: Way,
) -> Result<S, Reason> {
    let row = text.as_bytes();
    let mut walk = Walk { text, row, masks: Masks::new(row, way), at: 0, depth: 0, objects: 0, searches };
    walk.row()?;
    Ok(walk.searches)
}

impl<'r, 'f, S: AsMut<[Search<'r, 'f>]>> Walk<'r, S> {
    /// `serde_json` gives up at 128.
    const MAX_DEPTH: usize = 127;

    fn row(&mut self) -> Result<(), Reason> {
        // The row's own object is the first on every path.
        let mut role = Role { step: u32::MAX, goal: 0 };
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
        let value = match self.token()? {
            b'"' => {
                let text = self.string()?;
                if role.goal == 0 {
                    return Ok(false);
                }
                Value::Text(self.unescaped(&text)?)
            }
            b'{' => {
                self.open(true)?;
                self.found(role.goal, &Value::Nested);
                for (n, search) in self.searches.as_mut().iter_mut().enumerate() {
                    search.on_path += usize::from(role.step >> n & 1 == 1);
                }
                return Ok(true);
            }
            b'[' => {
                self.open(false)?;
                self.found(role.goal, &Value::Nested);
                return Ok(true);
            }
            b't' => self.word(b"true").map(|()| Value::Bool(true))?,
            b'f' => self.word(b"false").map(|()| Value::Bool(false))?,
            b'n' => self.word(b"null").map(|()| Value::Null)?,
            _ => Value::Number(self.number()?),
        };
        self.found(role.goal, &value);
        Ok(false)
    }

    fn found(&mut self, goal: u32, value: &Value<'r>) {
        if goal == 0 {
            return;
        }
        for (n, search) in self.searches.as_mut().iter_mut().enumerate() {
            if goal >> n & 1 == 1 {
                search.found = value.clone();
            }
        }
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
            return Ok(Role::default());
        }
        if self.token()? != b'"' {
            return Err(Reason::NotJson);
        }
        let key = self.string()?;
        if self.token()? != b':' {
            return Err(Reason::NotJson);
        }
        self.at += 1;
        let mut role = Role::default();
        let depth = self.depth;
        // Most keys stand too deep, and most of the others have no escape and another length.
        let length = key.end - key.start;
        let wanted = |search: &Search<'_, '_>| {
            search.on_path == depth
                && search.keys.get(depth - 1).is_some_and(|wanted| key.escaped || wanted.len() == length)
        };
        if !self.searches.as_mut().iter().any(wanted) {
            return Ok(role);
        }
        let key = self.unescaped(&key)?;
        for (n, search) in self.searches.as_mut().iter_mut().enumerate() {
            let Some(wanted) = (search.on_path == depth).then(|| search.keys.get(depth - 1)).flatten() else {
                continue;
            };
            if *key != **wanted {
                continue;
            }
            let bit = 1 << (depth - 1);
            search.twice |= search.met & bit != 0;
            search.met |= bit;
            if depth == search.keys.len() {
                role.goal |= 1 << n;
            } else {
                role.step |= 1 << n;
            }
        }
        Ok(role)
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
        for search in self.searches.as_mut() {
            search.on_path -= usize::from(search.on_path == self.depth);
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

    fn number(&mut self) -> Result<&'r str, Reason> {
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
        let number = self.text.get(start..self.at).ok_or(Reason::NotJson)?;
        if exponent > 2 || number.len() > 200 {
            serde_json::from_str::<serde_json::Value>(number).map_err(|_| Reason::NotJson)?;
        }
        Ok(number)
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
