//! What a restore of the database took away is opened again from the ledger, however much it is.

use crate::{
    erasure::drive::sweep,
    testing::{Host, START},
};
use futures_executor::block_on;
use serde_json::Value;
use uuid::Uuid;

/// The calls that a Worker may make in one run.
const MAY: usize = 1000;

/// More than one run opens again.
const MANY: usize = 120;

/// A deployment in which so many people were erased, before its database was restored to when it knew none of them.
fn restored() -> (Host, Vec<String>) {
    let (host, key) = Host::with_site(2);
    let ids = (0..MANY).map(|n| {
        let (status, erasure) = host.call("POST", &format!("/data/delete/u{n}"), &key, &Value::Null);
        assert_eq!((status, &erasure["state"]), (202, &"done".into()), "{erasure}");
        erasure["id"].as_str().unwrap().to_owned()
    });
    let ids = ids.collect();
    for shard in 0..2 {
        host.execute(shard, "DELETE FROM erasure_tasks; DELETE FROM erasures");
    }
    host.forget();
    (host, ids)
}

/// How many of these are known, and how many of them are done.
fn known(host: &Host) -> (usize, usize) {
    let count = |sql: &str| usize::try_from((0..2).map(|shard| host.count(shard, sql)).sum::<i64>()).unwrap();
    (count("SELECT count(*) FROM erasures"), count("SELECT count(*) FROM erasures WHERE state = 'done'"))
}

#[test]
fn many_lost_erasures_are_opened_and_ended_again_run_by_run_and_none_is_left_out() {
    let (host, ids) = restored();
    assert_eq!((known(&host), host.ledger.borrow().len()), ((0, 0), MANY));
    // More than a run looks at that nobody can read come first.
    let broken = (0..MAY).map(|n| (format!("ledger/a/{}.json", Uuid::from_u128(n as u128)), "{".to_owned()));
    host.ledger.borrow_mut().extend(broken);
    let (mut runs, mut told) = (0, false);
    while known(&host).1 < ids.len() {
        let batches = host.batches.get();
        told |= block_on(sweep(&host.app())).is_err();
        let made = host.batches.get() - batches;
        assert!(made < MAY / 2, "{made} calls of the database in one run");
        runs += 1;
        assert!(runs < 200, "{:?}", known(&host));
    }
    assert!(runs > 1 && told);
    let again = known(&host);
    let _ = block_on(sweep(&host.app()));
    assert_eq!((known(&host), host.ledger.borrow().len()), (again, MANY + MAY), "once is enough");
}

#[test]
fn entries_that_no_restore_can_need_go_whether_or_not_a_database_knows_of_them() {
    for lost in [true, false] {
        let (host, _) = restored();
        if !lost {
            block_on(sweep(&host.app())).unwrap();
            assert_eq!(known(&host).0, 25, "as many as the papers say");
            while known(&host).1 < MANY {
                block_on(sweep(&host.app())).unwrap();
            }
            host.now.set(START.plus_days(29));
            block_on(sweep(&host.app())).unwrap();
            assert_eq!(host.ledger.borrow().len(), MANY);
        }
        host.now.set(START.plus_days(31));
        for _ in 0..9 {
            block_on(sweep(&host.app())).unwrap();
        }
        assert_eq!(host.ledger.borrow().len(), 0, "lost: {lost}");
        assert_eq!(known(&host).0, if lost { 0 } else { MANY });
    }
}
