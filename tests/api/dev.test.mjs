// `cargo xtask dev` as a person uses it: it serves, it says where, and Ctrl-C ends everything it started.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { call } from "../support/client.mjs";

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** The processes, by id, whose environment carries this mark. */
async function marked(mark) {
  const ids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const has = async (id) => (await readFile(`/proc/${id}/environ`, "utf8").catch(() => "")).includes(mark);
  const found = await Promise.all(ids.map(async (id) => ((await has(id)) ? id : undefined)));
  return found.filter((id) => id !== undefined);
}

// Processes are found as Linux shows them.
const options = { skip: process.platform !== "linux" };

test("dev serves the demo, the API and its description, and Ctrl-C ends all of it", options, async () => {
  const state = await mkdtemp(join(tmpdir(), "consentry-dev-"));
  after(() => rm(state, { recursive: true, force: true }));
  const mark = `CONSENTRY_TEST_MARK=${state}`;
  const port = await freePort();
  const dev = spawn("cargo", ["xtask", "dev", "--port", String(port), "--state", state, "--fresh"], {
    env: { ...process.env, CONSENTRY_TEST_MARK: state },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = [];
  for (const stream of [dev.stdout, dev.stderr]) stream.on("data", (chunk) => output.push(String(chunk)));
  const ended = once(dev, "exit");
  after(() => dev.kill("SIGKILL"));

  let about;
  while (about === undefined) {
    assert.equal(dev.exitCode, null, output.join(""));
    about = await readFile(join(state, "dev.json"), "utf8").then(JSON.parse, () => undefined);
    await sleep(100);
  }
  assert.deepEqual(Object.keys(about).sort(), ["api_key", "site", "url"]);
  assert.equal(about.url, `http://127.0.0.1:${port}`);
  for (const path of ["/", "/docs/", "/openapi.json", "/banner.js", "/healthz"]) {
    assert.equal((await call(about.url, "GET", path)).status, 200, path);
  }
  const granted = await call(about.url, "POST", "/consent/grant", {
    key: about.api_key,
    body: { user_id: "u1", purpose: "analytics" },
  });
  assert.equal(granted.status, 201, granted.text);
  while (!output.join("").includes(about.api_key)) await sleep(100);
  for (const shown of [about.url, about.site]) assert.ok(output.join("").includes(shown), shown);

  assert.ok((await marked(mark)).length > 1, "it started others");
  dev.kill("SIGINT");
  await ended;
  assert.deepEqual(await marked(mark), []);
});
