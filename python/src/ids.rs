//! Ids as NumPy keeps them. Owns reading them where they are.

use numpy::ndarray::ArrayView2;

use crate::judge::{Id, Ids};

/// NumPy's `U`: a row of UTF-32 an id, padded with zeros.
pub(crate) struct Utf32<'a>(pub(crate) ArrayView2<'a, u32>);

impl Ids for Utf32<'_> {
    fn len(&self) -> usize {
        self.0.nrows()
    }

    fn get<'s>(&'s self, place: usize, buffer: &'s mut String) -> Id<'s> {
        let row = self.0.row(place);
        let units = row.as_slice().unwrap_or_default();
        let length = units.iter().rposition(|unit| *unit != 0).map_or(0, |last| last + 1);
        let units = units.get(..length).unwrap_or_default();
        let mut bytes = std::mem::take(buffer).into_bytes();
        bytes.clear();
        // Most ids are ASCII, and so many numbers at once are looked at faster than one by one.
        if units.iter().fold(0, |all, unit| all | unit) < 128 {
            bytes.extend(units.iter().map(|unit| unit.to_le_bytes()[0]));
        } else {
            for unit in units {
                let Some(char) = char::from_u32(*unit) else { return Id::Broken };
                bytes.extend(char.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        text(bytes, buffer)
    }
}

fn text(bytes: Vec<u8>, buffer: &mut String) -> Id<'_> {
    match String::from_utf8(bytes) {
        Ok(text) => {
            *buffer = text;
            Id::Text(buffer)
        }
        Err(_) => Id::Broken,
    }
}

/// NumPy's `S`: a row of bytes an id, padded with zeros.
pub(crate) struct Bytes<'a>(pub(crate) ArrayView2<'a, u8>);

impl Ids for Bytes<'_> {
    fn len(&self) -> usize {
        self.0.nrows()
    }

    fn get<'s>(&'s self, place: usize, buffer: &'s mut String) -> Id<'s> {
        let row = self.0.row(place);
        let mut bytes = std::mem::take(buffer).into_bytes();
        bytes.clear();
        bytes.extend(row);
        bytes.truncate(bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1));
        text(bytes, buffer)
    }
}
