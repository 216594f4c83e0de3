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

/** What the names of a family's classes begin with in transformers, by `model_type`. */
const CLASSES: Readonly<Record<string, string>> = {
  Marian: "marian",
  Bart: "bart",
  MBart: "mbart",
  M2M100: "m2m_100",
  Pegasus: "pegasus",
  Blenderbot: "blenderbot",
  BlenderbotSmall: "blenderbot-small",
  PLBart: "plbart",
  Mvp: "mvp",
  T5: "t5",
  MT5: "mt5",
  UMT5: "umt5",
  Whisper: "whisper",
  Moonshine: "moonshine",
  MoonshineStreaming: "moonshine_streaming",
};

/** `model_type`, or what the first of `architectures` says: the UMT5 files of Google have no `model_type`. */
export function modelTypeOf(config: Record<string, unknown>): unknown {
  const { model_type, architectures } = config;
  if (model_type !== undefined && model_type !== null) return model_type;
  const [name] = Array.isArray(architectures) ? (architectures as unknown[]) : [];
  const pattern = /^(\w+?)(?:For[A-Z]\w*|MTModel|EncoderModel|Model)$/;
  const prefix = typeof name === "string" ? pattern.exec(name)?.[1] : undefined;
  return prefix !== undefined && Object.hasOwn(CLASSES, prefix) ? CLASSES[prefix] : undefined;
}

/** Families that read sound: a part of the package of their own has them. */
export const speechTypes: readonly string[] = ["whisper", "moonshine", "moonshine_streaming"];

/** @param others families that are not in every package's core */
export function familyOf(config: Record<string, unknown>, others: Readonly<Record<string, Family>> = {}): Family {
  const type = modelTypeOf(config);
  if (typeof type === "string" && Object.hasOwn(others, type)) return others[type];
  if (typeof type === "string" && Object.hasOwn(families, type)) return families[type];
  throw new ModelError(
    type === undefined ? "invalid_config" : "unsupported_model",
    `config.json: model_type is ${type === undefined ? "missing" : quote(type)}; supported: ${[...modelTypes, ...speechTypes].join(", ")}.`,
  );
}
