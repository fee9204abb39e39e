//! Which path means what. One table, from which calls are routed and the description of the API is made.

use crate::http::decode_segment;
use consentry::problem::{Code, Problem};
use http::Method;
use std::{collections::BTreeMap, sync::OnceLock};

macro_rules! endpoints {
    ($($(#[$doc:meta])* $name:ident = $method:ident $path:literal,)+) => {
        /// Something that can be called.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Endpoint { $($(#[$doc])* $name,)+ }

        impl Endpoint {
            pub(crate) const ALL: &'static [Self] = &[$(Self::$name,)+];

            pub(crate) const fn method_name(self) -> &'static str {
                match self { $(Self::$name => stringify!($method),)+ }
            }

            /// With `{name}` for a segment that varies.
            pub(crate) const fn path(self) -> &'static str {
                match self { $(Self::$name => $path,)+ }
            }
        }
    };
}

endpoints! {
    /// Records a yes.
    Grant = POST "/consent/grant",
    /// Records a no.
    Revoke = POST "/consent/revoke",
    /// Records several decisions, all or none.
    Decide = POST "/consent",
    /// What a visitor's browser is to keep.
    Choice = POST "/consent/choice",
    /// Joins what a visitor decided to the person who signed in.
    Link = POST "/identity/link",
    /// Registers the words of a notice.
    PutNotice = PUT "/notices/{hash}",
    /// The words of a notice.
    GetNotice = GET "/notices/{hash}",
    /// What holds now, for every purpose.
    Status = GET "/consent/{user_id}",
    /// May this purpose be used?
    Decision = GET "/consent/{user_id}/{purpose}",
    /// Asks for an erasure.
    Erase = POST "/data/delete/{user_id}",
    /// What is to be erased, and by when.
    ListErasures = GET "/erasures",
    /// Where an erasure stands.
    Erasure = GET "/erasures/{id}",
    /// What was removed where, signed.
    DeletionReceipt = GET "/erasures/{id}/receipt",
    /// Gives more time.
    ExtendErasure = POST "/erasures/{id}/extend",
    /// Refuses.
    RefuseErasure = POST "/erasures/{id}/refuse",
    /// Pauses.
    HoldErasure = POST "/erasures/{id}/hold",
    /// Lets go on.
    ReleaseErasure = POST "/erasures/{id}/release",
    /// Has stores that failed tried at once.
    RetryErasure = POST "/erasures/{id}/retry",
    /// What a service that was told of an erasure says.
    CallBack = POST "/erasures/{id}/stores/{store}",
    /// What there is to do for an agent.
    AgentTasks = POST "/agent/tasks",
    /// Keeps a task for its agent.
    AgentLease = POST "/agent/tasks/{id}/lease",
    /// How it went.
    AgentResult = POST "/agent/tasks/{id}/result",
    /// Everything that is held.
    Export = GET "/data/export/{user_id}",
    /// Lets a person into their own page by a link.
    PrivacySession = POST "/privacy/session",
    /// What the pages for people say.
    Words = GET "/words.json",
    /// Who did what.
    Audit = GET "/audit/{user_id}",
    /// What a person was given for a decision, with its proof.
    Receipt = GET "/receipts/{log_index}",
    /// Who granted a purpose.
    Snapshot = GET "/snapshots/{purpose}",
    /// What changed of it.
    SnapshotChanges = GET "/snapshots/{purpose}/changes",
    /// Registers a data set.
    RegisterDataset = POST "/lineage",
    /// Registers vectors.
    RegisterVectors = POST "/vectors",
    /// A piece of a data set's index.
    PutIndexChunk = PUT "/lineage/{dataset}/index/{number}",
    /// All data sets.
    ListDatasets = GET "/lineage",
    /// One data set with its models.
    GetDataset = GET "/lineage/{dataset}",
    /// Says what became of a model.
    PutModel = PUT "/lineage/{dataset}/models/{model}",
    /// The data sets that hold a person's rows.
    Holding = GET "/lineage/holding/{user_id}",
    /// All sites.
    ListSites = GET "/admin/sites",
    /// One site with its keys.
    GetSite = GET "/admin/sites/{site}",
    /// Creates a site or replaces its settings.
    PutSite = PUT "/admin/sites/{site}",
    /// Issues an API key.
    CreateKey = POST "/admin/sites/{site}/keys",
    /// Withdraws an API key.
    RevokeKey = DELETE "/admin/sites/{site}/keys/{id}",
    /// Lets a log go on under another name.
    RestartLog = POST "/admin/log/restart",
    /// The log as far as it is signed.
    Log = GET "/log",
    /// Rows of the log.
    LogRows = GET "/log/rows",
    /// What the log says of itself.
    Checkpoint = GET "/log/checkpoint",
    /// The key that checkpoints are signed with.
    LogKey = GET "/log/key",
    /// Hashes of the log.
    Tile = GET "/log/tile/{*path}",
    /// That an event is in the log.
    InclusionProof = GET "/log/proof/inclusion/{log_index}",
    /// That the log only grew.
    ConsistencyProof = GET "/log/proof/consistency",
    /// The public keys of what is signed.
    Jwks = GET "/.well-known/jwks.json",
    /// Whether the service works.
    Health = GET "/healthz",
    /// That Global Privacy Control is honoured.
    GpcStatement = GET "/.well-known/gpc.json",
}

/// An endpoint with the decoded segments that vary, in the order of the path.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) endpoint: Endpoint,
    pub(crate) params: Vec<String>,
}

/// The endpoint of a method and a path that is still percent-encoded.
///
/// Each method has a tree of its own, so that `POST /consent/grant` does not hide the status of a person called `grant`.
pub(crate) fn find(method: &Method, path: &str) -> Result<Found, Problem> {
    let trees = trees();
    if *method == Method::HEAD {
        return head(trees, path);
    }
    if let Some(matched) = trees.get(method.as_str()).and_then(|tree| tree.at(path).ok()) {
        let params =
            matched.params.iter().map(|(_, value)| decode_segment(value)).collect::<Result<_, _>>()?;
        return Ok(Found { endpoint: *matched.value, params });
    }
    let others: Vec<_> =
        trees.iter().filter(|(_, tree)| tree.at(path).is_ok()).map(|(method, _)| *method).collect();
    Err(if others.is_empty() {
        Problem::new(Code::NotFound, "no such path; /docs lists those that exist")
    } else {
        Problem::new(Code::MethodNotAllowed, "this path has no such method").allowing(others)
    })
}

/// HEAD is answered where a monitor asks; what a person's record is takes a GET, which leaves its event.
fn head(trees: &Trees, path: &str) -> Result<Found, Problem> {
    let found = trees.get("GET").and_then(|tree| tree.at(path).ok()).map(|matched| *matched.value);
    match found {
        Some(endpoint @ (Endpoint::Health | Endpoint::GpcStatement)) => {
            Ok(Found { endpoint, params: vec![] })
        }
        Some(_) => {
            Err(Problem::new(Code::MethodNotAllowed, "this path has no such method").allowing(["GET"]))
        }
        None => Err(Problem::new(Code::NotFound, "no such path; /docs lists those that exist")),
    }
}

type Trees = BTreeMap<&'static str, matchit::Router<Endpoint>>;

fn trees() -> &'static Trees {
    static TREES: OnceLock<Trees> = OnceLock::new();
    TREES.get_or_init(|| {
        let mut trees = Trees::new();
        for endpoint in Endpoint::ALL {
            // The table is constant; `every_path_is_routed` fails if a path of it clashes with another.
            let _ = trees.entry(endpoint.method_name()).or_default().insert(endpoint.path(), *endpoint);
        }
        trees
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_is_routed() {
        for endpoint in Endpoint::ALL {
            let path = endpoint.path().replace(['{', '}'], "");
            assert_eq!(
                find(&endpoint.method_name().parse().unwrap(), &path).unwrap().endpoint,
                *endpoint,
                "{path}"
            );
        }
    }

    #[test]
    fn a_user_id_may_hold_a_slash_if_it_is_encoded() {
        let found = find(&Method::GET, "/consent/a%2Fb%20%F0%9F%A6%80").unwrap();
        assert_eq!((found.endpoint, found.params), (Endpoint::Status, vec!["a/b 🦀".to_owned()]));
    }

    #[test]
    fn a_user_may_be_called_grant() {
        let found = find(&Method::GET, "/consent/grant").unwrap();
        assert_eq!((found.endpoint, found.params), (Endpoint::Status, vec!["grant".to_owned()]));
        assert_eq!(find(&Method::POST, "/consent/grant").unwrap().endpoint, Endpoint::Grant);
    }

    #[test]
    fn a_monitor_may_ask_with_head() {
        assert_eq!(find(&Method::HEAD, "/healthz").unwrap().endpoint, Endpoint::Health);
        assert_eq!(find(&Method::HEAD, "/consent/u1").unwrap_err().code, Code::MethodNotAllowed);
        assert_eq!(find(&Method::HEAD, "/nothing").unwrap_err().code, Code::NotFound);
    }

    #[test]
    fn what_is_not_there_is_404_405_or_400() {
        assert_eq!(find(&Method::GET, "/consents").unwrap_err().code, Code::NotFound);
        let problem = find(&Method::DELETE, "/consent/u1").unwrap_err();
        assert_eq!((problem.code, problem.allowed.clone()), (Code::MethodNotAllowed, vec!["GET".to_owned()]));
        assert_eq!(find(&Method::GET, "/consent/%ff").unwrap_err().code, Code::MalformedRequest);
    }
}
