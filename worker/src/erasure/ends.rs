//! What a person granted ends when they ask for erasure ([`consentry::history::ends`]), and so does what the visitors granted whom they
//! turned out to be. Owns the marks and the events that say so: in the transaction of the asking where the visitor is in the person's
//! database, straight after it elsewhere. What is cut off there is done with the evidence, which looks for the mark.

use crate::{
    app::App,
    platform::{DatabaseError, Platform, Statement},
    store::{ErasureRow, NewEvent, save_erased},
};
use consentry::{
    event::{Actor, Kind},
    slug::Slug,
    subject::Subject,
    time::Timestamp,
};
use serde_json::json as value;
use uuid::Uuid;

/// That somebody asks.
pub(crate) struct Ends<'a> {
    erasure: &'a ErasureRow,
    actor: &'a Actor,
    at: Timestamp,
    visitors: Vec<Subject>,
}

impl<'a> Ends<'a> {
    /// With the visitors that the person is known to be.
    pub(crate) async fn read<P: Platform>(
        app: &App<'_, P>,
        erasure: &'a ErasureRow,
        actor: &'a Actor,
        at: Timestamp,
    ) -> Result<Self, DatabaseError> {
        let visitors = app.store().visitors(&erasure.subject).await?;
        Ok(Self { erasure, actor, at, visitors })
    }

    /// What belongs into the transaction of the asking: an event for each visitor, so that whoever follows the log hears of them, and
    /// the marks.
    pub(crate) fn here<P: Platform>(&self, app: &App<'_, P>) -> (Vec<NewEvent>, Vec<Statement>) {
        let home = app.store().shard_of(&self.erasure.subject);
        let here = || self.visitors.iter().filter(|visitor| app.store().shard_of(visitor) == home);
        let marks = [&self.erasure.subject].into_iter().chain(here());
        (
            here().map(|visitor| self.event(app, visitor)).collect(),
            marks.map(|subject| save_erased(subject, self.at)).collect(),
        )
    }

    /// The same of visitors in other databases.
    pub(crate) async fn elsewhere<P: Platform>(&self, app: &App<'_, P>) {
        let store = app.store();
        let home = store.shard_of(&self.erasure.subject);
        for visitor in self.visitors.iter().filter(|visitor| store.shard_of(visitor) != home) {
            let marks = vec![save_erased(visitor, self.at)];
            let asked = vec![self.event(app, visitor)];
            if let Err(error) = store.append(store.shard_of(visitor), asked, None, marks).await {
                app.platform.log(&format!("erasure {}: a visitor: {error:?}", self.erasure.id));
            }
        }
    }

    fn event<P: Platform>(&self, app: &App<'_, P>, visitor: &Subject) -> NewEvent {
        let ErasureRow { id, site, subject, .. } = self.erasure;
        asked(app, (site, self.actor), Some(*id), subject, visitor)
    }
}

/// What a visitor granted ends who is linked to a person only after these asked, last at `at`: the event that says so, and the mark,
/// which belong into one transaction in the visitor's database.
pub(crate) async fn with_link<P: Platform>(
    app: &App<'_, P>,
    site: &Slug,
    person: &Subject,
    visitor: &Subject,
    at: Timestamp,
) -> Result<(NewEvent, Statement), DatabaseError> {
    let erasure = app.store().last_erasure(person, at).await?;
    Ok((asked(app, (site, &Actor::System), erasure, person, visitor), save_erased(visitor, at)))
}

/// That the erasure of a person's data ends what a visitor granted.
fn asked<P: Platform>(
    app: &App<'_, P>,
    (site, actor): (&Slug, &Actor),
    erasure: Option<Uuid>,
    person: &Subject,
    visitor: &Subject,
) -> NewEvent {
    let details = [("erasure", value!(erasure)), ("person", value!(person.hash))];
    crate::handlers::event(app, Kind::ErasureRequested, site, Some(*visitor), actor, &details).into()
}
