/** `model_type` of config.json -> family. Adding a family is one file and one line here. */

import { ModelError } from "../errors";
import type { Family } from "./model";
import { transformer } from "./transformer";

const families: Readonly<Record<string, Family>> = {
  transformer,
};

export function familyOf(config: Record<string, unknown>): Family {
  const type = config.model_type;
  if (typeof type === "string" && Object.hasOwn(families, type)) return families[type];
  throw new ModelError(
    type === undefined ? "invalid_config" : "unsupported_model",
    `config.json: model_type is ${JSON.stringify(type) ?? "missing"}; supported: ${Object.keys(families).join(", ")}.`,
  );
}
