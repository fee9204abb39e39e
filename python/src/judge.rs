//! A whole column of ids at once. Owns the verdict on each, the key of each, and the sharing of the work among the cores; where the ids are in
//! memory is [`crate::ids`]'s and [`crate::arrow`]'s business.

use std::sync::Mutex;
use std::thread;

use consentry::granted::{self, Key};
use consentry::subject::{SiteKey, UserId};
use consentry_training::grants::{Grants, Together};

/// What stands in one place of a column.
#[derive(Clone, Copy)]
pub(crate) enum Id<'a> {
    Text(&'a str),
    /// Nothing.
    Null,
    /// Something that is no text.
    NotText,
    /// Text that can't be an id: no UTF-8, or longer than any.
    Broken,
}

/// A column of ids that several threads may read.
pub(crate) trait Ids: Sync {
    fn len(&self) -> usize;

    /// What is in this place; the text may be made in the buffer.
    fn get<'s>(&'s self, place: usize, buffer: &'s mut String) -> Id<'s>;
}

/// What became of one place.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Verdict {
    Refused,
    Granted,
    NoId,
    NotAString,
    NotAnId,
}

impl Verdict {
    pub(crate) fn granted(self) -> bool {
        self == Self::Granted
    }

    pub(crate) const fn number(self) -> u8 {
        self as u8
    }
}

/// How many places have each verdict.
#[derive(Clone, Copy, Default)]
pub(crate) struct Tally([u64; 5]);

/// As Python takes it: granted, refused, and then no id, no string, no id by the rules of the core.
pub(crate) type Counted = (u64, u64, u64, u64, u64);

impl Tally {
    pub(crate) fn of(verdicts: &[Verdict]) -> Self {
        let mut tally = Self::default();
        for verdict in verdicts {
            tally.0[*verdict as usize] += 1;
        }
        tally
    }

    pub(crate) const fn counted(self) -> Counted {
        let [refused, granted, no_id, not_a_string, not_an_id] = self.0;
        (granted, refused, no_id, not_a_string, not_an_id)
    }
}

/// How many places a thread takes at a time. Fewer than two such shares are not worth a thread.
const SHARE: usize = 1 << 14;

/// How many users are asked for together: more would not stay in the fastest memory until the answer.
const TOGETHER: usize = 256;

/// The verdict on every place, on all cores, in order.
pub(crate) fn judge(ids: &impl Ids, grants: &impl Grants) -> Vec<Verdict> {
    let mut verdicts = vec![Verdict::Refused; ids.len()];
    share(&mut verdicts, |first, part, buffers: &mut Buffers| judge_share(ids, first, part, grants, buffers));
    verdicts
}

/// The key (the first 16 bytes of the subject) of each place, on all cores, in order; none where there is no user id.
pub(crate) fn subjects(ids: &impl Ids, key: &SiteKey) -> Vec<Option<Key>> {
    let mut subjects = vec![None; ids.len()];
    share(&mut subjects, |first, part, text: &mut String| subjects_share(ids, first, part, key, text));
    subjects
}

/// Deals out places to all cores; `work` gets the number of the first of each part.
fn share<T: Send, B: Default>(places: &mut [T], work: impl Fn(usize, &mut [T], &mut B) + Sync) {
    let threads = match places.len() / SHARE {
        0 | 1 => 1,
        shares => thread::available_parallelism().map_or(1, Into::into).min(shares),
    };
    let shares = Mutex::new(places.chunks_mut(SHARE).enumerate());
    let work = || {
        let mut buffers = B::default();
        // The lock is let go before the share is worked on.
        while let Some((n, share)) = shares.lock().ok().and_then(|mut shares| shares.next()) {
            work(n * SHARE, share, &mut buffers);
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
}

/// The keys of the places from `first` on, on this core.
pub(crate) fn subjects_share(
    ids: &impl Ids,
    first: usize,
    share: &mut [Option<Key>],
    key: &SiteKey,
    text: &mut String,
) {
    for (place, subject) in (first..).zip(share) {
        *subject = match ids.get(place, text) {
            Id::Text(id) => UserId::parse(id).ok().map(|user| granted::key(key.subject(&user).hash)),
            Id::Null | Id::NotText | Id::Broken => None,
        };
    }
}

/// The verdict on the places from `first` on, on this core.
pub(crate) fn judge_share(
    ids: &impl Ids,
    first: usize,
    share: &mut [Verdict],
    grants: &impl Grants,
    buffers: &mut Buffers,
) {
    for (first, part) in (first..).step_by(TOGETHER).zip(share.chunks_mut(TOGETHER)) {
        judge_part(ids, first, part, grants, buffers);
    }
}

/// What one part after the other is made in.
#[derive(Default)]
pub(crate) struct Buffers {
    text: String,
    /// The users of a part, each with their place in it.
    together: Together<usize>,
}

fn judge_part(
    ids: &impl Ids,
    first: usize,
    part: &mut [Verdict],
    grants: &impl Grants,
    buffers: &mut Buffers,
) {
    let Buffers { text, together } = buffers;
    for (place, verdict) in part.iter_mut().enumerate() {
        *verdict = match ids.get(first + place, text) {
            Id::Text(id) => match UserId::parse(id) {
                Ok(user) => {
                    together.add(user, place);
                    Verdict::Refused
                }
                Err(_) => Verdict::NotAnId,
            },
            Id::Null => Verdict::NoId,
            Id::NotText => Verdict::NotAString,
            Id::Broken => Verdict::NotAnId,
        };
    }
    together.ask(grants, |place, granted| {
        if granted.is_some()
            && let Some(verdict) = part.get_mut(place)
        {
            *verdict = Verdict::Granted;
        }
    });
}

/// What a mask is made of, and how many of each there are.
pub(crate) fn bools(verdicts: Vec<Verdict>) -> (Vec<bool>, Tally) {
    let tally = Tally::of(&verdicts);
    (verdicts.into_iter().map(Verdict::granted).collect(), tally)
}
