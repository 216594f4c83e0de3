/** What belongs to a family beside its code: goldens of every kind, the name of its class, and a place in the documentation. */

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { families } from "../../src/engine/speech-part";
import { modelTypeOf, modelTypes, speechTypes } from "../../src/models/families/registry";
import { familyNames, goldenTypes, readCheckpoint } from "../support/node/families";
import { vanillaNames } from "../support/node/vanilla";
import { opCases } from "../support/shared/op-cases";

const configs = new Map(familyNames.map((name) => [name, readCheckpoint(name).fields]));
const typesOf = (names: Iterable<string>): (string | undefined)[] =>
  Array.from(names, (name) => configs.get(name)?.model_type);

/** The header of a safetensors file. */
function namesIn(path: string): string[] {
  const file = readFileSync(path);
  const header = file.subarray(8, 8 + Number(file.readBigUInt64LE(0))).toString();
  return Object.keys(JSON.parse(header) as object);
}

const tied = JSON.parse(readFileSync("test/goldens/tied/tied.json", "utf8")) as { groups: { family: string }[] };

/** By the script that makes them. */
const GOLDENS = {
  "generation.py": typesOf(readdirSync("test/goldens/generation").map((file) => file.replace(/\.json$/, ""))),
  "captures.py": typesOf(namesIn("test/goldens/captures.safetensors").map((name) => name.split("/")[0])),
  "tied_names.py": tied.groups.map(({ family }) => family),
};

describe.each(goldenTypes)("%s", (type) => {
  test.each(Object.entries(GOLDENS))("has goldens of %s", (_script, types) => {
    expect(types).toContain(type);
  });

  test("is known by the class that its files name", () => {
    const named = [...configs.values()].filter(({ model_type, architectures }) => model_type === type && architectures);
    expect(named.length).toBeGreaterThan(0);
    for (const { architectures } of named) expect(modelTypeOf({ architectures })).toBe(type);
  });
});

test("the part of the package for sound has the families that the registry says", () => {
  expect(Object.keys(families).sort()).toEqual([...speechTypes].sort());
});

test("README.md names every model_type", () => {
  const readme = readFileSync("README.md", "utf8");
  expect([...modelTypes, ...speechTypes].filter((type) => !readme.includes(`\`${type}\``))).toEqual([]);
});

test("the pages count the checkpoints and the cases of operations as they are", () => {
  const promises = readFileSync("docs/promises.md", "utf8").replace(/\s+/g, " ");
  const checkpoints = `${familyNames.length} checkpoints`;
  expect(readFileSync("README.md", "utf8")).toContain(checkpoints);
  expect(promises).toContain(`${vanillaNames.length} checkpoints of \`nn.Transformer\` and ${familyNames.length} of`);
  const [, least] = /more than (\d+) operation cases/.exec(promises) ?? [];
  expect(opCases.length).toBeGreaterThan(Number(least));
});

test("docs/architecture.md names every file with a family", () => {
  const page = readFileSync("docs/architecture.md", "utf8");
  const folder = "src/models/families";
  const files = readdirSync(folder).filter((file) =>
    /^export const \w+(?:: Family = | = fairseqFamily\(| = family\()/m.test(readFileSync(`${folder}/${file}`, "utf8")),
  );
  expect(files.length).toBeGreaterThan(8);
  expect(files.filter((file) => !page.includes(`\`${file}\``))).toEqual([]);
});
