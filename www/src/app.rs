//! The running widget. Owns the one state of the banner, lets events of the page happen to it and has the outcome carried out.
//!
//! The state is locked only while it is asked or changed, never while the browser acts: that runs code of the page, which may
//! call again.

use alloc::string::String;

use consentry::{
    banner::{Choice, Event, Outcome, State},
    notice::Canonical,
};
use spin::Mutex;

use crate::{
    hands,
    settings::Settings,
    texts::{Key, Texts},
    view::View,
};

/// As a text, because to append a character brings the encoding of all of Unicode.
const SPACE: &str = " ";

/// Everything that lives as long as the page.
pub(crate) struct App {
    pub(crate) state: State<'static>,
    texts: Texts,
    view: Option<View>,
}

static APP: Mutex<Option<App>> = Mutex::new(None);

/// Asks or changes the app. `None` before [`start`], and for ever after a panic, which leaves the lock locked: then nothing
/// is allowed.
pub(crate) fn with<T>(act: impl FnOnce(&mut App) -> T) -> Option<T> {
    APP.try_lock()?.as_mut().map(act)
}

/// Begins with what the browser kept.
pub(crate) fn start(settings: &Settings, choice: Option<Choice<'static>>) {
    if let Some(mut app) = APP.try_lock() {
        let texts = Texts { language: settings.language, lines: "" };
        *app = Some(App { state: State::new(settings.setup), texts, view: None });
    }
    happen(Event::PageLoaded(choice));
    hands::speak(settings.language);
}

/// Makes the view.
pub(crate) fn appear(texts: Texts) {
    let Some(setup) = with(|app| app.state.setup()) else { return };
    let view = View::new(setup.purposes, &texts);
    with(|app| {
        app.texts = texts;
        app.view = Some(view);
    });
    render();

    let keys = Key::NOTICE.iter().map(|key| texts.get(*key));
    let mut notice = Canonical::new(setup.notice, texts.language, keys);
    notice.purposes(setup.purposes.len());
    for purpose in setup.purposes {
        let name = purpose.name();
        notice.purpose(name, texts.title(name), texts.description(name), purpose.basis());
    }
    hands::digest(&notice.bytes());
}

/// Lets something happen.
pub(crate) fn happen(event: Event<'static>) {
    let now = hands::now();
    let Some(outcome) = with(|app| app.state.step(event, now)) else { return };
    render();
    if outcome == Outcome::Nothing {
        return;
    }
    let mut purposes = String::new();
    let told = with(|app| {
        let state = &app.state;
        for purpose in state.setup().purposes {
            purposes.push_str(purpose.name());
            purposes.push_str(SPACE);
        }
        (state.choice().map(Choice::to_text), state.answers().len(), state.consent_mode(now).bits())
    });
    let Some((choice, answers, signals)) = told else { return };
    if matches!(outcome, Outcome::Decided(_))
        && let Some(choice) = choice
    {
        hands::keep(&choice, answers);
    }
    hands::permit(signals, outcome != Outcome::Known, &purposes);
}

/// Puts on the screen what the state says, if there is a screen yet.
fn render() {
    let now = with(|app| {
        (app.state.view(), app.state.draft(), app.state.setup().purposes, app.texts, app.view.take())
    });
    let Some((shown, draft, purposes, texts, Some(mut view))) = now else { return };
    view.show(shown, draft, purposes, &texts);
    let now = with(|app| {
        app.view = Some(view);
        app.state.view()
    });
    // Opening and closing move the focus, on which the page may have acted.
    if now != Some(shown) {
        render();
    }
}
