/** What the declarations of the package say: everything public has a name and a comment, every option its default. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, inject, it } from "vitest";

const text = readFileSync(join(inject("consumer"), "node_modules/attendant/dist/index.d.ts"), "utf8");
const file = ts.createSourceFile("index.d.ts", text, ts.ScriptTarget.ES2022, true);

type Declaration = ts.Statement & { name?: ts.Identifier };
const isPublic = (node: ts.Node): boolean =>
  !(ts.getCombinedModifierFlags(node as ts.Declaration) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected));
const isExported = (node: ts.Node): boolean =>
  (ts.getCombinedModifierFlags(node as ts.Declaration) & ts.ModifierFlags.Export) !== 0;

const declarations = (file.statements as ts.NodeArray<Declaration>).filter((node) => !ts.isExportDeclaration(node));
const nameOf = (node: { name?: ts.Node }): string => node.name?.getText() ?? "constructor";

/** The comment that an editor shows. */
function commentOf(node: ts.Node): string {
  const [doc] = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc).slice(-1);
  return (
    doc
      ?.getText()
      .replace(/^\/\*\*|\*\/$|^\s*\*/gm, "")
      .trim() ?? ""
  );
}

interface Member {
  path: string;
  comment: string;
  optional: boolean;
}

/** The public members of a declaration, and those of the object types in it. */
function membersOf(node: ts.Node, path: string): Member[] {
  const found: Member[] = [];
  ts.forEachChild(node, (child) => {
    if (ts.isParameter(child) || ts.isTypeParameterDeclaration(child)) return;
    if ((ts.isClassElement(child) || ts.isTypeElement(child)) && isPublic(child)) {
      // A private constructor is filtered above; a call signature has its comment where it stands.
      const inner = `${path}.${nameOf(child)}`;
      const optional = ts.isPropertySignature(child) && child.questionToken !== undefined;
      found.push({ path: inner, comment: commentOf(child), optional }, ...membersOf(child, inner));
    } else if (!ts.isClassElement(child)) {
      found.push(...membersOf(child, path));
    }
  });
  return found;
}

const members = declarations.flatMap((node) => membersOf(node, nameOf(node)));
/** Options of a call, which may be left out. What comes back may be absent, too, but has no default. */
const isOption = ({ path, optional }: Member): boolean =>
  optional && /^(\w*Options|\w*Config|ForwardInput|HubSource)\.\w+$/.test(path);

describe("dist/index.d.ts", () => {
  it("imports nothing and says nothing of the whole page's types", () => {
    const code = text.replace(/\/\*[^]*?\*\//g, "");
    expect(code).not.toMatch(/^import |\bimport\(|\/\/\/|declare global|declare module/m);
    // WebGPU is not in every compiler's libraries.
    expect(code).not.toMatch(/\bGPU[A-Z]/);
  });

  it("exports by name everything that a public signature names", () => {
    expect(declarations.filter((node) => !isExported(node)).map(nameOf)).toEqual([]);
  });

  it("has a comment for everything that is exported", () => {
    expect(declarations.length).toBeGreaterThan(30);
    expect(declarations.filter((node) => commentOf(node) === "" && !isMerged(node)).map(nameOf)).toEqual([]);
  });

  it("has a comment for every member of everything that is exported", () => {
    expect(members.length).toBeGreaterThan(150);
    expect(members.filter(({ comment }) => comment === "").map(({ path }) => path)).toEqual([]);
  });

  it("has the default of every option", () => {
    const options = members.filter(isOption);
    expect(options.length).toBeGreaterThan(60);
    expect(options.filter(({ comment }) => !/\bdefaults?\b/i.test(comment)).map(({ path }) => path)).toEqual([]);
  });

  it("speaks the words of the public names only", () => {
    const names = new Set([...declarations.map(nameOf), ...members.map(({ path }) => path.replace(/.*\./, ""))]);
    const links = [...text.matchAll(/\{@link (\w+)\}/g)].map(([, name]) => name);
    expect(links.filter((name) => !names.has(name))).toEqual([]);
  });
});

/** Whether another declaration of the same name carries the comment: an interface that adds to a class. */
function isMerged(node: Declaration): boolean {
  return declarations.some((other) => other !== node && nameOf(other) === nameOf(node) && commentOf(other) !== "");
}
