//! What the widget lets the browser do. Owns the names and shapes of the functions that `www/loader/hands.js` implements.
//! A text crosses as its place and length in memory.

use consentry::time::Timestamp;

/// The imports themselves. Both sides agree on them by hand.
#[allow(unsafe_code, reason = "to declare what a host provides is to vouch for it")]
mod host {
    #[link(wasm_import_module = "hands")]
    unsafe extern "C" {
        pub(super) safe fn now() -> f64;
        pub(super) safe fn describe(flags: u32, what: *const u8, len: usize);
        pub(super) safe fn render(view: u32, draft: u32);
        pub(super) safe fn speak(language: *const u8, len: usize);
        pub(super) safe fn keep(surface: usize, shown_at: f64, answers: usize, choice: *const u8, len: usize);
        pub(super) safe fn permit(signals: u32, changed: bool);
    }
}

/// The clock of the browser.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_js(host::now())
}

/// Says once what there is to ask. `what`: the version of the notice, the code of the regime, and of each purpose
/// `name=legal basis`, and `=` once more if it is used as long as the person says nothing; separated by spaces. `flags`: 1 if Global
/// Privacy Control counts as a no, 2 if something that is asked about is used already, 4 if there has to be a link that stops
/// selling.
pub(crate) fn describe(flags: u32, what: &str) {
    host::describe(flags, what.as_ptr(), what.len());
}

/// Shows nothing (0), the banner (1), or the preferences (2) with these purposes on, the first of them the lowest bit.
pub(crate) fn render(view: u32, draft: u32) {
    host::render(view, draft);
}

/// Gets the texts of a language, and makes the elements once there is a body.
pub(crate) fn speak(language: &str) {
    host::speak(language.as_ptr(), language.len());
}

/// Keeps a choice for the next visit, and sends its first so many answers, which are new, to be recorded. `surface`: its place in
/// [`consentry::surface::Surface::ALL`], for a placeholder with the place of its purpose added.
pub(crate) fn keep(surface: usize, shown_at: Timestamp, answers: usize, choice: &str) {
    host::keep(surface, shown_at.as_js(), answers, choice.as_ptr(), choice.len());
}

/// Tells Consent Mode, then runs the tags for which [`crate::calls::accepted`] says yes, then tells the page what holds, and if it
/// `changed`, that.
pub(crate) fn permit(signals: u32, changed: bool) {
    host::permit(signals, changed);
}
