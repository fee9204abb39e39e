// What the tests of linked data share: reading it as any processor does, without fetching anything, and the terms that exist.

import assert from "node:assert/strict";
import jsonld from "jsonld";

const DPV = "https://w3id.org/dpv#";

/**
 * The terms that are used, by the module of DPV 2.2 (w3c/dpv, `2.2/dpv/modules/`) in which each was looked up.
 */
const MODULES = {
  consent: "hasConsentControl hasConsentStatus",
  consent_controls: "WithdrawConsent",
  consent_status: "ConsentGiven ConsentRefused ConsentRequested ConsentStatusInvalidForProcessing ConsentWithdrawn",
  context: "Duration UntilTimeDuration hasDuration hasIdentifier",
  entities: "hasAddress hasContact hasName",
  entities_datasubject: "DataSubject hasDataSubject",
  entities_legalrole: "DataController Recipient hasDataController hasRecipient",
  jurisdiction: "hasJurisdiction",
  legal_basis: "Consent Contract LegitimateInterest hasLegalBasis isIndicatedAtTime isIndicatedBy",
  notice: "ConsentNotice hasNotice",
  organisational_measures: "ConsentReceipt ConsentRecord",
  personal_data: "PersonalData hasPersonalData",
  process: "Process hasProcess",
  processing_context: "StorageDuration StorageLocation hasStorageCondition",
  purposes: "Purpose hasPurpose",
  rights: "DataSubjectRight hasRight isExercisedAt",
  TOM: "hasRecordOfActivity",
};
const TERMS = Object.values(MODULES).flatMap((names) => names.split(" "));

/**
 * What ISO/IEC TS 27560 asks of each record, by the guide of DPV to it (`guides/consent-27560`, of 2024-08-01): the standard itself
 * isn't public. Beside these a record has `dct:conformsTo`, `dct:identifier` and `dct:language`.
 */
export const MANDATORY = [
  // The record.
  "ConsentRecord", "hasDataSubject", "hasNotice",
  // The processing.
  "hasProcess", "hasPurpose", "hasPersonalData", "hasStorageCondition", "StorageLocation", "StorageDuration", "hasDataController",
  "hasRecipient", "hasConsentControl", "hasJurisdiction", "hasRight",
  // The party.
  "hasName", "hasIdentifier", "hasAddress", "hasContact",
  // The event.
  "hasLegalBasis", "hasConsentStatus", "isIndicatedAtTime", "hasDuration", "isIndicatedBy",
];

const documentLoader = () => assert.fail("a context had to be fetched");

/** A document with every name in full. It fails if a name or a value had to be left out. */
export const expand = (document) => jsonld.expand(document, { documentLoader, safe: true });

/** An expanded document under a context again. */
export const compact = (expanded, context) => jsonld.compact(expanded, context, { documentLoader });

/** A document as statements, one a line. */
export const quads = (document) => jsonld.toRDF(document, { documentLoader, format: "application/n-quads", safe: true });

/** The terms of DPV in an expanded document, without the address of DPV; each must exist. */
export function dpvTerms(expanded) {
  const used = [...terms(expanded)].filter((term) => term.startsWith(DPV)).map((term) => term.slice(DPV.length));
  assert.deepEqual(used.filter((term) => !TERMS.includes(term)), [], "terms that DPV doesn't have");
  return used;
}

/** Every property, type and reference, as full names. */
function terms(node, found = new Set()) {
  if (Array.isArray(node)) node.forEach((one) => terms(one, found));
  else if (node !== null && typeof node === "object") {
    for (const [key, value] of Object.entries(node)) {
      if (!key.startsWith("@")) found.add(key);
      if (key === "@type") [value].flat().forEach((type) => found.add(type));
      if (key === "@id") found.add(value);
      terms(value, found);
    }
  }
  return found;
}
