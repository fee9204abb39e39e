// Sources as a site would ship them: TypeScript, JSX and Vue's single-file components in one script.

import { readFile } from "node:fs/promises";
import { build } from "esbuild";
import { compileScript, parse } from "vue/compiler-sfc";

const vue = {
  name: "vue",
  setup({ onLoad }) {
    onLoad({ filter: /\.vue$/ }, async ({ path }) => {
      const { descriptor } = parse(await readFile(path, "utf8"), { filename: path });
      return { contents: compileScript(descriptor, { id: path, inlineTemplate: true }).content, loader: "ts" };
    });
  },
};

/** One script, by default an ES module for browsers, made as esbuild's options say. */
export async function bundle(options) {
  const { outputFiles } = await build({
    bundle: true,
    format: "esm",
    write: false,
    plugins: [vue],
    define: {
      "process.env.NODE_ENV": '"production"',
      __VUE_OPTIONS_API__: "false",
      __VUE_PROD_DEVTOOLS__: "false",
      __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: "false",
    },
    ...options,
  });
  return outputFiles[0].text;
}
