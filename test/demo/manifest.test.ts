/** The manifest of the demo's model lists its files as they are, so that a page asks for nothing in vain. */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

const FOLDER = "demo/public/models/en-fr";

it("has size and hash of every file", () => {
  const { format, files } = JSON.parse(readFileSync(`${FOLDER}/attendant.json`, "utf8")) as {
    format: number;
    files: Record<string, unknown>;
  };
  expect(format).toBe(1);
  const found = readdirSync(FOLDER)
    .filter((name) => name !== "attendant.json")
    .map((name) => {
      const bytes = readFileSync(`${FOLDER}/${name}`);
      return [name, { size: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") }];
    });
  expect(files).toEqual(Object.fromEntries(found));
});
