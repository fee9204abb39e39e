// /receipt: opens a receipt from the fragment of the link, which browsers send to nobody, checks it on this device and says in plain
// words what it is. What a receipt proves is decided by the core (js/); here are only words and elements. Once the page is there it
// needs the network for nothing but the log's proof.

import init, { verifyReceipt } from '/pages/core/consentry.js';
import { focus, number, readWords, say, speak } from '../page.js';
import { code } from './code.js';
import { show } from './words.js';

const part = (id) => document.getElementById(id);
const PARTS = ['open', 'decision', 'proof', 'keep'];

/** What is said of a receipt that is none, by the core's code for what is wrong with it (`src/receipt.rs`, `src/jws.rs`). */
const WRONG = {
  jws_malformed: 'receipt_unreadable',
  jws_type: 'receipt_unreadable',
  receipt_fields: 'receipt_unreadable',
  jws_unknown_key: 'receipt_foreign',
  jws_unsupported: 'receipt_foreign',
  jws_forged: 'receipt_changed',
  receipt_leaf: 'receipt_changed',
};

class Unreached extends Error {}

async function json(path) {
  let answer;
  try {
    answer = await fetch(path, { headers: { Accept: 'application/json' } });
  } catch (reason) {
    throw new Unreached(`${path}: ${reason}`);
  }
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

/** The signed text in what somebody pasted: a link, an answer of the API, or the text itself. */
function signed(text) {
  const found = /[\w-]{20,}\.[\w-]{20,}\.[\w-]{86}(?![\w-])/.exec(text);
  return found?.[0] ?? text.trim();
}

/** The signed text in the address. */
function linked() {
  const text = location.hash.slice(1);
  try {
    return signed(decodeURIComponent(text));
  } catch {
    return signed(text);
  }
}

function verdict(name, kind) {
  part('verdict').textContent = say(name);
  part('verdict').className = kind;
}

function only(...ids) {
  for (const id of PARTS) part(id).hidden = !ids.includes(id);
}

/** Ties what is wrong to the field that it was pasted into, or unties it. */
function blame(on) {
  const field = part('text');
  field.setAttribute('aria-describedby', on ? 'verdict paste' : 'paste');
  if (on) field.setAttribute('aria-invalid', 'true');
  else field.removeAttribute('aria-invalid');
}

let known;

/** The keys of this service, with the core that checks by them: once they are there they stay. */
function keys() {
  known ??= Promise.all([json('/.well-known/jwks.json'), init()]).then(([jwks]) => jwks);
  known.catch(() => (known = undefined));
  return known;
}

let turn = 0;

/** Opens what the address holds; `pasted` says whether somebody has just put it into the form. */
async function open(pasted) {
  const mine = ++turn;
  const receipt = linked();
  blame(false);
  verdict('receipt_checking', 'quiet');
  let jwks;
  try {
    jwks = await keys();
  } catch (reason) {
    console.warn(`consentry: ${reason}`);
    if (mine !== turn) return;
    verdict('offline', 'trouble');
    return only();
  }
  if (receipt === '') {
    verdict('receipt_none', 'quiet');
    return only('open');
  }
  let verified;
  let wrong;
  try {
    verified = await verifyReceipt(receipt, jwks);
  } catch (error) {
    console.warn(`consentry: ${error.message}`);
    wrong = WRONG[error.code] ?? 'receipt_browser';
  }
  if (mine !== turn) return;
  if (wrong) {
    verdict(wrong, 'trouble');
    only('open');
    blame(true);
    if (pasted) part('text').focus();
    return;
  }
  show(verified.receipt, part);
  link(receipt);
  part('proved').textContent = '';
  part('ask').onclick = () => prove(receipt, verified.receipt, jwks);
  only('decision', 'proof', 'keep');
  verdict('receipt_genuine', 'yes');
  // The form that had the focus is gone.
  if (pasted) focus(part('verdict'));
}

function link(receipt) {
  const url = new URL(location.pathname, location.href);
  url.hash = receipt;
  part('link').href = url.href;
  part('signed').textContent = receipt;
  part('code').replaceChildren(code(url.href, say('receipt_code')));
}

/** Asks for the proof by the number of the place, and verifies it here. */
async function prove(receipt, { log, log_index: place }, jwks) {
  const mine = turn;
  const told = (text, kind) => {
    if (mine !== turn) return;
    part('proved').textContent = text;
    part('proved').className = kind;
  };
  told(say('loading'), 'quiet');
  // The name of a log ends in the number of its database and an id.
  const database = /\/log\/(\d+)\/[^/]*$/.exec(log)?.[1] ?? '0';
  try {
    const inclusion = await json(`/log/proof/inclusion/${place}?log=${database}`);
    const note = await fetch(`/log/checkpoint?log=${database}`);
    const proved = { receipt, inclusion, checkpoint: await note.text() };
    const { tree_size: size } = await verifyReceipt(proved, jwks);
    told(say('proof_holds', { size: number(size) }), 'yes');
  } catch (error) {
    console.warn(`consentry: ${error.message}`);
    if (error.name === 'ConsentryError') told(say('proof_fails'), 'trouble');
    else told(say(error instanceof Unreached ? 'offline' : 'proof_none'), 'quiet');
  }
}

part('print').addEventListener('click', () => print());
let submitted = false;
part('open')
  .querySelector('form')
  .addEventListener('submit', (event) => {
    event.preventDefault();
    const text = signed(part('text').value);
    submitted = true;
    if (`#${encodeURI(text)}` === location.hash) follow();
    else location.hash = text;
  });

function follow() {
  const pasted = submitted;
  submitted = false;
  open(pasted);
}

addEventListener('hashchange', follow);
// What a link without network left undone.
addEventListener('online', () => known ?? follow());

readWords(new URLSearchParams(location.search).get('lang')).then(() => {
  speak('receipt_title');
  open();
});
