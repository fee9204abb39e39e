//! What a row says, spelt out over the whole tree that `serde_json` reads. The tests and the fuzz targets hold the scan to it.

use std::fmt;

use consentry_training::scan::Reason;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// What `serde_json` reads, with every key as often as it is there.
enum Node {
    Object(Vec<(String, Node)>),
    Text(String),
    Other,
}

struct AnyNode;

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyNode)
    }
}

impl<'de> Visitor<'de> for AnyNode {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        while items.next_element::<Node>()?.is_some() {}
        Ok(Node::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut all = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            all.push(entry);
        }
        Ok(Node::Object(all))
    }
}

/// The user id at `path`, or why there is none.
pub(crate) fn reference(row: &[u8], path: &str) -> Result<String, Reason> {
    if row.starts_with("\u{feff}".as_bytes()) {
        return Err(Reason::ByteOrderMark);
    }
    let text = std::str::from_utf8(row).map_err(|_| Reason::InvalidUtf8)?;
    let node = serde_json::from_str::<Node>(text).map_err(|error| {
        if error.to_string().starts_with("recursion limit") { Reason::TooDeep } else { Reason::NotJson }
    })?;
    let mut nodes = vec![&node];
    let mut id = None;
    let keys: Vec<&str> = path.split('.').collect();
    for (n, key) in keys.iter().enumerate() {
        let values: Vec<&Node> = nodes
            .into_iter()
            .filter_map(|node| if let Node::Object(entries) = node { Some(entries) } else { None })
            .flatten()
            .filter(|(name, _)| name == key)
            .map(|(_, value)| value)
            .collect();
        if values.len() > 1 {
            return Err(Reason::TwoIds);
        }
        if n + 1 == keys.len() {
            id = values.first().copied();
        }
        nodes = values;
    }
    match id {
        None => Err(Reason::NoId),
        Some(Node::Text(id)) => Ok(id.clone()),
        Some(_) => Err(Reason::IdNotAString),
    }
}
