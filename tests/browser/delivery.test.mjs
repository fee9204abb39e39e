// Decisions arrive once, whatever happens on the way.

import assert from "node:assert/strict";
import { PURPOSES, all, cardsOn, openShop, press, recorded, test, visitor } from "./visitor.mjs";

const { edge, site, browser } = await openShop();

const queued = (page) =>
  page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith("consentry.demo.queue.")).length);

test("a decision made while the server is down waits over a reload and is delivered once", async () => {
  const person = await visitor(browser, edge);
  const page = await person.open();
  await person.context.route(`${edge.url}/consent`, (route) => route.abort("connectionrefused"));
  await press(page, "Reject all");
  await press(page, "Privacy settings");
  await press(page, "Accept all");
  await cardsOn(page, ...PURPOSES);
  assert.equal(await queued(page), 2);
  await page.reload();
  assert.equal(await queued(page), 2);

  await person.context.unroute(`${edge.url}/consent`);
  await page.reload();
  await page.waitForFunction(() => !Object.keys(localStorage).some((key) => key.includes(".queue.")));
  assert.deepEqual(await person.record(page), all("granted"));
  const both = [...PURPOSES.map((p) => [p, "revoked"]), ...PURPOSES.map((p) => [p, "granted"])];
  assert.deepEqual(await person.history(page, site), both);
  await person.context.close();
});

test("without a reload it is tried again by itself", async () => {
  const person = await visitor(browser, edge);
  const page = await person.open();
  await person.context.route(`${edge.url}/consent`, (route) => route.abort("connectionrefused"), { times: 1 });
  await recorded(page, () => press(page, "Reject all"));
  assert.equal((await person.history(page, site)).length, PURPOSES.length);
  await person.context.close();
});

test("a decision made offline is sent when the network is back", async () => {
  const person = await visitor(browser, edge);
  const page = await person.open();
  await person.context.setOffline(true);
  await press(page, "Reject all");
  assert.equal(await queued(page), 1);
  await recorded(page, () => person.context.setOffline(false));
  assert.deepEqual(await person.record(page), all("revoked"));
  assert.equal(await queued(page), 0);
  await person.context.close();
});

test("an answer that gets lost does not double the records", async () => {
  const person = await visitor(browser, edge);
  const page = await person.open();
  let arrived = 0;
  await person.context.route(
    `${edge.url}/consent`,
    async (route) => {
      arrived = (await route.fetch()).status();
      await route.abort("connectionreset");
    },
    { times: 1 },
  );
  await recorded(page, () => press(page, "Accept all"));
  assert.equal(arrived, 201);
  assert.equal((await person.history(page, site)).length, PURPOSES.length);
  await person.context.close();
});

test("an overloaded server is tried again; a refusal for good is told to the page and holds up nothing", async () => {
  const person = await visitor(browser, edge);
  const page = await person.open();
  const problem = { type: "about:blank", title: "No", status: 422, code: "test" };
  const answers = [
    { status: 503, contentType: "application/problem+json", body: "{}" },
    { status: 422, contentType: "application/problem+json", body: JSON.stringify(problem) },
  ];
  await person.context.route(`${edge.url}/consent`, (route) => route.fulfill(answers.shift()), { times: 2 });
  await page.evaluate(() => {
    window.refused = new Promise((resolve) => {
      document.addEventListener("consentry:refused", (event) => resolve(event.detail), { once: true });
    });
  });
  await press(page, "Reject all");
  assert.deepEqual(await page.evaluate(() => window.refused), problem);
  await press(page, "Privacy settings");
  await recorded(page, () => press(page, "Accept all"));
  assert.deepEqual(await person.record(page), all("granted"));
  assert.equal(await queued(page), 0);
  await person.context.close();
});

test("a decision followed at once by leaving the page arrives", async () => {
  const person = await visitor(browser, edge);
  const page = await person.open();
  await page.evaluate(() => {
    document.querySelector("#consentry-banner [data-consentry=accept]").click();
    location.href = "/docs/";
  });
  await page.waitForURL("**/docs/");
  const secret = await person.secret(page);
  assert.notEqual(secret, null);
  await page.goto(edge.url);
  await page.waitForFunction(() => !Object.keys(localStorage).some((key) => key.includes(".queue.")));
  assert.equal((await person.history(page, site)).length, PURPOSES.length);
  await person.context.close();
});
