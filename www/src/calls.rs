//! What the browser tells the widget. Owns the exported functions and how texts come in: character by character ([`put`]), several
//! texts separated by NULs, before the call that takes them.
#![allow(unsafe_code, reason = "an exported name could clash with another; there is no other module")]

use alloc::string::String;

use consentry::{
    banner::{Choice, Event, View},
    words::Words,
};
use spin::Mutex;

use crate::{
    app::{self, with},
    settings::{Page, Settings},
};

/// The texts of the call that comes next.
static INCOMING: Mutex<String> = Mutex::new(String::new());

/// The texts that came in, kept for the life of the page.
fn taken() -> Words<'static> {
    Words::new(core::mem::take(&mut *INCOMING.lock()).leak(), 0)
}

/// Looks at the text that came in.
fn with_text<T>(look: impl FnOnce(&str) -> T) -> T {
    let mut incoming = INCOMING.lock();
    let answer = look(&incoming);
    incoming.clear();
    answer
}

/// The next character of a text. Names, tags of languages and kept choices are ASCII; what is not, is none of them, whatever takes
/// its place.
#[unsafe(no_mangle)]
extern "C" fn put(character: u32) {
    // So the compiler leaves out the encoding of all others.
    INCOMING.lock().push(char::from_u32(character).filter(char::is_ascii).unwrap_or('?'));
}

/// Starts the widget. Texts: the purposes, the attributes `data-notice-version` and `data-regime`, what the Worker wrote about the
/// visitor, the languages there are, those that are wanted (best first) and the one in the file, each separated by spaces, and the
/// choices in the storage and in the cookie.
#[unsafe(no_mangle)]
extern "C" fn start(gpc: bool) {
    let mut texts = taken();
    let mut next = || texts.next().unwrap_or_default();
    let settings = Settings::read(&Page {
        purposes: next(),
        notice: next(),
        regime: next(),
        visitor: next(),
        languages: next(),
        wanted: next(),
        own: next(),
        gpc,
    });
    app::start(&settings, later(texts));
}

/// The later of the choices in two texts.
fn later(mut texts: Words<'static>) -> Option<Choice<'static>> {
    let mut next = || Choice::parse(texts.next().unwrap_or_default());
    let stored = next();
    Choice::later(stored, next())
}

/// A button was pressed, by its number in `www/loader/elements.js`; `place` is that of the purpose of a placeholder.
#[unsafe(no_mangle)]
extern "C" fn press(button: u32, place: usize) {
    let event = match button {
        0 => Event::AcceptAll,
        1 => Event::RejectAll,
        2 => Event::Save,
        3 => Event::Close,
        4 => Event::OptOut,
        5 => Event::Allow(place),
        _ => Event::OpenPreferences,
    };
    app::happen(event, place);
}

/// The purpose at a place was turned on or off.
#[unsafe(no_mangle)]
extern "C" fn toggle(place: usize, on: bool) {
    app::happen(Event::Toggle(place, on), place);
}

/// The preferences are to be closed, or else the banner, whichever of the two is meant and shown.
#[unsafe(no_mangle)]
extern "C" fn close(preferences: bool) {
    let shown = with(|app| match app.state.view() {
        View::Hidden => false,
        View::Banner => !preferences,
        View::Preferences { .. } => preferences,
    });
    if shown == Some(true) {
        app::happen(Event::Close, 0);
    }
}

/// Another page kept a choice or removed it. Texts: the choices in the storage and in the cookie.
#[unsafe(no_mangle)]
extern "C" fn stored() {
    app::happen(Event::StorageChanged(later(taken())), 0);
}

/// Whether data may be used for a purpose. Text: its name.
#[unsafe(no_mangle)]
extern "C" fn accepted() -> bool {
    let now = crate::hands::now();
    with_text(|name| with(|app| app.state.allows(name, now))) == Some(true)
}
