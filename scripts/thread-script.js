/**
 * The script of a thread, for the files of the package. pool.ts names it in the one form that bundlers know, and Vite is one: it
 * would put an address of its own there. The bundler of whoever uses the package shall find that form, so it is hidden from
 * ours, and the script is written beside the modules as it is.
 */

import { readFileSync } from "node:fs";
import { minifySync } from "vite";

const SCRIPT = new URL("../src/backends/wasm/thread.js", import.meta.url);
const NAMED = 'new URL("./thread.js", ';

/** @returns {import("vite").Plugin} */
export function threadScript() {
  return {
    name: "thread-script",
    enforce: "pre",
    transform: {
      filter: { id: /\/backends\/wasm\/pool\.ts$/ },
      handler(code) {
        if (!code.includes(NAMED))
          throw new Error("pool.ts does not name thread.js as scripts/thread-script.js expects.");
        // The minifier makes one text of the two again.
        return { code: code.replace(NAMED, 'new URL("./" + "thread.js", '), map: null };
      },
    },
    generateBundle() {
      const { code } = minifySync("thread.js", readFileSync(SCRIPT, "utf8"), { module: true });
      this.emitFile({ type: "asset", fileName: "thread.js", source: code });
    },
  };
}
