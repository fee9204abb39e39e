//! From JavaScript values to the types of the core. Owns how records, purposes, regimes and moments are read and what is
//! said when they can't be.

use crate::refusal::Refusal;
use consentry::{
    history::History,
    purpose::Purpose,
    record::{ConsentRecord, LegalBasis, RecordFields},
    regime::{self, Regime},
    time::Timestamp,
};
use js_sys::{Array, Date, Reflect};
use serde::{Deserialize, de::DeserializeOwned};
use wasm_bindgen::prelude::*;

/// The largest whole number that a JavaScript number counts to: `Number.MAX_SAFE_INTEGER`.
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

pub(crate) fn read<T: DeserializeOwned>(value: &JsValue, at: &str) -> Result<T, Refusal> {
    let deserializer = serde_wasm_bindgen::Deserializer::from(value.clone());
    serde_path_to_error::deserialize(deserializer).map_err(|error| Refusal::found(at, error))
}

/// A record and its place in the log, as the API exports them.
pub(crate) struct Exported {
    pub(crate) log_index: u64,
    pub(crate) record: ConsentRecord,
}

#[derive(Deserialize)]
#[serde(expecting = "a consent record")]
struct Place {
    log_index: u64,
}

/// Reads one record; `at` is its place in the arguments.
pub(crate) fn exported(value: &JsValue, at: &str) -> Result<Exported, Refusal> {
    // Two readings of one object instead of a flattened one, which would lose the path to the field at fault.
    let Place { log_index } = read(value, at)?;
    if log_index > MAX_SAFE_INTEGER {
        let field = if at.is_empty() { "log_index".into() } else { format!("{at}.log_index") };
        return Err(Refusal::field(field, "is above 9007199254740991"));
    }
    let fields: RecordFields = read(value, at)?;
    let record = ConsentRecord::try_from(fields).map_err(|error| Refusal::record(at, error))?;
    Ok(Exported { log_index, record })
}

/// Reads all records of one person.
pub(crate) fn history(records: &JsValue) -> Result<History, Refusal> {
    let records = records
        .dyn_ref::<Array>()
        .ok_or_else(|| Refusal::field("records", "give all records of the person as an array"))?;
    let entries = records.iter().enumerate().map(|(index, value)| {
        let Exported { log_index, record } = exported(&value, &format!("records[{index}]"))?;
        Ok(record.entry(log_index))
    });
    Ok(History::new(entries.collect::<Result<_, Refusal>>()?))
}

/// What a caller may say beside the records, checked but without defaults for what decides.
pub(crate) struct Options {
    pub(crate) purposes: Option<Vec<Purpose>>,
    pub(crate) regime: Option<&'static Regime>,
    pub(crate) gpc: Option<bool>,
    /// The ground that is claimed.
    pub(crate) legal_basis: LegalBasis,
    /// When the erasure of the person's data was last asked for.
    pub(crate) erased_at: Option<Timestamp>,
    pub(crate) now: Timestamp,
}

#[derive(Default, Deserialize)]
#[serde(expecting = "an object with options")]
struct Unchecked {
    #[serde(default)]
    purposes: Option<Vec<String>>,
    #[serde(default)]
    regime: Option<String>,
    #[serde(default)]
    gpc: Option<bool>,
    #[serde(default)]
    legal_basis: Option<String>,
    #[serde(default)]
    erased_at: Option<Timestamp>,
}

impl Options {
    /// Reads an object; `undefined` and `null` are an empty one.
    pub(crate) fn read(value: &JsValue) -> Result<Self, Refusal> {
        if value.is_undefined() || value.is_null() {
            return Self::check(Unchecked::default(), &JsValue::UNDEFINED);
        }
        let unchecked = read(value, "")?;
        Self::check(unchecked, &Reflect::get(value, &"now".into()).unwrap_or(JsValue::NULL))
    }

    fn check(unchecked: Unchecked, now: &JsValue) -> Result<Self, Refusal> {
        let purposes = unchecked.purposes.map(|names| {
            let parsed = names.iter().enumerate().map(|(index, name)| {
                Purpose::parse(name).ok_or_else(|| {
                    Refusal::field(format!("purposes[{index}]"), NOT_A_NAME).allowing(built_in_purposes())
                })
            });
            parsed.collect()
        });
        let regime = unchecked.regime.map(|code| {
            Regime::by_code(&code).ok_or_else(|| {
                Refusal::field("regime", format!("there is no regime '{code}'"))
                    .allowing(regime::ALL.iter().map(|regime| regime.code))
            })
        });
        let legal_basis = unchecked.legal_basis.map_or(Ok(LegalBasis::Consent), |name| {
            LegalBasis::parse(&name).ok_or_else(|| {
                Refusal::field("legal_basis", format!("there is no legal basis '{name}'"))
                    .allowing(LegalBasis::ALL)
            })
        });
        Ok(Self {
            purposes: purposes.transpose()?,
            regime: regime.transpose()?,
            gpc: unchecked.gpc,
            legal_basis: legal_basis?,
            erased_at: unchecked.erased_at,
            now: moment(now)?,
        })
    }
}

const NOT_A_NAME: &str = "is no name of a purpose; a name that the site declares has up to 64 lower-case letters, \
                          digits and underscores, a letter first";

fn built_in_purposes() -> Vec<Purpose> {
    Purpose::DEFAULT.into_iter().chain([Purpose::SaleOrSharing]).collect()
}

/// Reads the name of a purpose that the site offers. Any other name is refused although it could be declared somewhere: a
/// misspelt `training` must not fall under a rule that allows what nobody decided about.
pub(crate) fn known_purpose(name: &JsValue, offered: Option<&[Purpose]>) -> Result<Purpose, Refusal> {
    let offered = offered.map_or_else(built_in_purposes, <[_]>::to_vec);
    let purpose = name.as_string().and_then(|name| Purpose::parse(&name));
    purpose
        .filter(|purpose| offered.contains(purpose))
        .ok_or_else(|| Refusal::field("purpose", "is none of this site's").allowing(offered))
}

/// Reads milliseconds or a `Date`; nothing is this machine's clock.
fn moment(now: &JsValue) -> Result<Timestamp, Refusal> {
    let ms = if now.is_undefined() {
        JsValue::from(Date::now())
    } else if let Some(date) = now.dyn_ref::<Date>() {
        JsValue::from(date.get_time())
    } else {
        now.clone()
    };
    // A clock that is off by millennia is refused rather than moved to where every grant stands.
    let ms = read::<i64>(&ms, "now").ok().filter(|ms| Timestamp::from_ms(*ms).as_ms() == *ms);
    ms.map(Timestamp::from_ms).ok_or_else(|| {
        Refusal::field("now", "give whole milliseconds since 1970, such as Date.now(), or a Date")
    })
}
