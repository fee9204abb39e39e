// Callers that are people: those who are signed in, by a token that the site signs, and anonymous visitors, by a secret.
// Tokens are made by hand with Node's own crypto, so that bad ones can be made too.

import { createHash, createHmac, generateKeyPairSync, randomBytes, sign } from "node:crypto";

const KINDS = {
  EdDSA: ["ed25519", {}],
  ES256: ["ec", { namedCurve: "P-256" }],
};

/** A key pair with its public half as a JWK. */
export function makeKey(alg = "EdDSA", kid = undefined) {
  const { publicKey, privateKey } = generateKeyPairSync(...KINDS[alg]);
  return { alg, kid, privateKey, publicKey, jwk: { ...publicKey.export({ format: "jwk" }), ...(kid && { kid }) } };
}

/** The claims that a site's backend makes for a person. */
export function claims(site, user, more = {}) {
  return { iss: site, sub: user, aud: "consentry", exp: seconds(600), ...more };
}

/** So many seconds from now, as a token says it. */
export function seconds(fromNow) {
  return Math.floor(Date.now() / 1000) + fromNow;
}

/** A token signed with a key; `header` replaces fields of its header, `undefined` leaves one out. */
export function token(key, payload, header = {}) {
  return assemble({ alg: key.alg, typ: "JWT", kid: key.kid, ...header }, payload, (data) =>
    sign(key.alg === "ES256" ? "sha256" : null, data, { key: key.privateKey, dsaEncoding: "ieee-p1363" }),
  );
}

/** A token that nobody signed. */
export function unsigned(payload, alg = "none") {
  return assemble({ alg, typ: "JWT" }, payload, () => Buffer.alloc(0));
}

/** A token signed with a shared secret. */
export function hmacToken(secret, payload) {
  return assemble({ alg: "HS256", typ: "JWT" }, payload, (data) => createHmac("sha256", secret).update(data).digest());
}

function assemble(header, payload, signature) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const data = `${part(header)}.${part(payload)}`;
  return `${data}.${signature(Buffer.from(data)).toString("base64url")}`;
}

/** A visitor of a site: the secret, the user id that follows from it, and the two ways of showing it. */
export function makeVisitor(site, origin) {
  const bytes = randomBytes(32);
  const secret = bytes.toString("base64url");
  return {
    secret,
    user: `anonymous:${createHash("sha256").update(bytes).digest("base64url")}`,
    proof: { site, secret },
    headers: { "Consentry-Site": site, "Consentry-Secret": secret, Origin: origin },
  };
}
