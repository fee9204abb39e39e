//! Columns of Python's objects: lists, and arrays of objects. Owns doing two things at once: this thread holds the interpreter and
//! copies the texts of one block after the other, and the other cores hash and look up those of the blocks before.
//!
//! Texts are copied because a block is read once anyway, and then nothing of Python's is touched without its lock.

use std::num::NonZero;
use std::ops::Range;
use std::sync::mpsc::{TrySendError, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use consentry::granted::Key;
use consentry::subject::{SiteKey, UserId};
use consentry_training::grants::Grants;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyFloat, PyList, PySlice, PyString, PyTuple};

use crate::judge::{Buffers, Id, Ids, Verdict, judge_share, subjects_share};

/// Places of a block: few enough that its texts stay in a core's own memory.
const BLOCK: usize = 1 << 12;

/// Blocks that wait for each other core.
const AHEAD: usize = 4;

/// The verdict on every place of a list, a tuple or an array with `tolist`, in order. Other threads of Python get their turn after
/// each block.
pub(crate) fn judge_objects(column: &Bound<'_, PyAny>, grants: &impl Grants) -> PyResult<Vec<Verdict>> {
    let mut verdicts = vec![Verdict::Refused; column.len()?];
    let judge = |block: &Block, share: &mut [Verdict], buffers: &mut Buffers| {
        judge_share(block, 0, share, grants, buffers);
    };
    fill(&mut verdicts, column, judge)?;
    Ok(verdicts)
}

/// The key of every place of such a column; none where there is no user id.
pub(crate) fn subjects_of_objects(column: &Bound<'_, PyAny>, key: &SiteKey) -> PyResult<Vec<Option<Key>>> {
    let mut subjects = vec![None; column.len()?];
    let hash = |block: &Block, share: &mut [Option<Key>], text: &mut String| {
        subjects_share(block, 0, share, key, text);
    };
    fill(&mut subjects, column, hash)?;
    Ok(subjects)
}

/// Reads block by block, and lets `judge` fill the places of those that were read.
fn fill<T: Send, B: Default + Send>(
    places: &mut [T],
    column: &Bound<'_, PyAny>,
    judge: impl Fn(&Block, &mut [T], &mut B) + Sync,
) -> PyResult<()> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let others = (cores - 1).min(places.len() / BLOCK);
    let (give, take) = sync_channel::<(Block, &mut [T])>(AHEAD * others.max(1));
    let (take, spare) = (Mutex::new(take), Mutex::new(Vec::new()));
    let work = |(block, share): (Block, &mut [T]), buffers: &mut B| {
        judge(&block, share, buffers);
        spare.lock().unwrap_or_else(PoisonError::into_inner).push(block);
    };
    let work_on = || {
        let mut buffers = B::default();
        // The lock is let go before the block is worked on.
        while let Some(next) = take.lock().ok().and_then(|take| take.recv().ok()) {
            work(next, &mut buffers);
        }
    };
    thread::scope(|scope| {
        for _ in 0..others {
            scope.spawn(work_on);
        }
        let mut buffers = B::default();
        let read: PyResult<()> = places.chunks_mut(BLOCK).enumerate().try_for_each(|(n, share)| {
            let mut block: Block =
                spare.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
            block.read(column, n * BLOCK, share.len())?;
            column.py().detach(|| match give.try_send((block, share)) {
                Err(TrySendError::Full(next) | TrySendError::Disconnected(next)) => work(next, &mut buffers),
                Ok(()) => {}
            });
            Ok(())
        });
        // Nothing more comes, so all end once what waits is done.
        drop(give);
        column.py().detach(work_on);
        read
    })
}

/// The texts of some places, and where each is.
#[derive(Default)]
struct Block {
    text: String,
    places: Vec<Place>,
}

enum Place {
    Text(Range<usize>),
    Null,
    NotText,
    Broken,
}

impl Block {
    /// Takes in `length` places from `first` on, instead of what it had.
    fn read(&mut self, column: &Bound<'_, PyAny>, first: usize, length: usize) -> PyResult<()> {
        self.text.clear();
        self.places.clear();
        let objects = objects(column, first, first + length)?;
        if objects.len() != length {
            return Err(PyRuntimeError::new_err("the column became shorter while it was read"));
        }
        for object in objects {
            let place = self.place(&object);
            self.places.push(place);
        }
        Ok(())
    }

    fn place(&mut self, object: &Bound<'_, PyAny>) -> Place {
        match object.cast::<PyString>().map(|text| text.to_str()) {
            Ok(Ok(text)) if text.len() <= UserId::MAX_LEN => {
                let start = self.text.len();
                self.text.push_str(text);
                Place::Text(start..self.text.len())
            }
            Ok(_) => Place::Broken,
            Err(_) if is_null(object) => Place::Null,
            Err(_) => Place::NotText,
        }
    }
}

impl Ids for Block {
    fn len(&self) -> usize {
        self.places.len()
    }

    fn get<'s>(&'s self, place: usize, _: &'s mut String) -> Id<'s> {
        match self.places.get(place) {
            Some(Place::Text(range)) => self.text.get(range.clone()).map_or(Id::Broken, Id::Text),
            Some(Place::NotText) => Id::NotText,
            Some(Place::Broken) => Id::Broken,
            Some(Place::Null) | None => Id::Null,
        }
    }
}

/// A part of a column, in a list of its own that nobody else can change.
fn objects<'py>(column: &Bound<'py, PyAny>, from: usize, to: usize) -> PyResult<Bound<'py, PyList>> {
    if let Ok(list) = column.cast::<PyList>() {
        return Ok(list.get_slice(from, to));
    }
    if let Ok(tuple) = column.cast::<PyTuple>() {
        return Ok(tuple.get_slice(from, to).to_list());
    }
    let end = |place: usize| isize::try_from(place).unwrap_or(isize::MAX);
    let part = column.get_item(PySlice::new(column.py(), end(from), end(to), 1))?;
    Ok(part.call_method0("tolist")?.cast_into()?)
}

/// `None`, and what pandas and NumPy write instead of it.
fn is_null(object: &Bound<'_, PyAny>) -> bool {
    object.is_none()
        || object.cast::<PyFloat>().is_ok_and(|number| number.value().is_nan())
        || object.get_type().name().is_ok_and(|name| name == "NAType" || name == "NaTType")
}
