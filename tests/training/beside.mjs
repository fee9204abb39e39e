// What tests beside the data share: the command, a folder with the keys of a site, an address that stays while edges come and go, a
// service that is told of erasures, a server of buckets, and a real Chroma. Leaves starting and calling the Worker to `tests/support`.
//
// CONSENTRY names the command, CONSENTRY_CHROMA the folder with the programs of a Python that has Chroma, CONSENTRY_S3 a server of
// buckets; `cargo xtask test training` makes them all.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createServer as listen } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { MASTER_SECRET } from "../support/edge.mjs";

const command = process.env.CONSENTRY;
const exec = promisify(execFile);

/** A program of the Python that has Chroma. */
const chroma = (name) => join(process.env.CONSENTRY_CHROMA ?? assert.fail("CONSENTRY_CHROMA is not set"), name);

/** Says that a round is over, where there are so many that somebody waits for them. */
export const soaked = (round, rounds) => rounds > 5 && console.log(`round ${round + 1} of ${rounds} is over`);

/** Starts the command in a folder. */
export const start = (folder, args) => spawn(command, args, { cwd: folder, stdio: "pipe" });

/** Waits until it said something, unless it ends before. */
export function until(child, pattern) {
  let said = "";
  return new Promise((resolve, reject) => {
    child.stderr.on("data", (chunk) => pattern.test((said += chunk)) && resolve());
    child.once("close", () => reject(new Error(`it ended without ${pattern}: ${said}`)));
  });
}

/** Waits until it calls such a path at a front (`startFront`), unless it ends before. */
export function calls(child, front, pattern) {
  return new Promise((resolve, reject) => {
    front.heard = (path) => pattern.test(path) && resolve();
    child.once("close", () => reject(new Error(`it ended without a call of ${pattern}`)));
  });
}

/** Waits until it ended; what it printed. */
export async function ended(child) {
  const [out, said] = [[], []];
  child.stdout.on("data", (chunk) => out.push(chunk));
  child.stderr.on("data", (chunk) => said.push(chunk));
  const [code, signal] = await once(child, "close");
  return { code, signal, out: Buffer.concat(out).toString(), said: Buffer.concat(said).toString() };
}

/** Runs it, with this on its standard input. */
export async function run(folder, args, input = "") {
  const child = start(folder, args);
  // It may end without having read it.
  child.stdin.on("error", () => {}).end(input);
  return ended(child);
}

/** A new site, and a folder in which there are its key and an API key. */
export async function place(world) {
  const site = await world.site();
  const folder = await mkdtemp(join(tmpdir(), "consentry-training-"));
  after(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, "api-key"), `${site.key}\n`);
  await writeFile(join(folder, "secret"), MASTER_SECRET);
  const derived = await run(folder, ["key", "derive", "--site", site.site, "--secret-file", "secret", "-o", "key"]);
  assert.equal(derived.code, 0, derived.said);
  return { site, folder };
}

/**
 * One address for an edge that is killed and started again elsewhere.
 *
 * @param {() => string} to where the edge is now
 * @returns `{ url, heard, hold, drop }`: `heard` is told of each call, `hold` says which don't arrive, `drop` which answers
 */
export async function startFront(to) {
  const front = { url: "", heard: () => {}, hold: () => false, drop: () => false };
  const server = createServer(async (request, response) => {
    try {
      front.heard(request.url);
      if (front.hold(request.url)) return request.socket.destroy();
      const chunks = await request.toArray();
      const body = chunks.length === 0 ? undefined : Buffer.concat(chunks);
      const { host, connection, "content-length": length, "transfer-encoding": coding, ...headers } = request.headers;
      const answer = await fetch(to() + request.url, { method: request.method, headers, body });
      const bytes = Buffer.from(await answer.arrayBuffer());
      if (front.drop(request.url)) return request.socket.destroy();
      // `fetch` has unpacked it.
      const told = [...answer.headers].filter(([name]) => !/^(connection|content-encoding|content-length|keep-alive|transfer-encoding)$/.test(name));
      response.writeHead(answer.status, Object.fromEntries(told)).end(bytes);
    } catch {
      request.socket.destroy();
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  after(() => server.close());
  front.url = `http://127.0.0.1:${server.address().port}`;
  return front;
}

/** A service (`service.mjs`) with rows of its own. `heard` is called as it is told something, `kill` ends it as a crash would. */
export async function startService() {
  const folder = await mkdtemp(join(tmpdir(), "consentry-service-"));
  const port = await freePort();
  for (const name of ["rows", "messages"]) await mkdir(join(folder, name));
  const file = (user) => join(folder, "rows", encodeURIComponent(user));
  let child;
  const service = {
    url: `http://127.0.0.1:${port}/erasures`,
    heard: () => {},
    set: (user, rows) => writeFile(file(user), String(rows)),
    /** How many rows it has of somebody; `undefined` if it knows nobody of that name. */
    get: (user) => readFile(file(user), "utf8").then(Number, () => undefined),
    down: (down) => (down ? writeFile(join(folder, "down"), "") : rm(join(folder, "down"))),
    async start() {
      child = spawn(process.execPath, [join(import.meta.dirname, "service.mjs"), folder, String(port)], { stdio: ["ignore", "pipe", "inherit"] });
      await once(child.stdout, "data");
      child.stdout.on("data", () => service.heard());
    },
    async kill() {
      const gone = once(child, "exit");
      child.kill("SIGKILL");
      await gone;
    },
  };
  await service.start();
  after(async () => {
    await service.kill();
    await rm(folder, { recursive: true, force: true });
  });
  return service;
}

/** A server of buckets with the interface of S3: each is a folder in `folder`, an object a file. Its key is "key", its secret "secret". */
export async function startBuckets(folder) {
  const port = await freePort();
  const program = process.env.CONSENTRY_S3 ?? assert.fail("CONSENTRY_S3 is not set");
  const args = ["--host", "127.0.0.1", "--port", String(port), "--access-key", "key", "--secret-key", "secret", folder];
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "inherit"] });
  after(() => child.kill());
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null) assert.fail("the server of buckets ended");
    if (await fetch(`http://127.0.0.1:${port}`).catch(() => undefined)) return { url: `http://127.0.0.1:${port}` };
    await sleep(20);
  }
}

/** Runs `tests/stores/chroma.py`; what it printed. */
export async function chromaScript(what, folder) {
  const script = resolve(import.meta.dirname, "../stores/chroma.py");
  return (await exec(chroma("python"), [script, what, folder])).stdout;
}

/**
 * A port that nobody has, and that no connection takes while whoever listens there is down: it is below those that systems give to connections.
 */
export async function freePort() {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 22_000);
    const server = listen().listen(port, "127.0.0.1");
    const free = await once(server, "listening").then(() => true, () => false);
    if (!free) continue;
    server.close();
    await once(server, "close");
    return port;
  }
}

/**
 * A Chroma over HTTP with what `chroma.py fill` wrote into a folder. `hers` and `theirs` are its records, of `person` and of others; `stop` ends it
 * as a crash would.
 */
export async function startChroma(folder, person, port) {
  port ??= await freePort();
  const child = spawn(chroma("chroma"), ["run", "--host", "127.0.0.1", "--port", String(port), "--path", folder]);
  const said = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => said.push(chunk));
  const gone = once(child, "exit");
  const stop = async () => {
    child.kill("SIGKILL");
    await gone;
  };
  after(stop);
  const url = `http://127.0.0.1:${port}`;
  let up = false;
  for (let n = 0; n < 1200 && !up && child.exitCode === null && child.signalCode === null; n += 1) {
    up = await fetch(`${url}/api/v2/heartbeat`).then((answer) => answer.ok, () => false);
    if (!up) await sleep(100);
  }
  assert.ok(up, `Chroma does not start: ${child.exitCode ?? child.signalCode ?? "it is slow"}: ${Buffer.concat(said)}`);
  const base = `${url}/api/v2/tenants/default_tenant/databases/default_database/collections`;
  const records = async (where) => {
    const ids = [];
    for (const { id } of await (await fetch(base)).json()) {
      const body = JSON.stringify({ where, include: ["documents", "embeddings"], limit: 1000 });
      const answer = await fetch(`${base}/${id}/get`, { method: "POST", headers: { "Content-Type": "application/json" }, body });
      const { ids: found, documents } = await answer.json();
      ids.push(...found.map((one, n) => `${one} ${documents[n]}`));
    }
    return ids.sort();
  };
  return { url, port, stop, hers: () => records({ user_id: person }), theirs: () => records({ user_id: { $ne: person } }) };
}
