// What the pages of `docs/` tell people to type, so that tests do it as it is written.

import { execFile, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

const exec = promisify(execFile);

/** The blocks of a language in a page, in order. */
export async function blocks(page, language) {
  const text = await readFile(new URL(`../../docs/${page}`, import.meta.url), "utf8");
  return [...text.matchAll(/^( *)```(\w*)\n([\s\S]*?)^ *```$/gm)]
    .filter(([, , of]) => of === language)
    .map(([, indent, , block]) => block.split("\n").map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line)).join("\n"));
}

/** The one block that holds a text. */
export async function block(page, language, text) {
  const found = (await blocks(page, language)).filter((block) => block.includes(text));
  if (found.length !== 1) throw new Error(`${found.length} ${language} blocks of ${page} hold ${text}`);
  return found[0];
}

/**
 * Runs commands in bash; what they printed. Addresses that are examples stand for others.
 *
 * @param {string} commands
 * @param {{ cwd?: string, env?: Record<string, string>, places?: Record<string, string> }} [options]
 */
export async function type(commands, { cwd, env = {}, places = {} } = {}) {
  const typed = ["-euo", "pipefail", "-c", meant(commands, places)];
  const { stdout, stderr } = await exec("bash", typed, { cwd, env: { ...process.env, ...env } });
  return { stdout, stderr, json: () => JSON.parse(stdout) };
}

/** Begins one command that goes on until somebody ends it; its process. */
export function begin(command, { cwd, env = {}, places = {} } = {}) {
  return spawn("bash", ["-euc", `exec ${meant(command, places)}`], { cwd, env: { ...process.env, ...env } });
}

function meant(commands, places) {
  return Object.entries(places).reduce((text, [example, real]) => text.replaceAll(example, real), commands);
}
