//! Rows that stay out although their users granted the purpose: reserved ones, and those of children. Owns the policy file that
//! says which fields of a row tell of it, and reading them; what a mark means is [`consentry::gate`]'s.
//!
//! ```json
//! {
//!   "reservations": {"tdm_reservation": "tdm-reservation", "content_usage": "headers.Content-Usage"},
//!   "age": {"birth_date": "meta.born", "minimum": 16, "parental_consent": "meta.parental_consent", "unknown": "out"}
//! }
//! ```
//!
//! Each names a key of a row of JSON, or a column of Parquet. Every part may be left out; `age` in years stands in place of
//! `birth_date`. A row without an age stays in unless `unknown` is `out`: consent was given for it, and most data sets have no ages
//! at all.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use consentry::gate::{Age, AgeRule, Closed, Mark, content_usage_reserved, tdm_reserved};
use consentry::{hash::Hash, time::Timestamp};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::filter::Stream;
use crate::scan::{Field, Value};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Policy {
    reservations: Option<Reservations>,
    age: Option<Ages>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reservations {
    tdm_reservation: Option<String>,
    content_usage: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ages {
    age: Option<String>,
    birth_date: Option<String>,
    minimum: u8,
    parental_consent: Option<String>,
    #[serde(default)]
    unknown: Unknown,
}

#[derive(Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Unknown {
    #[default]
    In,
    Out,
}

/// Why a policy can't be used.
#[derive(Debug)]
pub enum PolicyError {
    /// The file can't be read.
    Io(io::Error),
    /// It is no policy.
    Form(serde_json::Error),
    /// A name of a field is none.
    Field(String),
    /// It closes no gate.
    Empty,
    /// It must name either the age or the date of birth.
    AgeOrBirth,
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "can't be read: {error}"),
            Self::Form(error) => write!(
                f,
                "is no policy: {error}; write {{\"reservations\": {{\"tdm_reservation\": FIELD, \"content_usage\": FIELD}}, \
                 \"age\": {{\"birth_date\" or \"age\": FIELD, \"minimum\": YEARS, \"parental_consent\": FIELD, \"unknown\": \"in\" \
                 or \"out\"}}}}"
            ),
            Self::Field(name) => {
                write!(
                    f,
                    "names a field {name:?}; write up to 16 keys with dots between them, such as meta.age"
                )
            }
            Self::Empty => {
                f.write_str("names no field; name one under \"reservations\" or \"age\", or leave it out")
            }
            Self::AgeOrBirth => f.write_str("needs one of \"age\" and \"birth_date\" under \"age\""),
        }
    }
}

impl std::error::Error for PolicyError {}

/// A policy on the day of a run.
#[derive(Clone, Debug)]
pub struct Gates {
    /// All that it looks at in a row.
    fields: Vec<Field>,
    /// Which of these is what.
    tdm_reservation: Option<usize>,
    content_usage: Option<usize>,
    age: Option<AgeGate>,
    now: Timestamp,
    file: Stream,
}

#[derive(Clone, Copy, Debug)]
struct AgeGate {
    rule: AgeRule,
    born: bool,
    field: usize,
    parental_consent: Option<usize>,
}

impl Gates {
    /// Reads a policy file; ages are those at `now`.
    pub fn open(path: &Path, now: Timestamp) -> Result<Self, PolicyError> {
        let bytes = fs::read(path).map_err(PolicyError::Io)?;
        Self::parse(&path.display().to_string(), &bytes, now)
    }

    /// From the bytes of a policy that is called `name` in manifests.
    pub fn parse(name: &str, bytes: &[u8], now: Timestamp) -> Result<Self, PolicyError> {
        let policy: Policy = serde_json::from_slice(bytes).map_err(PolicyError::Form)?;
        let mut fields = Vec::new();
        let mut place = |name: String| {
            let field = Field::parse(&name).ok_or(PolicyError::Field(name))?;
            fields.push(field);
            Ok(fields.len() - 1)
        };
        let reservations =
            policy.reservations.unwrap_or(Reservations { tdm_reservation: None, content_usage: None });
        let tdm_reservation = reservations.tdm_reservation.map(&mut place).transpose()?;
        let content_usage = reservations.content_usage.map(&mut place).transpose()?;
        let age = match policy.age {
            None => None,
            Some(ages) => {
                let (born, name) = match (ages.age, ages.birth_date) {
                    (Some(name), None) => (false, name),
                    (None, Some(name)) => (true, name),
                    _ => return Err(PolicyError::AgeOrBirth),
                };
                let rule = AgeRule { minimum: ages.minimum, unknown_is_child: ages.unknown == Unknown::Out };
                let field = place(name)?;
                Some(AgeGate {
                    rule,
                    born,
                    field,
                    parental_consent: ages.parental_consent.map(&mut place).transpose()?,
                })
            }
        };
        if fields.is_empty() {
            return Err(PolicyError::Empty);
        }
        let sha256 = Some(Hash(Sha256::digest(bytes).into()));
        let file = Stream { file: name.into(), bytes: bytes.len() as u64, sha256 };
        Ok(Self { fields, tdm_reservation, content_usage, age, now, file })
    }

    /// What it looks at in a row.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The file it was read from.
    pub const fn file(&self) -> &Stream {
        &self.file
    }

    /// Whether a row stays out in which `values` stand in [`Self::fields`], and why.
    pub fn closed(&self, values: &[Value<'_>]) -> Option<Closed> {
        self.closed_by(|place| values.get(place).map_or(Mark::Unreadable, mark))
    }

    /// The same of a row that is no JSON; `at` says what stands in a field by its place in [`Self::fields`].
    pub fn closed_by<'a>(&self, at: impl Fn(usize) -> Mark<'a>) -> Option<Closed> {
        if self.tdm_reservation.is_some_and(|place| tdm_reserved(at(place)))
            || self.content_usage.is_some_and(|place| content_usage_reserved(at(place)))
        {
            return Some(Closed::Reserved);
        }
        let gate = self.age?;
        let age = at(gate.field);
        let age = if gate.born { Age::Born(age) } else { Age::Years(age) };
        let parental_consent = gate.parental_consent.map_or(Mark::Absent, at);
        gate.rule.closed(age, parental_consent, self.now).then_some(Closed::Child)
    }
}

fn mark<'a>(value: &'a Value<'_>) -> Mark<'a> {
    match value {
        Value::Absent | Value::Null => Mark::Absent,
        Value::Bool(bool) => Mark::Bool(*bool),
        Value::Number(number) => number.parse().map_or(Mark::Unreadable, Mark::Number),
        Value::Text(text) => Mark::Text(text),
        Value::Nested | Value::Twice => Mark::Unreadable,
    }
}
