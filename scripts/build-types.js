/**
 * Writes the type declarations of the library: one file, dist/index.d.ts, that imports nothing, so that every way of
 * resolving modules reads the same.
 */

import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { generateDtsBundle } from "dts-bundle-generator";

const fromRoot = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

const [text] = generateDtsBundle(
  // What the public names refer to must be public by name, too; test/package/declarations.test.ts finds what is not.
  [{ filePath: fromRoot("src/index.ts"), output: { noBanner: true, exportReferencedTypes: false } }],
  { preferredConfigPath: fromRoot("tsconfig.build.json") },
);
// The comment at the top of a source file would stand before the comment of its first declaration.
const withoutHeaders = text.replace(/\/\*\*(?:(?!\*\/)[^])*\*\/\s*(?=\/\*\*)/g, "");
writeFileSync(fromRoot("dist/index.d.ts"), withoutHeaders);
