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
    delivery,
    settings::{Page, Settings},
    texts::Texts,
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

/// The next character of a text.
#[unsafe(no_mangle)]
extern "C" fn put(character: u32) {
    INCOMING.lock().extend(char::from_u32(character));
}

/// Starts the widget. Texts: the attributes `data-purposes` and `data-notice-version`, what the Worker wrote about the visitor,
/// the languages there are, those that are wanted (best first) and the one in the file, each separated by spaces, and the kept
/// choice.
#[unsafe(no_mangle)]
extern "C" fn start(gpc: bool) {
    let mut texts = taken();
    let mut next = || texts.next().unwrap_or_default();
    let settings = Settings::read(&Page {
        purposes: next(),
        notice: next(),
        visitor: next(),
        languages: next(),
        wanted: next(),
        own: next(),
        gpc,
    });
    let choice = Choice::parse(next());
    app::start(&settings, choice);
}

/// There are a body and the texts of the language. Texts: the language, the lines of its file.
#[unsafe(no_mangle)]
extern "C" fn appear() {
    let mut texts = taken();
    let (language, lines) = (texts.next().unwrap_or_default(), texts.next().unwrap_or_default());
    app::appear(Texts { language, lines });
}

/// A button was pressed. Text: what its `data-consentry` says.
#[unsafe(no_mangle)]
extern "C" fn press() {
    app::happen(with_text(|action| match action {
        "accept" => Event::AcceptAll,
        "reject" => Event::RejectAll,
        "save" => Event::Save,
        "close" => Event::Close,
        _ => Event::OpenPreferences,
    }));
}

/// The switch at a place was set.
#[unsafe(no_mangle)]
extern "C" fn toggle(place: usize, on: bool) {
    app::happen(Event::Toggle(place, on));
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
        app::happen(Event::Close);
    }
}

/// Another tab kept a choice or removed it. Text: the choice.
#[unsafe(no_mangle)]
extern "C" fn stored() {
    app::happen(Event::StorageChanged(taken().next().and_then(Choice::parse)));
}

/// Whether data may be used for all of some purposes. Text: their names, separated by white space; for none, nothing may.
#[unsafe(no_mangle)]
extern "C" fn accepted() -> bool {
    let now = crate::hands::now();
    with_text(|names| {
        with(|app| {
            let mut all = false;
            for name in Words::new(names, b' ') {
                if !name.is_empty() {
                    all = app.state.allows(name, now);
                    if !all {
                        break;
                    }
                }
            }
            all
        })
    }) == Some(true)
}

/// What to do after the Worker answered with a status (0: not at all): the milliseconds to wait before the next attempt, 0 if
/// it recorded what was sent, a negative number if it never will. Before it there were failures without an answer in between;
/// `told` is the wait that the Worker asked for, in seconds.
#[unsafe(no_mangle)]
extern "C" fn answered(status: u32, failures: u32, told: f64) -> f64 {
    delivery::wait_ms(status, failures, told)
}
