// A real Chromium for the browser tests.

import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

// Without a sandbox because CI is root, without what a browser asks its maker for, because a test asks only its own server.
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Starts the browser that `cargo xtask test` found (variable CHROMIUM), or one in a usual place. */
export async function launchChromium(options = {}) {
  const executablePath = process.env.CHROMIUM ?? PLACES.find((place) => existsSync(place));
  return chromium.launch({ executablePath, args: FLAGS, ...options });
}
