// A model of an index of Vectorize, because Cloudflare's own can't be had on one's own machine. The client is the real one, workerd's;
// it reaches this over HTTP. Like Cloudflare's the model does what it is asked to only later, without saying when, finds vectors by
// id alone, and refuses a call to remove with too many ids as a whole. Of how many it gives at once no limit is known; the model refuses more than the
// edge means to ask for.

import { once } from "node:events";
import { createServer } from "node:http";

const MOST = { deleteByIds: 100, getByIds: 20 };

/**
 * Starts an index on a free port of 127.0.0.1.
 *
 * @param {object} [options]
 * @param {number} [options.delay] after how many ms it does what it was asked to
 */
export async function startIndex({ delay = 0 } = {}) {
  const index = {
    /** The ids that are in it. */
    ids: new Set(),
    /** What it was asked: operation and ids. */
    calls: [],
    /** Whether it answers at all. */
    up: true,
  };

  const answers = {
    getByIds: (ids) => ids.filter((id) => index.ids.has(id)).map((id) => ({ id, values: [0.5, 0.25], metadata: { id } })),
    deleteByIds: (ids) => {
      setTimeout(() => ids.forEach((id) => index.ids.delete(id)), delay);
      return { mutationId: crypto.randomUUID() };
    },
  };

  const server = createServer(async (request, response) => {
    const say = (status, body) => response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
    const body = Buffer.concat(await request.toArray());
    if (!index.up) return say(503, { code: 10000, error: "the index is away" });
    // Miniflare also asks for a socket, over which calls of a client of a later kind would come.
    const asked = request.headers["mf-url"];
    if (asked === undefined) return say(404, {});
    const operation = new URL(asked).pathname.slice(1);
    const { ids } = JSON.parse(body);
    index.calls.push([operation, ids]);
    if (ids.length > MOST[operation]) {
      return say(400, { code: 40007, error: `too many ids in payload; max id count is ${MOST[operation]}, got ${ids.length}` });
    }
    return say(200, answers[operation](ids));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return Object.assign(index, { url: new URL(`http://127.0.0.1:${server.address().port}`), stop: () => server.close() });
}
