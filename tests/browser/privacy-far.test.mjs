// What is far back on a person's own page, beyond any one answer of the service: more erasures than are shown, and grounds that were
// recorded before everything else. The answers are made smaller here than they are, so that little is a lot.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openPages } from "./people.mjs";
import { faults } from "./visitor.mjs";

const { site, open, visitor } = await openPages();

/** A person whose page gets so few events at once. */
async function patient(limit) {
  const person = await visitor();
  await person.context.route(/\/audit\/.*[?&]limit=/, (route) =>
    route.continue({ url: route.request().url().replace(/limit=\d+/, `limit=${limit}`) }),
  );
  return person;
}

/** Has so many erasures asked for and refused. */
async function erasures(user, count) {
  const ids = [];
  while (ids.length < count) {
    const { body } = await site.call("POST", `/data/delete/${encodeURIComponent(user)}`, { body: { verify: true } });
    await site.call("POST", `/erasures/${body.id}/refuse`, { body: { ground: "legal_claims" } });
    ids.push(body.id);
  }
  return ids;
}

test("erasures are shown newest first, and however many there are, by keyboard and with where one is", async () => {
  const user = "often@example.com";
  await erasures(user, 12);
  await site.call("POST", `/data/delete/${encodeURIComponent(user)}`, { body: { verify: true } });
  const person = await patient(3);
  const page = await open(person, user);
  const entries = page.locator("[data-erasures] > li");
  const more = page.getByRole("button", { name: "Show more" });
  // There may be another of that name for the history.
  assert.equal(await more.last().evaluate((button) => document.getElementById(button.getAttribute("aria-describedby")).textContent), "Erase my data");
  assert.equal(await entries.count(), 5);
  assert.equal(await entries.first().getAttribute("data-state"), "verifying");
  for (const [shown, next] of [[5, 10], [10, 13]]) {
    await more.last().press("Enter");
    await entries.nth(next - 1).waitFor();
    assert.equal(await entries.count(), next);
    const focused = await entries.nth(shown).evaluate((entry) => entry.contains(document.activeElement));
    assert.ok(focused, "whoever pressed it goes on at the first of the new ones");
    assert.doesNotMatch(await page.getByRole("status").textContent(), /Refused|checked/, "nothing happened to them now");
  }
  assert.equal(await page.locator("[data-more-erasures]").isVisible(), false);
  assert.deepEqual(await faults(page), []);
  assert.deepEqual(person.complaints, []);
  await person.context.close();
});

test("whoever has few erasures is not offered more", async () => {
  const user = "seldom@example.com";
  await erasures(user, 2);
  const page = await open(await patient(2), user);
  assert.equal(await page.locator("[data-erasures] > li").count(), 2);
  assert.equal(await page.locator("[data-more-erasures]").isVisible(), false);
  await page.context().close();
});

test("the ground of a decision is found however many came after it", async () => {
  const user = "ground@example.com";
  const decide = (purpose, legal_basis) =>
    site.call("POST", "/consent", { body: { user_id: user, decisions: [{ purpose, status: "granted", legal_basis }] } });
  await decide("analytics", "legitimate_interest");
  for (let times = 0; times < 9; times++) await decide("personalization");
  const page = await open(await patient(2), user);
  await page.getByRole("switch", { name: "I object" }).waitFor();
  assert.equal(await page.getByRole("switch", { name: "I object" }).isChecked(), false);
  await page.context().close();
});
