//! What the widget lets the browser do. Owns the names and shapes of the functions that `www/loader/hands.js` implements.
//! A text crosses as its place and length in memory. Elements are numbers that [`add`] gives out; 0 is the top of the body.

use consentry::time::Timestamp;

/// The imports themselves. Both sides agree on them by hand.
#[allow(unsafe_code, reason = "to declare what a host provides is to vouch for it")]
mod host {
    #[link(wasm_import_module = "hands")]
    unsafe extern "C" {
        pub(super) safe fn now() -> f64;
        pub(super) safe fn add(
            parent: u32,
            tag: *const u8,
            tag_len: usize,
            value: *const u8,
            value_len: usize,
            text: *const u8,
            text_len: usize,
        ) -> u32;
        pub(super) safe fn show(element: u32, on: bool);
        pub(super) safe fn modal(dialog: u32, open: bool);
        pub(super) safe fn check(dialog: u32, place: usize, on: bool);
        pub(super) safe fn focus(element: u32);
        pub(super) safe fn speak(language: *const u8, language_len: usize);
        pub(super) safe fn digest(bytes: *const u8, len: usize);
        pub(super) safe fn keep(choice: *const u8, len: usize, answers: usize);
        pub(super) safe fn permit(signals: u32, changed: bool, purposes: *const u8, len: usize);
    }
}

/// The clock of the browser.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_js(host::now())
}

/// A new last child of `parent`: its tag and then attributes as `name=value`, all separated by spaces, so no value may contain
/// one; and its text.
pub(crate) fn add(parent: u32, tag: &str, text: &str) -> u32 {
    add_with(parent, tag, "", text)
}

/// [`add`], with any `value` in the place of each `$`.
#[inline(never)]
pub(crate) fn add_with(parent: u32, tag: &str, value: &str, text: &str) -> u32 {
    host::add(parent, tag.as_ptr(), tag.len(), value.as_ptr(), value.len(), text.as_ptr(), text.len())
}

/// Shows or hides an element.
pub(crate) fn show(element: u32, on: bool) {
    host::show(element, on);
}

/// Opens or closes a modal dialog. Closing puts the focus back to where it was, if that is still on the screen.
pub(crate) fn modal(dialog: u32, open: bool) {
    host::modal(dialog, open);
}

/// Turns the switch at a place in a dialog on or off.
pub(crate) fn check(dialog: u32, place: usize, on: bool) {
    host::check(dialog, place, on);
}

/// Puts the focus on an element unless it is somewhere already.
pub(crate) fn focus(element: u32) {
    host::focus(element);
}

/// Gets the texts of a language; they arrive at [`crate::calls::appear`] once there is a body.
pub(crate) fn speak(language: &str) {
    host::speak(language.as_ptr(), language.len());
}

/// Computes the SHA-256 of what is shown, to be sent with what is recorded.
pub(crate) fn digest(bytes: &[u8]) {
    host::digest(bytes.as_ptr(), bytes.len());
}

/// Keeps a choice for the next visit, and sends its first so many answers to be recorded.
pub(crate) fn keep(choice: &str, answers: usize) {
    host::keep(choice.as_ptr(), choice.len(), answers);
}

/// Tells Consent Mode, then runs the tags for which [`crate::calls::accepted`] says yes, then, if the person `changed`
/// something, tells the page about each of these purposes (separated by spaces).
pub(crate) fn permit(signals: u32, changed: bool, purposes: &str) {
    host::permit(signals, changed, purposes.as_ptr(), purposes.len());
}
