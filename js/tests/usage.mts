// What a TypeScript caller writes, held against the emitted types: this file must compile under `--strict`, and every line
// below a `@ts-expect-error` must not.
import init, {
  currentStatus,
  decide,
  initSync,
  validateRecord,
  type ConsentRecord,
  type ConsentryError,
  type CurrentStatus,
  type Decision,
  type ErrorCode,
  type Purpose,
  type Reason,
} from "../pkg/consentry.js";

await init();
initSync({ module: new Uint8Array() });

const given: unknown = JSON.parse("{}");
const record: ConsentRecord = validateRecord(given);
const written: ConsentRecord = {
  log_index: 1,
  id: "019ab4d0-6c00-7000-8000-000000000001",
  purpose: "analytics",
  status: "granted",
  legal_basis: "consent",
  granted_at: "2026-11-24T09:30:00.000Z",
  revoked_at: null,
  created_at: "2026-11-24T09:30:00.000Z",
};
const records = [record, written] as const;

if (record.status === "granted") {
  const when: string = record.granted_at;
  const never: null = record.revoked_at;
}

const decision: Decision = decide(records, "model_training", { regime: "gdpr", gpc: false });
const ends: string | undefined = decision.expires_at;
decide(records, "analytics", { regime: "gdpr", gpc: false, legal_basis: "legitimate_interest" });
decide(records, "fraud_checks", { regime: "default", gpc: true, purposes: ["fraud_checks"], now: new Date() });

const current: Record<string, CurrentStatus> = currentStatus(records);
currentStatus([], { purposes: ["analytics"], regime: "us_opt_out", gpc: true, now: Date.now() });
currentStatus([], null);
const why: Reason | undefined = current["analytics"]?.reason;
const declared: Purpose = "fraud_checks";

try {
  validateRecord(null);
} catch (error) {
  const { code, field, allowed, message } = error as ConsentryError;
  const known: ErrorCode = code;
  const place: string | undefined = field;
  const values: string[] | undefined = allowed;
}

// @ts-expect-error The regime is not assumed.
decide(records, "analytics", { gpc: false });
// @ts-expect-error Nor is the signal.
decide(records, "analytics", { regime: "gdpr" });
// @ts-expect-error Nor is the whole context.
decide(records, "analytics");
// @ts-expect-error There is no such regime.
decide(records, "analytics", { regime: "ccpa", gpc: false });
// @ts-expect-error A misspelt option.
currentStatus(records, { purpose: ["analytics"] });
// @ts-expect-error A moment is a number or a Date.
currentStatus(records, { now: "2026-11-24T09:30:00.000Z" });
// @ts-expect-error A granted record says when.
const broken: ConsentRecord = { ...written, status: "granted", granted_at: null };
// @ts-expect-error There is no such status.
const unknown: ConsentRecord = { ...written, status: "accepted" };
// @ts-expect-error There is no such reason.
const reason: Reason = "because";
