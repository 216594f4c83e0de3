/** The fields of transformers' configuration classes, as config_fields.py lists them, against what is read here. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { LEGACY_NAMES } from "../../src/generation/options/config-file";
import { ConfigFields } from "../../src/models/config-fields";
import { families } from "../../src/engine/speech-part";
import { familyOf, modelTypes, speechTypes } from "../../src/models/families/registry";

type Fields = Record<string, unknown>;
const { common, classes } = JSON.parse(readFileSync("test/goldens/config_fields.json", "utf8")) as {
  common: Fields;
  classes: Record<string, { fields: Fields; aliases: Record<string, string> }>;
};

test("every family of transformers is there", () => {
  expect(Object.keys(classes).sort()).toEqual(
    [...modelTypes, ...speechTypes].filter((name) => name !== "transformer").sort(),
  );
});

test.each(Object.entries(classes))(
  "%s: every field is read or known to mean nothing, other names too",
  (type, { fields, aliases }) => {
    const named = Object.fromEntries(Object.entries(aliases).map(([alias, name]) => [alias, fields[name]]));
    const all = { ...common, ...fields, ...named, model_type: type };
    const config = new ConfigFields(all);
    familyOf(all, families).info(config.fields);
    expect(config.unread(type, LEGACY_NAMES)).toEqual([]);
  },
);

test.each(Object.entries(classes))("%s: what a file leaves out has the default of the class", (type, { fields }) => {
  // What a family counts with is a function.
  const of = (config: Fields): unknown => JSON.parse(JSON.stringify(familyOf(config, families).info(config)));
  expect(of({ model_type: type })).toEqual(of({ ...common, ...fields, model_type: type }));
});

test("a field that no class has is reported", () => {
  const config = new ConfigFields({ ...classes.bart.fields, model_type: "bart", rope_theta: 1 });
  familyOf({ model_type: "bart" }).info(config.fields);
  expect(config.unread("bart", LEGACY_NAMES)).toEqual(["rope_theta"]);
});
