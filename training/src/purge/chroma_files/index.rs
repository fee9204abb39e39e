//! The index of one collection on the disk. Owns reading of it what a rebuild needs: which records have a vector in it, and
//! these vectors.
//!
//! A folder of files: `header.bin` with numbers, `data_level0.bin` with one element of a fixed size after the other, each with
//! links, a vector and a label, and `index_metadata.pickle` with the labels of the records. Where angles are compared the
//! vectors there are normalised, and `length.bin` has how long they were; elsewhere it has nothing of use. It is never
//! written here.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, BufReader, Read as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use serde::Deserialize;

/// How much longer or shorter than 1 a normalised vector may be.
const ROUNDING: f32 = 1e-3;

/// The files of an index; a folder with others in it is none.
pub(super) const FILES: [&str; 5] =
    ["data_level0.bin", "header.bin", "index_metadata.pickle", "length.bin", "link_lists.bin"];

/// Bytes of the numbers at the beginning of `header.bin`: a version of 4, six of 8.
const HEADER: usize = 4 + 6 * 8;

pub(super) struct Index {
    data: File,
    /// How long an element is, and where in it the vector begins and the label.
    element: u64,
    vector: (u64, usize),
    labels: HashMap<String, u32>,
    /// How long the vectors were before they were normalised, if they are.
    lengths: Option<File>,
    /// Which element has a label.
    places: HashMap<u64, u64>,
}

impl Index {
    /// Reads the index in a folder; `None` if there is none yet. `cosine` says whether it compares angles.
    pub(super) fn open(folder: &Path, cosine: bool) -> io::Result<Option<Self>> {
        #[derive(Deserialize)]
        struct Metadata {
            id_to_label: HashMap<String, u32>,
        }
        let metadata = match fs::read(folder.join("index_metadata.pickle")) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let unknown = || io::Error::other("has an index in a form that is not known here (Chroma 1.x is)");
        let Metadata { id_to_label: labels } =
            serde_pickle::from_slice(&metadata, serde_pickle::DeOptions::new()).map_err(|_| unknown())?;
        let header = fs::read(folder.join("header.bin"))?;
        let header =
            header.get(4..HEADER).filter(|_| header.starts_with(&[1, 0, 0, 0])).ok_or_else(unknown)?;
        let (numbers, _) = header.as_chunks::<8>();
        let numbers: Vec<u64> = numbers.iter().map(|number| u64::from_le_bytes(*number)).collect();
        let [0, _, count, element, label, vector] = *numbers.as_slice() else { return Err(unknown()) };
        let size =
            label.checked_sub(vector).filter(|size| size % 4 == 0 && label + 8 == element && *size > 0);
        let size = size.and_then(|size| usize::try_from(size).ok()).ok_or_else(unknown)?;
        let data = File::open(folder.join("data_level0.bin"))?;
        if data.metadata()?.len() < count.checked_mul(element).ok_or_else(unknown)? {
            return Err(unknown());
        }
        let lengths = cosine.then(|| File::open(folder.join("length.bin"))).transpose()?;
        let mut places = HashMap::new();
        let mut elements = BufReader::with_capacity(1 << 20, &data);
        let mut bytes = vec![0; usize::try_from(element).map_err(|_| unknown())?];
        for place in 0..count {
            elements.read_exact(&mut bytes)?;
            let label = bytes.last_chunk().map_or(0, |label| u64::from_le_bytes(*label));
            places.insert(label, place);
        }
        Ok(Some(Self { data, element, vector: (vector, size), labels, lengths, places }))
    }

    /// The vector of a record as the index has it, as its bytes.
    pub(super) fn stored(&self, id: &str) -> io::Result<Option<Vec<u8>>> {
        self.place(id).map(|place| self.at(place)).transpose()
    }

    /// The vector of a record as it was given, as its bytes.
    pub(super) fn vector(&self, id: &str) -> io::Result<Option<Vec<u8>>> {
        let Some(place) = self.place(id) else { return Ok(None) };
        let bytes = self.at(place)?;
        let Some(lengths) = &self.lengths else { return Ok(Some(bytes)) };
        let mut length = [0; 4];
        lengths.read_exact_at(&mut length, place * 4)?;
        let length = f32::from_le_bytes(length);
        let numbers: Vec<f32> =
            bytes.as_chunks().0.iter().map(|number| f32::from_le_bytes(*number)).collect();
        let norm = numbers.iter().map(|number| number * number).sum::<f32>().sqrt();
        if norm != 0.0 && ((norm - 1.0).abs() > ROUNDING || !length.is_normal()) {
            return Err(io::Error::other("has an index of angles whose vectors are not normalised"));
        }
        Ok(Some(numbers.iter().flat_map(|number| (number * length).to_le_bytes()).collect()))
    }

    fn place(&self, id: &str) -> Option<u64> {
        self.labels.get(id).and_then(|label| self.places.get(&u64::from(*label))).copied()
    }

    /// The vectors that belong to no record any more.
    pub(super) fn left_over(&self) -> io::Result<Vec<Vec<u8>>> {
        let used: HashSet<u64> = self.labels.values().map(|label| u64::from(*label)).collect();
        let unused = self.places.iter().filter(|(label, _)| !used.contains(label));
        unused.map(|(_, place)| self.at(*place)).collect()
    }

    fn at(&self, place: u64) -> io::Result<Vec<u8>> {
        let (vector, size) = self.vector;
        let mut bytes = vec![0; size];
        self.data.read_exact_at(&mut bytes, place * self.element + vector)?;
        Ok(bytes)
    }
}

/// Whether a folder holds an index and nothing else.
pub(super) fn is_one(folder: &Path) -> bool {
    let known = |entry: io::Result<fs::DirEntry>| {
        entry.is_ok_and(|entry| FILES.iter().any(|name| entry.file_name() == *name))
    };
    fs::read_dir(folder).is_ok_and(|mut entries| entries.all(known))
}
