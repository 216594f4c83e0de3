/** The public names and signatures are those of docs/api-report.md. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, inject, it } from "vitest";
import { apiReport } from "../../scripts/api-report.js";

const declarations = readFileSync(join(inject("consumer"), "node_modules/attendant/dist/index.d.ts"), "utf8");

describe("docs/api-report.md", () => {
  it("has the names and signatures of the package; after a change: npm run build && npm run api", () => {
    expect(apiReport(declarations).split("\n")).toEqual(readFileSync("docs/api-report.md", "utf8").split("\n"));
  });

  it("notices a change of a name, an option, a type and a default of none", () => {
    const report = apiReport(declarations);
    const change = (from: string, to: string) => {
      expect(declarations).toContain(from);
      return apiReport(declarations.replace(from, to));
    };
    expect(change("retries?: number;", "retry?: number;")).not.toBe(report);
    expect(change("retries?: number;", "retries: number;")).not.toBe(report);
    expect(change("export declare class Seq2Seq", "export declare class Model")).not.toBe(report);
    // What is said of a name is no part of it.
    expect(change("Default 3. */", "Default three. */")).toBe(report);
  });

  it("has every exported name, and no private member", () => {
    const report = apiReport(declarations);
    const names = [...declarations.matchAll(/^export (?:declare )?(?:class|interface|type|const|function) (\w+)/gm)];
    expect(names.length).toBeGreaterThan(50);
    for (const [, name] of names) expect(report).toContain(`\n## ${name}\n`);
    expect(report).not.toMatch(/^\s+private (?!constructor)/m);
  });
});
