/**
 * Which tokenizer a model's folder gets: as transformers' `AutoTokenizer` decides, by `tokenizer_class` of
 * tokenizer_config.json or config.json, else by `model_type`.
 */

import { ModelError } from "../../errors";
import { createBart } from "./bart";
import { createByT5 } from "./byt5";
import { createGeneric } from "./generic";
import { createM2M100 } from "./m2m100";
import { createMarian } from "./marian";
import { createMBart } from "./mbart";
import { createNllb } from "./nllb";
import { createT5 } from "./t5";
import { optionalFields, readSettings, type Fields, type Folder } from "../folder";
import { UnsupportedComponent } from "../pipeline/definition";
import type { Tokenizer } from "../tokenizer";

export { createTokenizer } from "./generic";

type Create = (folder: Folder, config: Fields) => Promise<Tokenizer>;

const families: Record<string, Create> = {
  MarianTokenizer: createMarian,
  M2M100Tokenizer: createM2M100,
  NllbTokenizer: createNllb,
  MBartTokenizer: (folder, config) => createMBart(folder, config, false),
  MBart50Tokenizer: (folder, config) => createMBart(folder, config, true),
  T5Tokenizer: createT5,
  MT5Tokenizer: createT5,
  ByT5Tokenizer: createByT5,
  BartTokenizer: createBart,
  RobertaTokenizer: createBart,
};

const byModelType: Record<string, string> = {
  marian: "MarianTokenizer",
  m2m_100: "M2M100Tokenizer",
  nllb: "NllbTokenizer",
  mbart: "MBartTokenizer",
  t5: "T5Tokenizer",
  mt5: "T5Tokenizer",
  byt5: "ByT5Tokenizer",
  bart: "BartTokenizer",
};

/** The tokenizer's class: "" where any tokenizer.json is taken as it is. */
export function tokenizerClass(config: Fields, modelConfig: Fields): string {
  const given = config.tokenizer_class ?? modelConfig.tokenizer_class;
  if (typeof given === "string") return given.replace(/Fast$/, "");
  return byModelType[String(modelConfig.model_type)] ?? "";
}

/**
 * @returns undefined where the folder has no tokenizer: none of its files is there
 * @throws ModelError `invalid_tokenizer`, `file_not_found` where part of one is missing
 */
export async function loadTokenizer(folder: Folder): Promise<Tokenizer | undefined> {
  const config = (await optionalFields(folder, "tokenizer_config.json")) ?? {};
  const name = tokenizerClass(config, folder.modelConfig);
  const create = Object.hasOwn(families, name) ? families[name] : undefined;
  if (!create) {
    const json = await optionalFields(folder, "tokenizer.json");
    return json && createGeneric(json, await readSettings(folder, config, json));
  }
  try {
    return await create(folder, config);
  } catch (error) {
    if (error instanceof UnsupportedComponent) {
      throw new ModelError("invalid_tokenizer", `tokenizer.json: ${error.message} does not belong to a ${name}.`);
    }
    if (error instanceof ModelError && error.code === "file_not_found" && !(await hasAny(folder))) return undefined;
    throw error;
  }
}

/** Whether there is part of a tokenizer. Asked only after a file was found missing. */
async function hasAny(folder: Folder): Promise<boolean> {
  for (const file of ["vocab.json", "source.spm", "spiece.model", "sentencepiece.bpe.model", "merges.txt"]) {
    if (await folder.bytes(file)) return true;
  }
  return false;
}
