/** The purposes that every site can offer. */
export type BuiltInPurpose = "model_training" | "inference" | "analytics" | "personalization" | "sale_or_sharing";

/** A built-in purpose, or one that the site declares: a lower-case letter, then up to 63 of `a`–`z`, `0`–`9` and `_`. */
export type Purpose = BuiltInPurpose | (string & {});

/** What a person decided; `pending` where nothing that still stands was decided. */
export type Status = "granted" | "revoked" | "pending";

/** GDPR Art. 6(1) a, f and b. */
export type LegalBasis = "consent" | "legitimate_interest" | "contract";

/** Which rules hold for the person. `default` is the strict one, for wherever you do not know. */
export type Regime = "gdpr" | "uk" | "ch" | "us_ca" | "us_opt_out" | "br" | "ca_qc" | "ca" | "default";

/** Why a purpose may or may not be used. */
export type Reason =
  | "granted"
  | "revoked"
  | "expired"
  | "erased"
  | "not_decided"
  | "not_recorded"
  | "opt_out_default"
  | "gpc_opt_out"
  | "legitimate_interest"
  | "contract";

/** RFC 3339, such as `2026-11-24T09:30:00.000Z`. */
export type Timestamp = string;

interface RecordOf<S extends Status, Granted extends Timestamp | null, Revoked extends Timestamp | null> {
  /** The place in the log. */
  log_index: number;
  /** UUID of version 7. */
  id: string;
  purpose: Purpose;
  status: S;
  legal_basis: LegalBasis;
  /** When the person said yes. */
  granted_at: Granted;
  /** When the person said no. */
  revoked_at: Revoked;
  /** When the server recorded it. */
  created_at: Timestamp;
  /** When the person decided, if the caller said so; never after `created_at`. */
  decided_at?: Timestamp;
  /** SHA-256 of the notice the person was shown, in lower-case hexadecimal. */
  notice_hash?: string;
  /** Whether the person said yes although they were shown that Global Privacy Control says no; such a yes outranks the signal. */
  over_gpc?: boolean;
}

/** One recorded decision, as the API exports it. */
export type ConsentRecord =
  | RecordOf<"granted", Timestamp, null>
  | RecordOf<"revoked", null, Timestamp>
  | RecordOf<"pending", null, null>;

export interface StatusOptions {
  /** The purposes to report. Without it: the four that every site has, and those that are recorded. */
  purposes?: readonly Purpose[];
  /** Without it: `default`. */
  regime?: Regime;
  /** Whether the browser sends Global Privacy Control. Without it: no. Changes the reason, never the status. */
  gpc?: boolean;
  /** `erased_at` of the export: when the erasure of the person's data was last asked for. What they granted until then is over. */
  erased_at?: Timestamp | null;
  /** Milliseconds since 1970, or a `Date`. Without it: the clock of this machine. */
  now?: number | Date;
}

export interface DecisionContext {
  regime: Regime;
  /** Whether the browser sends Global Privacy Control (`navigator.globalPrivacyControl` or the header `Sec-GPC: 1`). */
  gpc: boolean;
  /**
   * The ground on which the site uses data for the purpose. Without it: `consent`. Training rests on consent whatever
   * it says, and so does selling where it says `contract`.
   */
  legal_basis?: LegalBasis;
  /** The purposes that the site offers. Without it: the built-in ones. Any other purpose is an error. */
  purposes?: readonly Purpose[];
  /** `erased_at` of the export: when the erasure of the person's data was last asked for. What they granted until then is over. */
  erased_at?: Timestamp | null;
  /** Milliseconds since 1970, or a `Date`. Without it: the clock of this machine. */
  now?: number | Date;
}

/** What holds for one purpose. */
export interface CurrentStatus {
  status: Status;
  /** When the person decided, if ever. */
  updated_at?: Timestamp;
  reason: Reason;
}

/** The answer to "may this purpose be used now?". */
export interface Decision {
  allowed: boolean;
  status: Status;
  reason: Reason;
  /** When a standing yes ends. */
  expires_at?: Timestamp;
  /** When the person decided, if ever. */
  updated_at?: Timestamp;
}

/** Stable names of what is wrong. `invalid_field`: something can't be read, see `field` and `allowed`. */
export type ErrorCode =
  | "invalid_field"
  | "record_id_not_v7"
  | "record_granted_at"
  | "record_revoked_at"
  | "record_decided_late"
  | "record_wrong_time"
  | "jws_malformed"
  | "jws_unsupported"
  | "jws_type"
  | "jws_unknown_key"
  | "jws_forged"
  | "receipt_fields"
  | "receipt_leaf"
  | "receipt_no_checkpoint"
  | "receipt_checkpoint"
  | "receipt_other_leaf"
  | "receipt_inclusion";

/** What `GET /receipts/{log_index}` answers; an answer to a decision has the first field only. */
export interface ProvedReceipt {
  /** Signed JSON (JWS, compact). */
  receipt: string;
  inclusion?: { log_index: number; leaf_hash: string; tree_size: number; hashes: string[] };
  /** A signed note. */
  checkpoint?: string;
}

/** What a receipt says of a decision, in the names of the export. */
export interface ReceiptRecord {
  id: string;
  site: string;
  action: string;
  /** The keyed hash that stands for the person. */
  subject: string;
  subject_key_id: number;
  purpose: Purpose;
  status: Status;
  legal_basis: LegalBasis;
  notice_hash?: string;
  timestamp: Timestamp;
  decided_at?: Timestamp;
  performed_by: string;
  details: Record<string, unknown>;
  evidence_commitment?: string;
}

/** A receipt that verifies. */
export interface VerifiedReceipt {
  receipt: {
    version: 1;
    log: string;
    log_index: number;
    leaf_hash: string;
    /** By when the log proves it. */
    included_by: Timestamp;
    record: ReceiptRecord;
  };
  /** The key that signed it. */
  key_id: string;
  /** How many rows the log has that it is proved to be in; absent while that is promised only. */
  tree_size?: number;
}

/** What the functions of this package throw. */
export interface ConsentryError extends Error {
  name: "ConsentryError";
  code: ErrorCode;
  /** Where it is, such as `records[2].granted_at` or `regime`. */
  field?: string;
  /** What would be accepted there, where that is a short list. */
  allowed?: string[];
}
