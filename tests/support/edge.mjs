// The built Worker on real workerd with a database of its own, for tests and the bench.
//
// Owns: starting, stopping and killing it, and plain SQL on its database. Leaves to `client.mjs` how one talks to it. The
// settings come from wrangler.toml, so that tests run what is deployed; only secrets and variables are the tests' own.

import childProcess from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Log, LogLevel, Miniflare } from "miniflare";

// wrangler prints advice when it is loaded; a test's output is for the test.
process.env.WRANGLER_LOG ??= "error";
const { unstable_getMiniflareWorkerOptions: workerOptions, unstable_splitSqlQuery: statements } = await import("wrangler");

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

/** What opens `/admin/…` of every edge of the tests. */
export const ADMIN_SECRET = "admin secret of the tests, and of nothing else";
/** What the keys of sites and API keys come from. */
export const MASTER_SECRET = "master secret of the tests, and of nothing else";
const LOG_SEED = "07".repeat(32);

// Miniflare reads a property of what lives in workerd by waiting (`Atomics.wait`) for a thread that sets a number and then wakes it. If the
// number is set before the wait begins, it doesn't wait, and what was to wake it wakes the next wait, which has no answer yet: an assertion
// inside Miniflare fails. A wait goes on until the number was set.
const wait = Atomics.wait;
Atomics.wait = (array, index, value, ...rest) => {
  for (;;) {
    const how = wait(array, index, value, ...rest);
    if (how !== "ok" || Atomics.load(array, index) !== value) return how;
  }
};

// Miniflare keeps workerd's process to itself, so `start` watches it being spawned: one start at a time.
let starts = Promise.resolve();

/**
 * Starts the Worker on a free port of 127.0.0.1.
 *
 * @param {object} [options]
 * @param {string} [options.directory] where the database lives; without it a temporary one, removed by `stop()`
 * @param {Record<string, string>} [options.vars] variables of the Worker, over those of wrangler.toml
 * @param {boolean} [options.rateLimits] whether rate limits hold; off by default
 * @param {Record<string, URL>} [options.indexes] what answers for indexes of Vectorize, by the names of their bindings
 * @param {number} [options.databases] how many databases it has: `DB`, `DB1` and so on
 * @param {Record<string, unknown>} [options.cf] what the platform says of the visitor; a person in Germany by default
 */
export async function startEdge({ directory, vars = {}, rateLimits = false, indexes = {}, databases = 1, cf = { country: "DE" } } = {}) {
  const home = directory ?? (await mkdtemp(join(tmpdir(), "consentry-edge-")));
  const output = [];
  const options = { vars, rateLimits, indexes, databases, cf };
  const { miniflare, workerd } = await (starts = starts.catch(() => {}).then(() => spawn(home, options, output)));
  const url = (await miniflare.ready).origin;
  const all = await Promise.all(Array.from({ length: databases }, (_, n) => miniflare.getD1Database(binding(n))));
  for (const database of all) await migrate(database);

  return {
    /** Where it answers, without a slash at the end. */
    url,
    /** Where its database lives; hand it to the next `startEdge` to go on with the same. */
    directory: home,
    /** The SQLite file itself, where there is one database. */
    databaseFile: await databaseFile(home),
    /** What the Worker printed: array of lines. */
    output,
    /** Runs one SQL statement on the first database, past the Worker: its rows. Rejects as D1 does. */
    sql(query, ...values) {
      return this.sqlOn(0, query, ...values);
    },
    /** The same on any of them, by its number. */
    async sqlOn(number, query, ...values) {
      return (await all[number].prepare(query).bind(...values).all()).results;
    },
    /** Hands an R2 bucket to a function, by the name of its binding. */
    async bucket(name, use) {
      return use(await miniflare.getR2Bucket(name));
    },
    /** Hands a KV namespace to a function, by the name of its binding. */
    async namespace(name, use) {
      return use(await miniflare.getKVNamespace(name));
    },
    /** Calls the Worker's cron handler. */
    async cron(cronExpression) {
      return (await miniflare.getWorker()).scheduled({ cron: cronExpression });
    },
    /** The most memory that workerd ever held, in bytes: of the process, so that of every isolate in it and of D1. */
    async peak() {
      const status = await readFile(`/proc/${workerd.pid}/status`, "utf8");
      return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)[1]) * 1024;
    },
    /** Ends workerd as a crash would (SIGKILL). The directory stays; call `stop()` later all the same. */
    async kill() {
      if (workerd.exitCode === null && workerd.signalCode === null) {
        const ended = once(workerd, "exit");
        workerd.kill("SIGKILL");
        await ended;
      }
    },
    /** Ends it; removes the directory if it was a temporary one. */
    async stop() {
      await miniflare.dispose();
      if (directory === undefined) {
        await rm(home, { recursive: true, force: true });
      }
    },
  };
}

/** The name by which the Worker finds a database. */
const binding = (number) => `DB${number || ""}`;

async function spawn(home, { vars, rateLimits, indexes, databases, cf }, output) {
  // An `envFiles` that names none keeps a developer's .dev.vars out of the tests.
  const { workerOptions: options, main } = workerOptions(join(root, "wrangler.toml"), undefined, { envFiles: ["no.env"] });
  const more = Array.from({ length: databases - 1 }, (_, n) => [binding(n + 1), { id: `database-${n + 1}` }]);
  const keep = (stream) => stream.on("data", (chunk) => output.push(...String(chunk).trimEnd().split("\n")));
  const real = childProcess.spawn;
  let workerd;
  childProcess.spawn = (command, ...rest) => {
    const started = real(command, ...rest);
    if (/workerd/.test(command)) workerd = started;
    return started;
  };
  try {
    const miniflare = new Miniflare({
      ...options,
      modulesRoot: dirname(main),
      modules: [
        { type: "ESModule", path: main },
        { type: "CompiledWasm", path: join(dirname(main), "index_bg.wasm") },
      ],
      bindings: {
        ...options.bindings,
        CONSENTRY_SECRET: MASTER_SECRET,
        CONSENTRY_ADMIN_SECRET: ADMIN_SECRET,
        CONSENTRY_LOG_KEY: LOG_SEED,
        RATE_LIMIT: rateLimits ? "on" : "off",
        ...vars,
      },
      host: "127.0.0.1",
      port: 0,
      d1Databases: { ...options.d1Databases, ...Object.fromEntries(more) },
      d1Persist: join(home, "d1"),
      r2Persist: join(home, "r2"),
      kvPersist: join(home, "kv"),
      vectorize: Object.fromEntries(
        Object.entries(indexes).map(([name, url]) => [name, { index_name: name, remoteProxyConnectionString: url }]),
      ),
      cf,
      log: new Log(LogLevel.ERROR),
      handleRuntimeStdio(stdout, stderr) {
        keep(stdout);
        keep(stderr);
      },
    });
    await miniflare.ready;
    return { miniflare, workerd };
  } finally {
    childProcess.spawn = real;
  }
}

// As `wrangler d1 migrations apply` does it, in the same table, but in milliseconds.
async function migrate(database) {
  await database.exec(
    "CREATE TABLE IF NOT EXISTS d1_migrations (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)",
  );
  const { results } = await database.prepare("SELECT name FROM d1_migrations").all();
  const done = new Set(results.map(({ name }) => name));
  const folder = join(root, "worker/migrations");
  for (const name of (await readdir(folder)).filter((name) => name.endsWith(".sql") && !done.has(name)).sort()) {
    const text = await readFile(join(folder, name), "utf8");
    const note = database.prepare("INSERT INTO d1_migrations (name) VALUES (?)").bind(name);
    await database.batch([...statements(text).map((statement) => database.prepare(statement)), note]);
  }
}

async function databaseFile(home) {
  const files = await readdir(join(home, "d1"), { recursive: true });
  // Miniflare's own note of its objects lies beside it.
  const name = files.find((file) => file.endsWith(".sqlite") && !file.endsWith("metadata.sqlite"));
  return name === undefined ? undefined : join(home, "d1", name);
}
