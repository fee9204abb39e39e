// Registering a notice: gives the Worker the words of which a decision named the hash, so that an auditor can read them.
import { notices } from './notice.js';

/** Sends what belongs to decisions that were recorded. If it doesn't arrive, the next decision with these words asks for it again. */
export async function register({ api }, { anonymous, notice }) {
  const body = notices[notice.hash];
  // Decisions of an earlier page arrived only now, and its words went with it.
  if (!body) return;
  const answer = await fetch(`${api}/notices/${notice.hash}`, {
    method: 'PUT',
    headers: {
      'Content-Type': 'application/octet-stream',
      'Consentry-Site': anonymous.site,
      'Consentry-Secret': anonymous.secret,
    },
    body,
    credentials: 'omit',
    keepalive: true,
  });
  // A request whose answer nobody reads is not over.
  await answer.text();
}
