// Signing in: tells the Worker that this visitor is the person for whom the site's backend signed a token.

/** How long decisions that are still on their way are waited for, because only what has arrived is joined. */
const PATIENCE_MS = 5_000;

/** Joins the two: the Worker's answer, or null where there is no decision to join. Rejects with the Worker's reason. `waits` says
 * whether a decision is on its way. */
export async function link({ api, site, store }, waits, token) {
  const secret = store.known();
  if (!secret) return null;
  if (waits()) await delivered();
  const response = await fetch(`${api}/identity/link`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ anonymous: { site, secret } }),
    credentials: 'omit',
  });
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const { detail = `The Worker answered ${response.status}.`, code } = answer;
  throw Object.assign(new Error(detail), { code, status: response.status });
}

const delivered = () =>
  new Promise((resolve) => {
    for (const name of ['recorded', 'refused']) document.addEventListener(`consentry:${name}`, resolve, { once: true });
    setTimeout(resolve, PATIENCE_MS);
  });
