/** `model_type` of config.json -> family. Adding a family is one file and one line here. */

import { ModelError, quote } from "../../errors";
import { bart, mvp, plbart } from "./bart";
import { blenderbot, blenderbotSmall } from "./blenderbot";
import { m2m100 } from "./m2m100";
import { marian } from "./marian";
import { mbart } from "./mbart";
import type { Family } from "../model";
import { pegasus } from "./pegasus";
import { mt5, t5, umt5 } from "./t5";
import { transformer } from "./transformer";

const families: Readonly<Record<string, Family>> = {
  transformer,
  marian,
  bart,
  mbart,
  m2m_100: m2m100,
  pegasus,
  blenderbot,
  "blenderbot-small": blenderbotSmall,
  plbart,
  mvp,
  t5,
  mt5,
  umt5,
};

/** What `model_type` may be. */
export const modelTypes: readonly string[] = Object.keys(families);

export function familyOf(config: Record<string, unknown>): Family {
  const type = config.model_type;
  if (typeof type === "string" && Object.hasOwn(families, type)) return families[type];
  throw new ModelError(
    type === undefined ? "invalid_config" : "unsupported_model",
    `config.json: model_type is ${type === undefined ? "missing" : quote(type)}; supported: ${modelTypes.join(", ")}.`,
  );
}
