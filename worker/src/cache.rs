//! What an isolate keeps between calls. Owns the cells; how old a value may be is decided where it is used.

use crate::site::Registry;
use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

/// What is kept. A clone shares it.
#[derive(Clone, Default)]
pub(crate) struct Cache {
    /// Sites and keys.
    pub(crate) registry: Rc<RefCell<Option<Rc<Registry>>>>,
    /// The name of the log in each database.
    pub(crate) origins: Rc<RefCell<BTreeMap<usize, String>>>,
}
