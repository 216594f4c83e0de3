/**
 * The public names of the package with their signatures, without comments: docs/api-report.md. `npm run api` writes it after a build, and
 * `npm test` compares it with what the package declares, so that a change of the API is seen in review.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import process from "node:process";
import ts from "typescript";

const HEADER = `# The public names

Every name that the package exports, with its signature: what a semantic version promises. \`npm run build && npm run api\` writes this page, and
\`npm test\` compares it with the package. What the names mean stands in the declarations, and \`npm run docs\` makes pages of them.

`;

/** Members that are no part of the API. */
const isHidden = (node) =>
  (ts.getCombinedModifierFlags(node) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) !== 0;

/**
 * @param {string} declarations the text of dist/index.d.ts
 * @returns {string} the page
 */
export function apiReport(declarations) {
  const file = ts.createSourceFile("index.d.ts", declarations, ts.ScriptTarget.ES2022, true);
  const printer = ts.createPrinter({ removeComments: true });
  const withoutHidden = (context) => {
    const visit = (node) => {
      if (ts.isClassElement(node) && isHidden(node) && !ts.isConstructorDeclaration(node)) return undefined;
      return ts.visitEachChild(node, visit, context);
    };
    return visit;
  };
  const named = file.statements.flatMap((statement) => {
    if (ts.isExportDeclaration(statement)) return [];
    const [first] = statement.declarationList?.declarations ?? [statement];
    const { transformed } = ts.transform(statement, [withoutHidden]);
    return [[first.name?.getText() ?? "", printer.printNode(ts.EmitHint.Unspecified, transformed[0], file)]];
  });
  // By name, and in the order of the file where there are several declarations of one.
  named.sort(([a], [b]) => (a < b ? -1 : Number(a > b)));
  const sections = named.map(([name, text]) => `## ${name}\n\n\`\`\`typescript\n${text}\n\`\`\`\n`);
  return HEADER + sections.join("\n");
}

const [, script] = process.argv;
if (script === fileURLToPath(import.meta.url)) {
  const at = (path) => new URL(`../${path}`, import.meta.url);
  writeFileSync(at("docs/api-report.md"), apiReport(readFileSync(at("dist/index.d.ts"), "utf8")));
}
