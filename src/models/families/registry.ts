/** `model_type` of config.json -> family. Adding a family is one file and one line here. */

import { ModelError, quote } from "../../errors";
import { bart, mbart } from "./bart";
import { m2m100 } from "./m2m100";
import { marian } from "./marian";
import type { Family } from "../model";
import { mt5, t5, umt5 } from "./t5";
import { transformer } from "./transformer";

const families: Readonly<Record<string, Family>> = {
  transformer,
  marian,
  bart,
  mbart,
  m2m_100: m2m100,
  t5,
  mt5,
  umt5,
};

export function familyOf(config: Record<string, unknown>): Family {
  const type = config.model_type;
  if (typeof type === "string" && Object.hasOwn(families, type)) return families[type];
  throw new ModelError(
    type === undefined ? "invalid_config" : "unsupported_model",
    `config.json: model_type is ${type === undefined ? "missing" : quote(type)}; supported: ${Object.keys(families).join(", ")}.`,
  );
}
