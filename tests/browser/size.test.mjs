// What a visitor loads before the first banner: one file, in any language and either form no larger than the smallest rival's.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { brotliCompressSync } from "node:zlib";

const DIST = new URL("../../www/dist/", import.meta.url);
const MOST_BYTES = 13_000;

test("every script of the banner holds its bar", () => {
  const scripts = readdirSync(DIST).filter((name) => /^banner\..*\.js$|^banner\.js$/.test(name));
  assert.ok(scripts.length >= 70, scripts.join());
  const sizes = scripts.map((name) => [brotliCompressSync(readFileSync(new URL(name, DIST))).length, name]);
  assert.deepEqual(sizes.filter(([bytes]) => bytes > MOST_BYTES), []);
});
