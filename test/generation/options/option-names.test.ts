/** Every name of Hugging Face's GenerationConfig is supported, or throws with a reason. None is ignored. */

import { readFileSync, readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { resolveConfig } from "../../../src/generation/options/resolve";
import { CALL_ONLY, NEUTRAL, SUPPORTED } from "../../../src/generation/options/option-names";
import { failureOf } from "../../support/node/failure";
import { toyInfo } from "../../support/shared/toy";

interface Names {
  transformers: string;
  names: Record<string, unknown>;
  arguments_of_generate: string[];
}

const file = JSON.parse(readFileSync("test/goldens/generation_config_names.json", "utf8")) as Names;
const names = [...Object.keys(file.names), ...file.arguments_of_generate];
const supported = new Set([...SUPPORTED, ...CALL_ONLY]);

/** Something that no name takes as "off". */
const asking = { asks: "for something" };

describe(`GenerationConfig of transformers ${file.transformers}`, () => {
  it("is the whole list", () => {
    expect(Object.keys(file.names).length).toBeGreaterThan(65);
  });

  it.each(names.filter((name) => !supported.has(name)))("%s throws with a reason", async (name) => {
    expect(Object.keys(NEUTRAL)).toContain(name);
    const { values, reason } = NEUTRAL[name];
    const error = await failureOf(() => resolveConfig({ [name]: asking }, {}, toyInfo));
    expect(error.code).toBe("unsupported_option");
    expect(error.message).toContain(name);
    expect(`${error.message} ${error.hint ?? ""}`).toContain(reason);
    for (const off of [...values, null]) resolveConfig({ [name]: off }, {}, toyInfo);
  });

  it.each(names.filter((name) => supported.has(name)))("%s is supported: a wrong value of it throws", async (name) => {
    const error = await failureOf(() => resolveConfig({ [name]: asking }, {}, toyInfo));
    expect(["invalid_option", "unsupported_option"]).toContain(error.code);
    expect(error.message).toContain(name);
  });

  it.each(Object.entries(file.names).filter(([, value]) => value !== null))(
    "%s may be what it is by default, %j",
    (name, value) => {
      resolveConfig({ [name]: value }, {}, toyInfo);
    },
  );

  it("each supported name is in a golden of transformers, or has a test of its own", () => {
    const goldens = ["generation", "families", "."].flatMap((folder) =>
      readdirSync(`test/goldens/${folder}`, { recursive: folder === "families", encoding: "utf8" })
        .filter((path) => path.endsWith(".json") && !path.includes("generation_config_names"))
        .map((path) => readFileSync(`test/goldens/${folder}/${path}`, "utf8")),
    );
    const text = goldens.join("\n");
    const ownTests = readdirSync("test/generation", { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".ts"))
      .map((path) => readFileSync(`test/generation/${path}`, "utf8"));
    const missing = names.filter(
      (name) =>
        supported.has(name) && !text.includes(`"${name}"`) && !ownTests.some((test) => test.includes(`${name}:`)),
    );
    expect(missing).toEqual([]);
  });
});
