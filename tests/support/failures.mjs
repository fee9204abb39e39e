// A reporter for `node --test` of what failed and why, and of nothing else: a run of many files is long, and this is told at its end.

import { relative } from "node:path";
import { inspect } from "node:util";

export default async function* failures(events) {
  for await (const { type, data } of events) {
    // A file whose tests failed has no reason of its own.
    if (type !== "test:fail" || data.details.error.failureType === "subtestsFailed") continue;
    const { error } = data.details;
    yield `${relative(process.cwd(), data.file ?? "")}:${data.line}: ${data.name}\n${inspect(error.cause ?? error)}\n\n`;
  }
}
