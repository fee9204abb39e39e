// How fast erasures go on workerd: many people of whom only the evidence at the edge is kept, and one person in large objects of
// rows. Prints one line of JSON.

import { makeSite } from "./client.mjs";
import { startEdge } from "./edge.mjs";

const PEOPLE = 200;
const CLIENTS = 4;
const OBJECTS = 16;
const ROWS = 40_000;

const edge = await startEdge();

/** Asks for the erasure of each, and waits until all are done; how many seconds that took. */
async function erased(site, users) {
  const begun = performance.now();
  const asked = [];
  const left = [...users];
  const client = async () => {
    for (let user = left.pop(); user; user = left.pop()) {
      const { status, body, text } = await site.call("POST", `/data/delete/${user}`);
      if (status !== 202) throw new Error(text);
      asked.push(body.id);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  for (const id of asked) {
    for (let state = ""; state !== "done"; ({ state } = (await site.call("GET", `/erasures/${id}`)).body)) {
      if (state !== "") await edge.cron("* * * * *");
    }
  }
  return (performance.now() - begun) / 1000;
}

async function grant(site, user) {
  const { status, text } = await site.call("POST", "/consent/grant", { body: { user_id: user, purpose: "analytics" } });
  if (status !== 201) throw new Error(text);
}

const small = await makeSite(edge.url, { site: "small" });
const people = Array.from({ length: PEOPLE }, (_, i) => `user-${i}`);
for (const user of people) await grant(small, user);
const evidence = await erased(small, people);

const large = await makeSite(edge.url, { site: "large", stores: [{ name: "rows", kind: "r2_jsonl", prefix: "rows/" }] });
await grant(large, "user-7");
const row = (i) => `${JSON.stringify({ user_id: `user-${i % 1000}`, text: "what somebody wrote, ".repeat(8), i })}\n`;
const object = new TextEncoder().encode(Array.from({ length: ROWS }, (_, i) => row(i)).join(""));
await edge.bucket("DATA", async (bucket) => {
  for (let i = 0; i < OBJECTS; i += 1) await bucket.put(`rows/${i}.jsonl`, object);
});
const rows = await erased(large, ["user-7"]);

console.log(JSON.stringify([
  { what: "erasures, evidence only", count: PEOPLE, seconds: evidence },
  { what: "MB of rows in R2", count: (OBJECTS * object.length) / 1e6, seconds: rows },
]));
await edge.stop();
