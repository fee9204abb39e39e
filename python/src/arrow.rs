//! Columns of Arrow, whoever's they are. Owns the crossing by the C data interface and the
//! capsules of Python, with the unsafe calls that these need, and which types of Arrow hold ids.

use std::ptr::NonNull;
use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi};
use arrow_array::ffi_stream::{ArrayStreamReader, FFI_ArrowArrayStream};
use arrow_array::{
    Array, ArrayRef, BooleanArray, FixedSizeBinaryArray, LargeStringArray, StringArray, StringViewArray,
    make_array,
};
use arrow_schema::{ArrowError, DataType, Field};
use consentry::granted::{KEY, Key};
use consentry::subject::SiteKey;
use consentry_training::grants::Grants;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyTuple};

use crate::judge::{self, Id, Ids, Tally, Verdict, judge};

/// A column that any library of Arrow can take in.
#[pyclass(frozen, module = "consentry._consentry")]
pub(crate) struct Made(ArrayRef);

#[pymethods]
impl Made {
    fn __len__(&self) -> usize {
        self.0.len()
    }

    /// The schema and the array, as the Arrow PyCapsule interface wants them; there is no other type to ask for.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_array__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        drop(requested_schema);
        let field = Field::new("", self.0.data_type().clone(), self.0.is_nullable());
        let schema = FFI_ArrowSchema::try_from(field).map_err(|error| bad(&error))?;
        let array = FFI_ArrowArray::new(&self.0.to_data());
        let schema = PyCapsule::new_with_value(py, schema, c"arrow_schema")?;
        PyTuple::new(py, [schema, PyCapsule::new_with_value(py, array, c"arrow_array")?])
    }
}

/// The chunks of a column that offers `__arrow_c_array__` or `__arrow_c_stream__`. Nothing is copied.
pub(crate) fn chunks(column: &Bound<'_, PyAny>) -> PyResult<Vec<ArrayRef>> {
    if column.hasattr("__arrow_c_array__")? {
        let (schema, array) = column.call_method0("__arrow_c_array__")?.extract()?;
        Ok(vec![import(&schema, &array)?])
    } else {
        import_stream(&column.call_method0("__arrow_c_stream__")?.cast_into()?)
    }
}

#[allow(
    unsafe_code,
    reason = "the interface is two C structs; the names of the capsules say that they are these, and their producer vouches for them"
)]
fn import(schema: &Bound<'_, PyCapsule>, array: &Bound<'_, PyCapsule>) -> PyResult<ArrayRef> {
    let schema: NonNull<FFI_ArrowSchema> = schema.pointer_checked(Some(c"arrow_schema"))?.cast();
    let array: NonNull<FFI_ArrowArray> = array.pointer_checked(Some(c"arrow_array"))?.cast();
    // SAFETY: a capsule of this name points to such a struct, which lives as long as the capsule; the array is moved out, and
    // what stays behind is marked as released.
    let data = unsafe { from_ffi(FFI_ArrowArray::from_raw(array.as_ptr()), schema.as_ref()) };
    Ok(make_array(data.map_err(|error| bad(&error))?))
}

#[allow(unsafe_code, reason = "as in `import`")]
fn import_stream(capsule: &Bound<'_, PyCapsule>) -> PyResult<Vec<ArrayRef>> {
    let stream: NonNull<FFI_ArrowArrayStream> = capsule.pointer_checked(Some(c"arrow_array_stream"))?.cast();
    // SAFETY: as in `import`; the stream is moved out.
    let reader = unsafe { ArrayStreamReader::from_raw(stream.as_ptr()) }.map_err(|error| bad(&error))?;
    reader.collect::<Result<_, _>>().map_err(|error| bad(&error))
}

fn bad(error: &ArrowError) -> PyErr {
    PyTypeError::new_err(format!("this column can't be read as Arrow: {error}"))
}

/// The mask of a column and what became of its places. Fails for a type that holds no text.
pub(crate) fn mask(chunks: &[ArrayRef], grants: &impl Grants) -> Result<(Made, Tally), DataType> {
    let mut verdicts = Vec::with_capacity(chunks.iter().map(Array::len).sum());
    for chunk in chunks {
        verdicts.append(&mut verdicts_of(chunk, grants)?);
    }
    let tally = Tally::of(&verdicts);
    let mask: BooleanArray = verdicts.into_iter().map(|verdict| Some(verdict.granted())).collect();
    Ok((Made(Arc::new(mask)), tally))
}

/// The keys of a column, 16 bytes each, null where there is no user id. Fails for a type that holds no text.
pub(crate) fn subjects(chunks: &[ArrayRef], key: &SiteKey) -> Result<Made, DataType> {
    let mut subjects = Vec::with_capacity(chunks.iter().map(Array::len).sum());
    for chunk in chunks {
        subjects.append(&mut subjects_of(chunk, key)?);
    }
    let length = i32::try_from(KEY).unwrap_or(i32::MAX);
    let array = FixedSizeBinaryArray::try_from_sparse_iter_with_size(subjects.into_iter(), length);
    Ok(Made(Arc::new(array.map_err(|_| DataType::FixedSizeBinary(length))?)))
}

fn subjects_of(array: &ArrayRef, key: &SiteKey) -> Result<Vec<Option<Key>>, DataType> {
    match array.data_type() {
        DataType::Null => Ok(vec![None; array.len()]),
        DataType::Dictionary(..) => {
            let array = array.as_any_dictionary();
            if array.values().is_empty() {
                return Ok(vec![None; array.len()]);
            }
            let (of_values, nulls) = (subjects_of(array.values(), key)?, array.logical_nulls());
            let known = |place| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(place));
            let subject = |(place, value): (usize, usize)| {
                of_values.get(value).copied().flatten().filter(|_| known(place))
            };
            Ok(array.normalized_keys().into_iter().enumerate().map(subject).collect())
        }
        _ => Ok(judge::subjects(&Texts::of(array)?, key)),
    }
}

fn verdicts_of(array: &ArrayRef, grants: &impl Grants) -> Result<Vec<Verdict>, DataType> {
    match array.data_type() {
        DataType::Null => Ok(vec![Verdict::NoId; array.len()]),
        DataType::Dictionary(..) => {
            let array = array.as_any_dictionary();
            let values = array.values();
            if values.is_empty() {
                return Ok(vec![Verdict::NoId; array.len()]);
            }
            let (keys, nulls) = (array.normalized_keys(), array.logical_nulls());
            let known = |place| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(place));
            // A value that many rows share is hashed once; a slice of few rows doesn't hash what it doesn't mention.
            if values.len() <= keys.len() {
                let of_values = verdicts_of(values, grants)?;
                let verdict = |(place, key): (usize, &usize)| match of_values.get(*key) {
                    Some(verdict) if known(place) => *verdict,
                    _ => Verdict::NoId,
                };
                return Ok(keys.iter().enumerate().map(verdict).collect());
            }
            let texts = Texts::of(values)?;
            let keys = keys.into_iter().enumerate().map(|(place, key)| known(place).then_some(key)).collect();
            Ok(judge(&Chosen(texts, keys), grants))
        }
        _ => Ok(judge(&Texts::of(array)?, grants)),
    }
}

/// The three layouts in which Arrow keeps text.
enum Texts<'a> {
    Small(&'a StringArray),
    Large(&'a LargeStringArray),
    View(&'a StringViewArray),
}

impl<'a> Texts<'a> {
    fn of(array: &'a ArrayRef) -> Result<Self, DataType> {
        match array.data_type() {
            DataType::Utf8 => Ok(Self::Small(array.as_string())),
            DataType::LargeUtf8 => Ok(Self::Large(array.as_string())),
            DataType::Utf8View => Ok(Self::View(array.as_string_view())),
            other => Err(other.clone()),
        }
    }

    fn text(&self, place: usize) -> Id<'a> {
        let (null, text) = match self {
            Self::Small(array) => (array.is_null(place), array.value(place)),
            Self::Large(array) => (array.is_null(place), array.value(place)),
            Self::View(array) => (array.is_null(place), array.value(place)),
        };
        if null { Id::Null } else { Id::Text(text) }
    }
}

impl Ids for Texts<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Small(array) => array.len(),
            Self::Large(array) => array.len(),
            Self::View(array) => array.len(),
        }
    }

    fn get<'s>(&'s self, place: usize, _: &'s mut String) -> Id<'s> {
        self.text(place)
    }
}

/// Rows that name their texts by number.
struct Chosen<'a>(Texts<'a>, Vec<Option<usize>>);

impl Ids for Chosen<'_> {
    fn len(&self) -> usize {
        self.1.len()
    }

    fn get<'s>(&'s self, place: usize, _: &'s mut String) -> Id<'s> {
        self.1.get(place).copied().flatten().map_or(Id::Null, |key| self.0.text(key))
    }
}
