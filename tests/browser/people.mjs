// A person who opens their own page, for the tests of it.

import { randomUUID } from "node:crypto";
import assert from "node:assert/strict";
import { claims, makeKey, token } from "../api/people.mjs";
import { openShop, visitor } from "./visitor.mjs";

/** A shop whose people have pages of their own. */
export async function openPages(settings = {}) {
  const key = makeKey();
  const { edge, site, browser } = await openShop({ jwks: { keys: [key.jwk] }, ...settings });
  /** A link that the site's backend makes for a person. */
  const link = (user, more = {}) => token(key, claims(site.site, user, { aud: "consentry-link", jti: randomUUID(), ...more }));
  return {
    edge,
    site,
    browser,
    link,
    jwks: { keys: [key.jwk] },

    /** Says yes as the site's backend. */
    async grant(user, purpose = "analytics") {
      const { status } = await site.call("POST", "/consent/grant", { body: { user_id: user, purpose } });
      assert.equal(status, 201);
    },

    /** Opens the page as a person, once it shows what is held. */
    async open(person, user, more = "") {
      const page = await person.open(`/privacy#token=${link(user)}${more}`);
      await page.locator("[data-page]").waitFor();
      return page;
    },

    visitor: (options) => visitor(browser, edge, options),
  };
}
