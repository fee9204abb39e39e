// A service that is told whom to erase, as a program of its own, so that it can be killed at any instant: `node service.mjs FOLDER PORT`.
// All that it knows is in files of the folder: how many rows it has of somebody, and how often it was told of a message. It fails twice for
// each message, and while there is a file `down`; it prints a line as soon as a message comes. `startService` in `beside.mjs` starts it.

import { once } from "node:events";
import { appendFile, readFile, rm, stat } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const FAILURES = 2;
const [folder, port] = process.argv.slice(2);
const missing = () => undefined;

const server = createServer(async (request, response) => {
  const body = Buffer.concat(await request.toArray());
  process.stdout.write("told\n");
  const message = join(folder, "messages", request.headers["webhook-id"]);
  await appendFile(message, ".");
  const times = (await stat(message)).size;
  if (times <= FAILURES || (await stat(join(folder, "down")).catch(missing))) return response.writeHead(503).end();
  let found = 0;
  for (const user of JSON.parse(body).data.users) {
    const rows = join(folder, "rows", encodeURIComponent(user));
    found += Number((await readFile(rows, "utf8").catch(missing)) ?? 0);
    await rm(rows, { force: true });
    // Time to die in, with something removed and nothing said.
    await sleep(20);
  }
  response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify({ done: true, found, removed: found }));
});
server.listen(Number(port), "127.0.0.1");
await once(server, "listening");
process.stdout.write("listening\n");
