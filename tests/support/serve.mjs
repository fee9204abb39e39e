// An edge as a process of its own, for callers that are not JavaScript: prints one line of JSON, serves until it is told
// to end (SIGTERM, SIGINT). Variables of the Worker may follow as NAME=VALUE.

import { ADMIN_SECRET, MASTER_SECRET, startEdge } from "./edge.mjs";
import { makeSite } from "./client.mjs";

const vars = Object.fromEntries(process.argv.slice(2).map((word) => word.split(/=(.*)/s, 2)));
const edge = await startEdge({ vars });
for (const signal of ["SIGINT", "SIGTERM"]) {
  // Miniflare's own listener would end the process before the directory is gone.
  process.removeAllListeners(signal);
  process.once(signal, async () => {
    await edge.stop();
    process.exit(0);
  });
}
const { site, key } = await makeSite(edge.url);
const { url, databaseFile } = edge;
console.log(JSON.stringify({ url, site, key, admin: ADMIN_SECRET, master: MASTER_SECRET, databaseFile }));
