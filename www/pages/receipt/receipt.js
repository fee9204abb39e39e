// /receipt: opens a receipt from the fragment of the link, which browsers send to nobody, checks it on this device and says in plain
// words what it is. What a receipt proves is decided by the core (js/); here are only words and elements.

import init, { verifyReceipt } from "/pages/core/consentry.js";
import { code } from "./code.js";
import { show } from "./words.js";

const part = (id) => document.getElementById(id);
const PARTS = ["open", "decision", "proof", "keep"];

async function json(path) {
  const answer = await fetch(path, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

/** The signed text in what somebody pasted: a link, an answer of the API, or the text itself. */
function signed(text) {
  const found = /[\w-]{20,}\.[\w-]{20,}\.[\w-]{86}(?![\w-])/.exec(text);
  return found?.[0] ?? text.trim();
}

function verdict(text, kind) {
  part("verdict").textContent = text;
  part("verdict").className = kind;
}

function only(...ids) {
  for (const id of PARTS) part(id).hidden = !ids.includes(id);
}

async function keys() {
  // Loaded together and once: the module is asked for again only by a new page.
  const [jwks] = await Promise.all([json("/.well-known/jwks.json"), init()]);
  return jwks;
}

async function open() {
  const receipt = signed(decodeURIComponent(location.hash.slice(1)));
  if (receipt === "") {
    verdict("There is no receipt in this link.", "quiet");
    only("open");
    return;
  }
  verdict("Checking the receipt …", "quiet");
  let jwks;
  try {
    jwks = await keys();
  } catch {
    verdict("The keys to check this receipt can’t be reached. Connect to the internet and open the link again.", "trouble");
    only();
    return;
  }
  try {
    const verified = await verifyReceipt(receipt, jwks);
    verdict("This receipt is genuine: it was signed by this service, and nothing in it was changed.", "yes");
    await show(verified.receipt, part);
    link(receipt);
    part("proved").textContent = "";
    part("ask").onclick = () => prove(receipt, verified.receipt, jwks);
    only("decision", "proof", "keep");
  } catch (error) {
    const why = error.name === "ConsentryError" ? error.message : "it can’t be read";
    verdict(`This is not a genuine receipt of this service: ${why}.`, "trouble");
    only("open");
  }
}

function link(receipt) {
  const url = new URL(location.pathname, location.href);
  url.hash = receipt;
  part("link").href = url.href;
  part("signed").textContent = receipt;
  part("code").replaceChildren(code(url.href, "A code that holds the link of this receipt"));
}

/** Asks for the proof by the number of the place, and verifies it here. */
async function prove(receipt, { log, log_index: place }, jwks) {
  const say = (text, kind) => {
    part("proved").textContent = text;
    part("proved").className = kind;
  };
  say("Asking …", "quiet");
  // The name of a log ends in the number of its database and an id.
  const number = /\/log\/(\d+)\/[^/]*$/.exec(log)?.[1] ?? "0";
  try {
    const inclusion = await json(`/log/proof/inclusion/${place}?log=${number}`);
    const note = await fetch(`/log/checkpoint?log=${number}`);
    const proved = { receipt, inclusion, checkpoint: await note.text() };
    const { tree_size: size } = await verifyReceipt(proved, jwks);
    say(`Proved: it is one of the ${size} entries that the log has signed for.`, "yes");
  } catch (error) {
    if (error.name === "ConsentryError") say(`The proof does not hold: ${error.message}.`, "trouble");
    else say("The log has no proof yet. It comes within minutes of a decision; try again later.", "quiet");
  }
}

part("print").addEventListener("click", () => print());
part("open")
  .querySelector("form")
  .addEventListener("submit", (event) => {
    event.preventDefault();
    const text = signed(part("text").value);
    if (`#${text}` === location.hash) open();
    else location.hash = text;
  });
addEventListener("hashchange", open);
open();
