// How many bytes a visitor or the platform loads: for each group of files given as NAME=FILE[,FILE…] one entry of a JSON
// array, with the files compressed one by one, as a server does it.

import { readFileSync } from "node:fs";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const best = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };

const sizes = process.argv.slice(2).map((word) => {
  const [artefact, files] = word.split("=", 2);
  const contents = files.split(",").map((file) => readFileSync(file));
  const sum = (size) => contents.reduce((total, bytes) => total + size(bytes), 0);
  return {
    artefact,
    raw: sum((bytes) => bytes.length),
    gzip: sum((bytes) => gzipSync(bytes, { level: 9 }).length),
    brotli: sum((bytes) => brotliCompressSync(bytes, best).length),
  };
});
console.log(JSON.stringify(sizes));
