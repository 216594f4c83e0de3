/** The models of the demo: their manifests list the files as they are, and the page says their true size. */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const MODELS = "demo/public/models";
/** Lies beside what a load reads. */
const NOT_READ = ["CREDITS.txt", "LICENSE", "README.md", "preprocessor_config.json"];

const source = readFileSync("demo/shell/model-source.ts", "utf8");

describe.each(readdirSync(MODELS))("%s", (name) => {
  const folder = `${MODELS}/${name}`;
  const found = readdirSync(folder).map((file) => {
    const bytes = readFileSync(`${folder}/${file}`);
    return [file, { size: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") }] as const;
  });
  const total = (files: typeof found): number => files.reduce((sum, [, { size }]) => sum + size, 0);

  it("has size and hash of every file in its manifest", () => {
    const { format, files } = JSON.parse(readFileSync(`${folder}/attendant.json`, "utf8")) as {
      format: number;
      files: Record<string, unknown>;
    };
    expect(format).toBe(1);
    expect(files).toEqual(Object.fromEntries(found.filter(([file]) => file !== "attendant.json")));
  });

  it("is as large as the page says, to a tenth of a megabyte", () => {
    const [, said] = new RegExp(`/models/${name}/[^}]*?bytes: ([\\d_]+)`).exec(source)!;
    const read = total(found.filter(([file]) => !NOT_READ.includes(file)));
    expect((Number(said.replaceAll("_", "")) / 1e6).toFixed(1)).toBe((read / 1e6).toFixed(1));
  });

  it("fits static hosts: no file is larger than 25 MB, the folder at most 45 MB", () => {
    expect(Math.max(...found.map(([, { size }]) => size))).toBeLessThanOrEqual(25e6);
    expect(total(found)).toBeLessThanOrEqual(45e6);
  });

  it("says its licence", () => {
    expect(found.some(([file]) => /^(LICENSE|CREDITS)/.test(file))).toBe(true);
    expect(readFileSync(`${folder}/README.md`, "utf8")).toMatch(/licence/i);
  });
});
