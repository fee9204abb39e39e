// A QR code as elements of SVG.

import { correction, generate } from "/pages/core/lean-qr.mjs";

const SVG = "http://www.w3.org/2000/svg";
/** The light border that readers need (ISO/IEC 18004), in modules. */
const QUIET = 4;

function element(name, attributes, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/**
 * The code of a text.
 *
 * @param {string} text
 * @param {string} label what readers of screens say
 */
export function code(text, label) {
  // The least correction makes the largest modules, which matters more on a clean page than dirt on it.
  const modules = generate(text, { minCorrectionLevel: correction.L, maxCorrectionLevel: correction.L });
  const size = modules.size + 2 * QUIET;
  let path = "";
  for (let y = 0; y < modules.size; y += 1) {
    for (let x = 0; x < modules.size; x += 1) {
      const from = x;
      while (x < modules.size && modules.get(x, y)) x += 1;
      if (x > from) path += `M${from + QUIET} ${y + QUIET}h${x - from}v1h${from - x}z`;
    }
  }
  return element(
    "svg",
    { viewBox: `0 0 ${size} ${size}`, role: "img", "aria-label": label, "shape-rendering": "crispEdges" },
    element("rect", { width: size, height: size, fill: "#fff" }),
    element("path", { d: path, fill: "#000" }),
  );
}
