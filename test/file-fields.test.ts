/**
 * docs/file-fields.md lists every field of transformers' configuration classes and of GenerationConfig, with what becomes of
 * it. The page is made here, of what the code does: `npx vitest run --project unit test/file-fields.test.ts -u` writes it.
 */

import { readFileSync } from "node:fs";
import { format, resolveConfig } from "prettier";
import { expect, test } from "vitest";
import { ModelError } from "../src/errors";
import { LEGACY_NAMES } from "../src/generation/options/config-file";
import { readFileFields } from "../src/generation/options/file-fields";
import { CALL_ONLY, NEUTRAL, SUPPORTED } from "../src/generation/options/option-names";
import { ConfigFields } from "../src/models/config-fields";
import { families } from "../src/engine/speech-part";
import { familyOf } from "../src/models/families/registry";
import { toyInfo } from "./support/shared/toy";

const PAGE = "docs/file-fields.md";
type Fields = Record<string, unknown>;
const { common, classes } = JSON.parse(readFileSync("test/goldens/config_fields.json", "utf8")) as {
  common: Fields;
  classes: Record<string, { fields: Fields; aliases: Record<string, string> }>;
};
const { names } = JSON.parse(readFileSync("test/goldens/generation_config_names.json", "utf8")) as { names: Fields };

/** Values of every type that an option has; one of them asks for something. */
const VALUES = [true, false, 2, 0.5, -1, "x", [2], [[2]], [[1, 2]], { a: 1 }];

function ofGeneration(name: string): string {
  const found = new Set<string>();
  for (const value of VALUES) {
    try {
      const { fields, unread } = readFileFields({ [name]: value, do_sample: true, num_beams: 2 }, "f", toyInfo);
      if (fields[name] !== undefined) found.add("honoured");
      else if (unread.some((text) => text.split(" ")[0] === name)) found.add("reported");
      else found.add("read over");
    } catch (error) {
      expect(error).toBeInstanceOf(ModelError);
      found.add("refused");
    }
  }
  if (name === "penalty_alpha" || name === "dola_layers") return "refused by the searches that it is for";
  return ["honoured", "refused", "reported"].find((kind) => found.has(kind)) ?? "read over";
}

/** What a family makes of a field of config.json. */
function ofConfig(type: string, name: string, value: unknown): string {
  const given = { ...common, ...classes[type].fields, model_type: type, [name]: value ?? 1 };
  // Some fields count only beside another one.
  const runs = [given, { ...given, share_encoder_decoder_embeddings: false }].map((all) => {
    const config = new ConfigFields(all);
    familyOf(config.fields, families).info(config.fields);
    return config;
  });
  // The positions of M2M100 leave padding out, whatever generation_config.json says.
  if (LEGACY_NAMES.includes(name) && name !== "pad_token_id") return "as in generation_config.json";
  if (runs.some((config) => config.wasRead(name))) return "honoured";
  return runs[0].unread(type, []).includes(name) ? "reported" : "read over";
}

async function page(): Promise<string> {
  const rows = (cells: string[][]) => cells.map((row) => `| ${row.join(" | ")} |`).join("\n");
  const generation = [...new Set([...Object.keys(names), ...SUPPORTED, ...CALL_ONLY, ...Object.keys(NEUTRAL)])].sort();
  const all = new Map<string, Map<string, string[]>>();
  for (const [type, { fields, aliases }] of Object.entries(classes)) {
    const given = {
      ...common,
      ...fields,
      ...Object.fromEntries(Object.entries(aliases).map(([a, n]) => [a, fields[n]])),
    };
    for (const [name, value] of Object.entries(given)) {
      const kinds = all.get(name) ?? new Map<string, string[]>();
      const kind = ofConfig(type, name, value);
      kinds.set(kind, [...(kinds.get(kind) ?? []), type]);
      all.set(name, kinds);
    }
  }
  const described = [...all]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, kinds]) => {
      const list = [...kinds].map(([kind, types]) => (kinds.size === 1 ? kind : `${kind}: ${types.join(", ")}`));
      return [`\`${name}\``, list.join("; ")];
    });
  const text = `# Every field of a model's files

Made by \`test/file-fields.test.ts\` of what the code does, for transformers 5.24. [files.md](files.md) says what the words mean and
describes the cases that need a sentence. A field that is not here is reported.

## config.json

${rows([["field", "what happens"], ["-", "-"], ...described])}

## generation_config.json

${rows([["field", "what happens"], ["-", "-"], ...generation.map((name) => [`\`${name}\``, ofGeneration(name)])])}
`;
  return format(text, { ...(await resolveConfig(PAGE)), parser: "markdown" });
}

test("docs/file-fields.md says what the code does", async () => {
  await expect(await page()).toMatchFileSnapshot(`../${PAGE}`);
});
