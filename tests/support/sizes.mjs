// How many bytes a visitor or the platform loads: for each group of files given as NAME=FILE[,FILE…] one entry of a JSON
// array, with the files compressed one by one, as a server does it. In the place of a file may stand a pattern with one `*`: then
// the largest of those that there are.

import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const best = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };

function largest(pattern) {
  const [start, end] = pattern.split("*");
  const names = readdirSync(dirname(pattern)).map((name) => join(dirname(pattern), name));
  const found = names.filter((name) => name.startsWith(start) && name.endsWith(end)).map((name) => readFileSync(name));
  return found.reduce((one, other) => (brotliCompressSync(other, best).length > brotliCompressSync(one, best).length ? other : one));
}

const sizes = process.argv.slice(2).map((word) => {
  const [artefact, files] = word.split("=", 2);
  const contents = files.split(",").map((file) => (file.includes("*") ? largest(file) : readFileSync(file)));
  const sum = (size) => contents.reduce((total, bytes) => total + size(bytes), 0);
  return {
    artefact,
    raw: sum((bytes) => bytes.length),
    gzip: sum((bytes) => gzipSync(bytes, { level: 9 }).length),
    brotli: sum((bytes) => brotliCompressSync(bytes, best).length),
  };
});
console.log(JSON.stringify(sizes));
