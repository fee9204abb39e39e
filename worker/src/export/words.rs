//! What the pages for people say, in the language of whoever reads. The words are files beside the scripts of the banner
//! (`www/pages/words/`), so that none of them is in the Worker itself; which language it is to be is decided here.

use crate::{app::App, http::Call, platform::Platform};
use consentry::{
    language,
    problem::{Code, Problem},
};
use std::collections::BTreeMap;

/// The language of whoever wants one that there is not.
const ENGLISH: &str = "en";

/// Words by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Words(BTreeMap<String, String>);

impl Words {
    /// The words of a name; without any, the name itself.
    pub(crate) fn get<'a>(&'a self, name: &'a str) -> &'a str {
        self.find(name).unwrap_or(name)
    }

    /// The words of a name.
    pub(crate) fn find(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

/// The words for a caller, as JSON: in the language that the address asks for, or else the browser.
pub(crate) async fn text<P: Platform>(app: &App<'_, P>, call: &Call) -> Result<String, Problem> {
    let there_are = app.platform.asset("/locales/index.txt").await.unwrap_or_default();
    let language = call.languages().find_map(|tag| language::best(tag, &there_are)).unwrap_or(ENGLISH);
    app.platform.asset(&format!("/words/{language}.json")).await.ok_or_else(|| {
        Problem::new(
            Code::Misconfigured,
            "the words of the pages are missing; deploy www/dist with the Worker",
        )
    })
}

/// The same to be used here.
pub(crate) async fn words<P: Platform>(app: &App<'_, P>, call: &Call) -> Result<Words, Problem> {
    let text = text(app, call).await?;
    serde_json::from_str(&text).map(Words).map_err(|_| {
        Problem::new(Code::Misconfigured, "the words of the pages can't be read; build www/dist anew")
    })
}
