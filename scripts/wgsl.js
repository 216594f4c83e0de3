/**
 * The shaders of a build: without comments and needless spaces, every line in its place. So the line number of an error
 * message is that of the file under shaders/, and names read as they do there.
 */

import { readFileSync } from "node:fs";

/**
 * WGSL has no strings, so a comment is one wherever it begins. Block comments nest.
 *
 * @param {string} source
 * @returns {string}
 */
export function stripWgsl(source) {
  let out = "";
  let depth = 0;
  for (let at = 0; at < source.length;) {
    const two = source.slice(at, at + 2);
    if (depth === 0 && two === "//") {
      const end = source.indexOf("\n", at);
      at = end < 0 ? source.length : end;
    } else if (two === "/*") {
      depth++;
      at += 2;
    } else if (depth > 0 && two === "*/") {
      depth--;
      at += 2;
      if (depth === 0) out += " ";
    } else {
      if (depth === 0 || source[at] === "\n") out += source[at];
      at++;
    }
  }
  // A space goes at the ends of a line and where a word meets a sign. Between two signs it stays: `a - -b` is not `a--b`.
  return out.replace(/^[ \t\r]+|[ \t\r]+$|(?<=[\w.]) +(?=[^\w. ])|(?<=[^\w. ]) +(?=[\w.])/gm, "");
}

/**
 * For builds only: the tests and the development server give the shaders to the browser as they are.
 *
 * @returns {import("vite").Plugin}
 */
export function strippedWgsl() {
  const query = "?raw";
  return {
    name: "strip-wgsl",
    apply: "build",
    enforce: "pre",
    load: {
      filter: { id: /\.wgsl\?raw$/ },
      handler: (id) => `export default ${JSON.stringify(stripWgsl(readFileSync(id.slice(0, -query.length), "utf8")))};`,
    },
  };
}
