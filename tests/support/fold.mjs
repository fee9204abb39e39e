// How fast the Worker folds new events into the tree of the log on workerd: puts events straight into the database and lets the
// scheduled handler run until all are under the checkpoint. Prints one line of JSON.

import { makeSite } from "./client.mjs";
import { startEdge } from "./edge.mjs";

const EVENTS = 40_000;

const edge = await startEdge();
await makeSite(edge.url, { site: "bench" });
await edge.cron("* * * * *");
const insert = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
  INSERT INTO events (id, kind, created_at, actor, details, leaf_hash) SELECT 'x', 'audit_read', 1, 'system', '{}', randomblob(32) FROM n`;
for (let done = 0; done < EVENTS; done += 5_000) await edge.sql(insert, 5_000);
const begun = performance.now();
let waiting = EVENTS;
while (waiting > 0) {
  await edge.cron("* * * * *");
  ({ waiting } = await (await fetch(`${edge.url}/log`)).json());
}
const seconds = (performance.now() - begun) / 1000;
console.log(JSON.stringify({ events: EVENTS, seconds }));
await edge.stop();
