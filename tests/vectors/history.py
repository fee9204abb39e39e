#!/usr/bin/env python3
"""Writes status.json and decide.json.

The expected answers are written down here by hand; the script only spells the records out as the API exports them. A
record is (log_index, purpose, status, created_at) or, with a time of its own, (…, decided_at), or, as a yes over Global
Privacy Control, (…, decided_at or None, True). A case of somebody who was erased has `erased_at`.
"""

import hashlib
import json
import pathlib
from datetime import datetime, timedelta, timezone

HERE = pathlib.Path(__file__).parent

NOW = "2026-11-24T12:00:00.000Z"
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
MILLISECOND = timedelta(milliseconds=1)
FOUR = ["model_training", "inference", "analytics", "personalization"]


def parse(moment):
    return datetime.fromisoformat(moment.replace("Z", "+00:00"))


def record(log_index, purpose, status, created_at, decided_at=None, over_gpc=False):
    digits = hashlib.sha256(f"{log_index} {purpose}".encode()).hexdigest()
    stamp = f"{(parse(created_at) - EPOCH) // MILLISECOND:012x}"
    effective = decided_at or created_at
    spelt = {
        "log_index": log_index,
        "id": f"{stamp[:8]}-{stamp[8:]}-7{digits[:3]}-8{digits[3:6]}-{digits[6:18]}",
        "purpose": purpose,
        "status": status,
        "legal_basis": "consent",
        "granted_at": effective if status == "granted" else None,
        "revoked_at": effective if status == "revoked" else None,
        "created_at": created_at,
    }
    return spelt | ({"decided_at": decided_at} if decided_at else {}) | ({"over_gpc": True} if over_gpc else {})


def at(clock, day="2026-11-24"):
    return f"{day}T{clock}Z"


def analytics(*decisions):
    """Records about analytics: (status, recorded) or (status, recorded, decided), in the order of the log."""
    return [(index, "analytics", *decision) for index, decision in enumerate(decisions, 1)]


def only(status, reason, updated_at):
    """What holds where only analytics was decided about, under an opt-in regime."""
    never = {"status": "pending", "reason": "not_recorded"}
    return {purpose: never for purpose in FOUR} | {
        "analytics": {"status": status, "reason": reason, "updated_at": updated_at}}


T08, T09, T10, T11 = at("08:00:00.000"), at("09:00:00.000"), at("10:00:00.000"), at("11:00:00.000")
NEVER = {"status": "pending", "reason": "not_recorded"}
OPT_OUT = {"status": "pending", "reason": "opt_out_default"}
ERASED = {"status": "pending", "reason": "erased"}
GPC = {"status": "pending", "reason": "gpc_opt_out"}

# name, records, context, what holds
STATUS = [
    ("a person who was never asked is pending for every purpose", [], {}, {purpose: NEVER for purpose in FOUR}),
    ("a grant stands", analytics(("granted", T09)), {}, only("granted", "granted", T09)),
    ("a revocation stands", analytics(("revoked", T09)), {}, only("revoked", "revoked", T09)),
    ("a question without an answer is pending", analytics(("pending", T09)), {}, only("pending", "not_decided", T09)),
    ("a revocation after a grant", analytics(("granted", T09), ("revoked", T10)), {}, only("revoked", "revoked", T10)),
    ("a grant after a revocation", analytics(("revoked", T09), ("granted", T10)), {}, only("granted", "granted", T10)),
    ("a question asked again after a grant takes the grant back",
     analytics(("granted", T09), ("pending", T10)), {}, only("pending", "not_decided", T10)),
    ("the place in the log decides, not the order of the records",
     analytics(("granted", T09), ("revoked", T10))[::-1], {}, only("revoked", "revoked", T10)),
    ("the place in the log decides, not the time of recording",
     analytics(("granted", T10), ("revoked", T09)), {}, only("revoked", "revoked", T09)),
    ("places in the log have gaps and can be as high as a JavaScript number can count",
     [(9007199254740991, "analytics", "revoked", T10), (9007199254740990, "analytics", "granted", T10)], {},
     only("revoked", "revoked", T10)),
    ("a late grant never overrides a recorded revocation",
     analytics(("revoked", T10), ("granted", T11, T09)), {}, only("revoked", "revoked", T10)),
    ("a late pending never overrides a recorded revocation",
     analytics(("revoked", T10), ("pending", T11, T09)), {}, only("revoked", "revoked", T10)),
    ("a late grant never overrides a revocation that has a later record before it",
     analytics(("revoked", T09), ("pending", T10), ("granted", T11, T08)), {}, only("pending", "not_decided", T10)),
    ("a grant decided in the same millisecond as a recorded revocation does not override it",
     analytics(("revoked", T10), ("granted", T11, T10)), {}, only("revoked", "revoked", T10)),
    ("a grant decided a millisecond after a recorded revocation stands",
     analytics(("revoked", T10), ("granted", T11, at("10:00:00.001"))), {},
     only("granted", "granted", at("10:00:00.001"))),
    ("a grant without a time of its own overrides a revocation recorded in the same millisecond",
     analytics(("revoked", T10), ("granted", T10)), {}, only("granted", "granted", T10)),
    ("a grant and then a revocation in the same millisecond",
     analytics(("granted", T10), ("revoked", T10)), {}, only("revoked", "revoked", T10)),
    ("a grant that was decided before a revocation was recorded but after it was decided stands",
     analytics(("revoked", T10, T08), ("granted", T11, T09)), {}, only("granted", "granted", T09)),
    ("a late revocation is a revocation",
     analytics(("granted", T10), ("revoked", T11, T09)), {}, only("revoked", "revoked", T09)),
    ("a late revocation does not open the way for a grant older than another revocation",
     analytics(("revoked", T10), ("revoked", T11, T08), ("granted", T11, T09)), {}, only("revoked", "revoked", T08)),
    ("a late grant that is passed over leaves a newer grant alone",
     analytics(("revoked", T09), ("granted", T10), ("granted", T11, T08)), {}, only("granted", "granted", T10)),
    ("a late grant over a newer grant counts from its own time",
     analytics(("granted", T10), ("granted", T11, T09)), {}, only("granted", "granted", T09)),
    ("a late queue of both decisions ends with the last",
     analytics(("granted", T11, T08), ("revoked", T11, T09)), {}, only("revoked", "revoked", T09)),
    ("a late queue in the wrong order still ends revoked",
     analytics(("revoked", T11, T09), ("granted", T11, T08)), {}, only("revoked", "revoked", T09)),
    ("a yes stands until the millisecond before it expires",
     analytics(("granted", "2026-05-24T12:00:00.001Z")), {}, only("granted", "granted", "2026-05-24T12:00:00.001Z")),
    ("a yes is over at the instant it expires",
     analytics(("granted", "2026-05-24T12:00:00.000Z")), {}, only("pending", "expired", "2026-05-24T12:00:00.000Z")),
    ("a yes expires by when it was decided, not by when it was recorded",
     analytics(("granted", T09, "2026-05-24T09:00:00.000Z")), {},
     only("pending", "expired", "2026-05-24T09:00:00.000Z")),
    ("a no never expires",
     analytics(("revoked", "2001-01-01T00:00:00.000Z")), {}, only("revoked", "revoked", "2001-01-01T00:00:00.000Z")),
    ("each purpose has its own history",
     [(1, "analytics", "granted", T08), (2, "inference", "granted", T08), (3, "inference", "revoked", T09),
      (4, "model_training", "pending", T10), (5, "personalization", "revoked", T10, T09)], {},
     {"analytics": {"status": "granted", "reason": "granted", "updated_at": T08},
      "inference": {"status": "revoked", "reason": "revoked", "updated_at": T09},
      "model_training": {"status": "pending", "reason": "not_decided", "updated_at": T10},
      "personalization": {"status": "revoked", "reason": "revoked", "updated_at": T09}}),
    ("a purpose that is neither recorded nor one of the four is left out unless asked for", [],
     {"purposes": ["sale_or_sharing", "fraud_checks", "analytics"]},
     {"sale_or_sharing": NEVER, "fraud_checks": NEVER, "analytics": NEVER}),
    ("a purpose that the site declared has its status like any other",
     [(1, "fraud_checks", "granted", T09)], {"purposes": ["fraud_checks"]},
     {"fraud_checks": {"status": "granted", "reason": "granted", "updated_at": T09}}),
    ("under opt-out the person has still not decided", [], {"regime": "us_opt_out"},
     {"model_training": NEVER, "inference": OPT_OUT, "analytics": OPT_OUT, "personalization": OPT_OUT}),
    ("Global Privacy Control shows in the reason", [], {"regime": "us_opt_out", "gpc": True},
     {"model_training": NEVER, "inference": GPC, "analytics": GPC, "personalization": GPC}),
    ("under opt-out a yes stands for twelve months",
     analytics(("granted", "2025-11-24T12:00:00.001Z")), {"regime": "us_opt_out", "purposes": ["analytics"]},
     {"analytics": {"status": "granted", "reason": "granted", "updated_at": "2025-11-24T12:00:00.001Z"}}),
    ("the strict regime counts six months",
     analytics(("granted", "2026-05-24T12:00:00.000Z")), {"regime": "default", "purposes": ["analytics"]},
     {"analytics": {"status": "pending", "reason": "expired", "updated_at": "2026-05-24T12:00:00.000Z"}}),
    ("an erasure ends a grant", analytics(("granted", T09)), {"erased_at": T10}, only("pending", "erased", T09)),
    ("an erasure ends a grant of the same millisecond",
     analytics(("granted", T10)), {"erased_at": T10}, only("pending", "erased", T10)),
    ("a grant a millisecond after an erasure stands", analytics(("granted", at("10:00:00.001"))), {"erased_at": T10},
     only("granted", "granted", at("10:00:00.001"))),
    ("a grant after an erasure counts again", analytics(("granted", T08), ("granted", T11)), {"erased_at": T10},
     only("granted", "granted", T11)),
    ("a late grant from before an erasure stays ended by it",
     analytics(("granted", T11, T09)), {"erased_at": T10}, only("pending", "erased", T09)),
    ("an erasure leaves a revocation as it is", analytics(("granted", T08), ("revoked", T09)), {"erased_at": T10},
     only("revoked", "revoked", T09)),
    ("a revocation after an erasure is a revocation", analytics(("granted", T08), ("revoked", T11)), {"erased_at": T10},
     only("revoked", "revoked", T11)),
    ("an erasure leaves an unanswered question as it is", analytics(("pending", T09)), {"erased_at": T10},
     only("pending", "not_decided", T09)),
    ("of an expired yes that an erasure ended, the erasure is the reason",
     analytics(("granted", "2026-01-01T00:00:00.000Z")), {"erased_at": T10},
     only("pending", "erased", "2026-01-01T00:00:00.000Z")),
    ("under opt-out the silence of somebody erased is no yes", analytics(("granted", T09)),
     {"erased_at": T10, "regime": "us_opt_out"},
     {"model_training": NEVER, "inference": ERASED, "personalization": ERASED,
      "analytics": {"status": "pending", "reason": "erased", "updated_at": T09}}),
]


def yes(expires_at, updated_at):
    return {"allowed": True, "status": "granted", "reason": "granted", "expires_at": expires_at, "updated_at": updated_at}


def no(status, reason, updated_at=None):
    return {"allowed": False, "status": status, "reason": reason} | ({"updated_at": updated_at} if updated_at else {})


BY_DEFAULT = {"allowed": True, "status": "pending", "reason": "opt_out_default"}
REGIMES = {"gdpr": 6, "us_opt_out": 12, "default": 6}
OTHERS = {"uk": 6, "ch": 6, "us_ca": 12, "br": 6, "ca_qc": 6, "ca": 6}
HONOURING = ["us_ca", "us_opt_out", "default"]
INTEREST, CONTRACT = "legitimate_interest", "contract"
LONG_AGO = "2001-01-01T00:00:00.000Z"


def one(purpose, status, created_at, decided_at=None):
    return [(1, purpose, status, created_at, *([decided_at] if decided_at else []))]


def silent(regime, purpose, gpc=False):
    """The answer where nothing is recorded and consent is the ground."""
    if purpose == "model_training" or regime not in ["us_ca", "us_opt_out"]:
        return no("pending", "not_recorded")
    return no("pending", "gpc_opt_out") if gpc else BY_DEFAULT


def used(reason, status="pending", updated_at=None):
    """Allowed without an end."""
    return no(status, reason, updated_at) | {"allowed": True}


def over_gpc(purpose, created_at, decided_at=None, log_index=1):
    return [(log_index, purpose, "granted", created_at, decided_at, True)]


def calendar(name, granted, expires, regime="gdpr"):
    """A yes that stands one millisecond before `expires` and is over then."""
    before = (parse(expires) - MILLISECOND).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    records = one("analytics", "granted", granted)
    return [
        (f"{name}: it stands until then", records, "analytics", regime, False, before, yes(expires, granted)),
        (f"{name}: then it is over", records, "analytics", regime, False, expires, no("pending", "expired", granted)),
    ]


MIDNIGHT = "T00:00:00.000Z"
TEN = "T10:20:30.456Z"

# name, records, purpose, regime, gpc, now, decision, the ground that is claimed if not consent, when the person was erased
DECIDE = [
    # What each regime says to each state of a purpose.
    *[(f"{regime}: a yes to {purpose} stands", one(purpose, "granted", T09), purpose, regime, False, NOW,
       yes({6: "2027-05-24", 12: "2027-11-24"}[months] + "T09:00:00.000Z", T09))
      for regime, months in REGIMES.items() for purpose in [*FOUR, "sale_or_sharing", "fraud_checks"]],
    *[(f"{regime}: a no to {purpose} stands", one(purpose, "revoked", T09), purpose, regime, False, NOW,
       no("revoked", "revoked", T09))
      for regime in REGIMES for purpose in ["model_training", "analytics", "sale_or_sharing"]],
    *[(f"{regime}: an unanswered question about {purpose} is no yes", one(purpose, "pending", T09), purpose, regime,
       False, NOW, no("pending", "not_decided", T09))
      for regime in REGIMES for purpose in ["model_training", "analytics", "sale_or_sharing"]],
    *[(f"{regime}: an expired yes to {purpose} is no yes", one(purpose, "granted", "2025-01-01T00:00:00.000Z"), purpose,
       regime, False, NOW, no("pending", "expired", "2025-01-01T00:00:00.000Z"))
      for regime in REGIMES for purpose in ["model_training", "analytics", "sale_or_sharing"]],
    *[(f"{regime}: nothing recorded about {purpose} is no yes", [], purpose, regime, False, NOW,
       no("pending", "not_recorded"))
      for regime in ["gdpr", "default"] for purpose in [*FOUR, "sale_or_sharing", "fraud_checks"]],
    *[(f"us_opt_out: nothing recorded about {purpose} allows it", [], purpose, "us_opt_out", False, NOW, BY_DEFAULT)
      for purpose in ["inference", "analytics", "personalization", "sale_or_sharing", "fraud_checks"]],
    ("us_opt_out: nothing recorded about training is no yes", [], "model_training", "us_opt_out", False, NOW,
     no("pending", "not_recorded")),
    ("records about another purpose do not count", one("analytics", "granted", T09), "inference", "gdpr", False, NOW,
     no("pending", "not_recorded")),
    ("a no to another purpose does not end the opt-out default", one("analytics", "revoked", T09), "inference",
     "us_opt_out", False, NOW, BY_DEFAULT),

    # Global Privacy Control.
    *[(f"us_opt_out: GPC is a no to {purpose} where nothing is recorded", [], purpose, "us_opt_out", True, NOW,
       no("pending", "gpc_opt_out"))
      for purpose in ["inference", "analytics", "personalization", "sale_or_sharing", "fraud_checks"]],
    ("us_opt_out: training needs a yes with or without GPC", [], "model_training", "us_opt_out", True, NOW,
     no("pending", "not_recorded")),
    *[(f"{regime}: opt-in comes before GPC", [], "analytics", regime, True, NOW, no("pending", "not_recorded"))
      for regime in ["gdpr", "default"]],
    *[(f"{regime}: GPC beats a yes to selling", one("sale_or_sharing", "granted", T09), "sale_or_sharing", regime, True,
       NOW, no("granted", "gpc_opt_out", T09)) for regime in ["us_opt_out", "default"]],
    ("gdpr: GPC has no say over a yes to selling", one("sale_or_sharing", "granted", T09), "sale_or_sharing", "gdpr",
     True, NOW, yes("2027-05-24T09:00:00.000Z", T09)),
    ("us_opt_out: GPC has no say over a yes to analytics", one("analytics", "granted", T09), "analytics", "us_opt_out",
     True, NOW, yes("2027-11-24T09:00:00.000Z", T09)),
    ("us_opt_out: GPC has no say over a yes to training", one("model_training", "granted", T09), "model_training",
     "us_opt_out", True, NOW, yes("2027-11-24T09:00:00.000Z", T09)),
    ("us_opt_out: an expired yes to selling is expired, GPC or not",
     one("sale_or_sharing", "granted", "2025-01-01T00:00:00.000Z"), "sale_or_sharing", "us_opt_out", True, NOW,
     no("pending", "expired", "2025-01-01T00:00:00.000Z")),
    ("us_opt_out: a no is a no, GPC or not", one("sale_or_sharing", "revoked", T09), "sale_or_sharing", "us_opt_out",
     True, NOW, no("revoked", "revoked", T09)),

    # The calendar.
    *calendar("six months in the middle of months", "2026-05-24" + TEN, "2026-11-24" + TEN),
    *calendar("six months over the end of a year", "2026-08-15" + MIDNIGHT, "2027-02-15" + MIDNIGHT),
    *calendar("31 August ends on 28 February", "2026-08-31" + TEN, "2027-02-28" + TEN),
    *calendar("30 August ends on 28 February", "2026-08-30" + TEN, "2027-02-28" + TEN),
    *calendar("29 August ends on 28 February", "2026-08-29" + TEN, "2027-02-28" + TEN),
    *calendar("31 August ends on 29 February of a leap year", "2027-08-31" + TEN, "2028-02-29" + TEN),
    *calendar("29 August ends on 29 February of a leap year", "2027-08-29" + TEN, "2028-02-29" + TEN),
    *calendar("29 February ends on 29 August", "2028-02-29" + TEN, "2028-08-29" + TEN),
    *calendar("31 May ends on 30 November", "2026-05-31" + TEN, "2026-11-30" + TEN),
    *calendar("31 March ends on 30 September", "2026-03-31" + TEN, "2026-09-30" + TEN),
    *calendar("31 December ends on 30 June", "2026-12-31T23:59:59.999Z", "2027-06-30T23:59:59.999Z"),
    *calendar("30 June ends on 30 December", "2026-06-30" + TEN, "2026-12-30" + TEN),
    *calendar("2000 was a leap year", "1999-08-31" + TEN, "2000-02-29" + TEN),
    *calendar("2100 is no leap year", "2099-08-31" + TEN, "2100-02-28" + TEN),
    *calendar("29 February and twelve months", "2028-02-29" + TEN, "2029-02-28" + TEN, "us_opt_out"),
    *calendar("28 February and twelve months into a leap year", "2027-02-28" + TEN, "2028-02-28" + TEN, "us_opt_out"),
    *calendar("31 January and twelve months", "2026-01-31" + TEN, "2027-01-31" + TEN, "us_opt_out"),
    *calendar("the first moment of Unix time", "1970-01-01" + MIDNIGHT, "1970-07-01" + MIDNIGHT),
    *calendar("time ends with the year 9999", "9999-12-01" + MIDNIGHT, "9999-12-31T23:59:59.999Z"),

    # Which record counts.
    ("a late grant counts from when it was decided", one("analytics", "granted", T11, "2026-08-31T10:00:00.000Z"),
     "analytics", "gdpr", False, NOW, yes("2027-02-28T10:00:00.000Z", "2026-08-31T10:00:00.000Z")),
    ("a grant from a clock that is ahead of ours stands", one("analytics", "granted", "2026-11-24T12:00:01.000Z"),
     "analytics", "gdpr", False, NOW, yes("2027-05-24T12:00:01.000Z", "2026-11-24T12:00:01.000Z")),
    ("a late grant of training never overrides a recorded revocation",
     [(7, "model_training", "granted", T11, T09), (5, "model_training", "revoked", T10)], "model_training", "gdpr", False,
     NOW, no("revoked", "revoked", T10)),
    ("an expired renewal does not bring back what it replaced",
     [(1, "analytics", "granted", T09), (2, "analytics", "granted", T10, "2026-01-01T00:00:00.000Z")], "analytics",
     "gdpr", False, NOW, no("pending", "expired", "2026-01-01T00:00:00.000Z")),

    # The other regimes.
    *[(f"{regime}: a yes to {purpose} stands", one(purpose, "granted", T09), purpose, regime, False, NOW,
       yes({6: "2027-05-24", 12: "2027-11-24"}[months] + "T09:00:00.000Z", T09))
      for regime, months in OTHERS.items() for purpose in ["model_training", "analytics", "sale_or_sharing"]],
    *[(f"{regime}: an expired yes to {purpose} is no yes", one(purpose, "granted", "2025-01-01T00:00:00.000Z"), purpose,
       regime, False, NOW, no("pending", "expired", "2025-01-01T00:00:00.000Z"))
      for regime in OTHERS for purpose in ["model_training", "analytics"]],
    *[(f"{regime}: a no to {purpose} stands", one(purpose, "revoked", T09), purpose, regime, False, NOW,
       no("revoked", "revoked", T09)) for regime in OTHERS for purpose in ["analytics", "sale_or_sharing"]],
    *[(f"{regime}: an unanswered question about analytics is no yes", one("analytics", "pending", T09), "analytics",
       regime, False, NOW, no("pending", "not_decided", T09)) for regime in OTHERS],
    *[(f"{regime}: nothing recorded about {purpose}" + (" and GPC" if gpc else ""), [], purpose, regime, gpc, NOW,
       silent(regime, purpose, gpc))
      for regime in OTHERS for purpose in ["model_training", "analytics", "sale_or_sharing"] for gpc in [False, True]],
    ("us_ca: GPC beats a yes to selling", one("sale_or_sharing", "granted", T09), "sale_or_sharing", "us_ca", True, NOW,
     no("granted", "gpc_opt_out", T09)),
    *[(f"{regime}: GPC has no say over a yes to selling", one("sale_or_sharing", "granted", T09), "sale_or_sharing",
       regime, True, NOW, yes("2027-05-24T09:00:00.000Z", T09)) for regime in OTHERS if regime != "us_ca"],

    # A yes over Global Privacy Control.
    *[(f"{regime}: a yes over GPC to selling outranks it", over_gpc("sale_or_sharing", T09), "sale_or_sharing", regime,
       True, NOW, yes({"default": "2027-05-24"}.get(regime, "2027-11-24") + "T09:00:00.000Z", T09))
      for regime in HONOURING],
    ("us_ca: a yes over GPC stands without the signal too", over_gpc("sale_or_sharing", T09), "sale_or_sharing", "us_ca",
     False, NOW, yes("2027-11-24T09:00:00.000Z", T09)),
    ("us_ca: a yes over GPC expires like any other", over_gpc("sale_or_sharing", "2025-01-01T00:00:00.000Z"),
     "sale_or_sharing", "us_ca", True, NOW, no("pending", "expired", "2025-01-01T00:00:00.000Z")),
    ("us_ca: a yes without the signal takes the place of one over it",
     over_gpc("sale_or_sharing", T09) + [(2, "sale_or_sharing", "granted", T10)], "sale_or_sharing", "us_ca", True, NOW,
     no("granted", "gpc_opt_out", T10)),
    ("us_ca: a yes over GPC after one without the signal outranks it",
     [(1, "sale_or_sharing", "granted", T09)] + over_gpc("sale_or_sharing", T10, None, 2), "sale_or_sharing", "us_ca",
     True, NOW, yes("2027-11-24T10:00:00.000Z", T10)),
    ("us_ca: a no after a yes over GPC is a no", over_gpc("sale_or_sharing", T09) + [(2, "sale_or_sharing", "revoked", T10)],
     "sale_or_sharing", "us_ca", True, NOW, no("revoked", "revoked", T10)),
    ("us_ca: a late yes over GPC never overrides a recorded revocation",
     [(1, "sale_or_sharing", "revoked", T10)] + over_gpc("sale_or_sharing", T11, T09, 2), "sale_or_sharing", "us_ca", True,
     NOW, no("revoked", "revoked", T10)),

    # Another ground than consent.
    *[(f"legitimate interest: it needs no yes under {regime}", [], "analytics", regime, False, NOW,
       used("legitimate_interest"), INTEREST) for regime in REGIMES | OTHERS],
    *[(f"legitimate interest: an objection ends it under {regime}", one("analytics", "revoked", T09), "analytics", regime,
       False, NOW, no("revoked", "revoked", T09), INTEREST) for regime in REGIMES | OTHERS],
    ("legitimate interest: not to object does not expire", one("analytics", "granted", LONG_AGO), "analytics", "gdpr",
     False, NOW, used("legitimate_interest", "granted", LONG_AGO), INTEREST),
    ("legitimate interest: an unanswered question ends it", one("analytics", "pending", T09), "analytics", "gdpr", False,
     NOW, no("pending", "not_decided", T09), INTEREST),
    *[(f"legitimate interest: GPC is an objection under {regime}", [], "analytics", regime, True, NOW,
       no("pending", "gpc_opt_out"), INTEREST) for regime in REGIMES | OTHERS],
    ("legitimate interest: whoever was asked and did not object has not objected by GPC",
     one("analytics", "granted", T09), "analytics", "gdpr", True, NOW, used("legitimate_interest", "granted", T09), INTEREST),
    ("legitimate interest: GPC beats not objecting to selling", one("sale_or_sharing", "granted", T09), "sale_or_sharing",
     "us_ca", True, NOW, no("granted", "gpc_opt_out", T09), INTEREST),
    ("legitimate interest: a yes over GPC to selling outranks it", over_gpc("sale_or_sharing", T09), "sale_or_sharing",
     "us_ca", True, NOW, used("legitimate_interest", "granted", T09), INTEREST),
    ("legitimate interest: training needs a yes all the same", [], "model_training", "gdpr", False, NOW,
     no("pending", "not_recorded"), INTEREST),
    ("legitimate interest: a yes to training expires all the same",
     one("model_training", "granted", "2025-01-01T00:00:00.000Z"), "model_training", "gdpr", False, NOW,
     no("pending", "expired", "2025-01-01T00:00:00.000Z"), INTEREST),
    *[(f"contract: it needs no yes under {regime}, GPC or not", [], "inference", regime, True, NOW, used("contract"),
       CONTRACT) for regime in REGIMES | OTHERS],
    ("contract: a yes adds nothing and does not expire", one("inference", "granted", LONG_AGO), "inference", "gdpr", False,
     NOW, used("contract", "granted", LONG_AGO), CONTRACT),
    ("contract: a question that was left open changes nothing", one("inference", "pending", T09), "inference", "gdpr",
     False, NOW, used("contract", "pending", T09), CONTRACT),
    ("contract: a recorded no stops it", one("inference", "revoked", T09), "inference", "gdpr", False, NOW,
     no("revoked", "revoked", T09), CONTRACT),
    ("contract: training needs a yes all the same", [], "model_training", "us_opt_out", False, NOW,
     no("pending", "not_recorded"), CONTRACT),
    *[(f"contract: selling is decided under {regime} as for consent" + (" with GPC" if gpc else ""), [],
       "sale_or_sharing", regime, gpc, NOW, silent(regime, "sale_or_sharing", gpc), CONTRACT)
      for regime in ["gdpr", "us_ca"] for gpc in [False, True]],

    # Erasure at 10:00.
    *[(f"{regime}: an erasure ends a yes to {purpose}", one(purpose, "granted", T09), purpose, regime, False, NOW,
       no("pending", "erased", T09), "consent", T10)
      for regime in REGIMES | OTHERS for purpose in ["model_training", "analytics", "sale_or_sharing"]],
    *[(f"{regime}: a yes to {purpose} after an erasure stands", one(purpose, "granted", T11), purpose, regime, False, NOW,
       yes({6: "2027-05-24", 12: "2027-11-24"}[months] + "T11:00:00.000Z", T11), "consent", T10)
      for regime, months in REGIMES.items() for purpose in ["model_training", "analytics"]],
    *[(f"{regime}: a no stays one after an erasure", one("analytics", "revoked", T09), "analytics", regime, False, NOW,
       no("revoked", "revoked", T09), "consent", T10) for regime in REGIMES],
    *[(f"{regime}: an erasure and nothing recorded about analytics", [], "analytics", regime, False, NOW,
       no("pending", "erased" if regime in ["us_ca", "us_opt_out"] else "not_recorded"), "consent", T10)
      for regime in REGIMES | OTHERS],
    ("us_opt_out: an erasure and nothing recorded about training", [], "model_training", "us_opt_out", False, NOW,
     no("pending", "not_recorded"), "consent", T10),
    ("us_opt_out: an erasure, nothing recorded, and GPC", [], "analytics", "us_opt_out", True, NOW,
     no("pending", "gpc_opt_out"), "consent", T10),
    ("us_ca: an erasure ends a yes over GPC", over_gpc("sale_or_sharing", T09), "sale_or_sharing", "us_ca", True, NOW,
     no("pending", "erased", T09), "consent", T10),
    ("gdpr: a late yes from before an erasure, over one from after it, is ended by it",
     [(1, "analytics", "granted", T11), (2, "analytics", "granted", NOW, T09)], "analytics", "gdpr", False, NOW,
     no("pending", "erased", T09), "consent", T10),
    ("legitimate interest: an erasure ends it where the person had not objected", one("analytics", "granted", T09),
     "analytics", "gdpr", False, NOW, no("pending", "erased", T09), INTEREST, T10),
    ("legitimate interest: an erasure ends it where nothing is recorded", [], "analytics", "gdpr", False, NOW,
     no("pending", "erased"), INTEREST, T10),
    ("legitimate interest: whoever does not object after an erasure has not objected", one("analytics", "granted", T11),
     "analytics", "gdpr", False, NOW, used("legitimate_interest", "granted", T11), INTEREST, T10),
    ("contract: an erasure takes the yes and leaves the contract", one("inference", "granted", T09), "inference", "gdpr",
     False, NOW, used("contract", "pending", T09), CONTRACT, T10),
    ("contract: an erasure leaves it where nothing is recorded", [], "inference", "gdpr", False, NOW, used("contract"),
     CONTRACT, T10),
]


def write(name, cases):
    lines = ",\n".join(json.dumps(case) for case in cases)
    (HERE / name).write_text(f"[\n{lines}\n]\n")


def main():
    write("status.json", [
        {"name": name, "records": [record(*spelt) for spelt in records],
         "purposes": context.get("purposes", FOUR), "regime": context.get("regime", "gdpr"),
         "gpc": context.get("gpc", False), "now": NOW}
        | ({"erased_at": context["erased_at"]} if "erased_at" in context else {}) | {"current": current}
        for name, records, context, current in STATUS
    ])
    write("decide.json", [
        {"name": name, "records": [record(*spelt) for spelt in records], "purpose": purpose, "regime": regime,
         "gpc": gpc, "now": now}
        | ({"legal_basis": rest[0]} if rest and rest[0] != "consent" else {})
        | ({"erased_at": rest[1]} if rest[1:] else {}) | {"decision": decision}
        for name, records, purpose, regime, gpc, now, decision, *rest in DECIDE
    ])


if __name__ == "__main__":
    main()
