/**
 * Which tokenizer a model's folder gets: as transformers' `AutoTokenizer` decides, by `tokenizer_class` of
 * tokenizer_config.json or config.json, else by `model_type`. Adding a family is one file and one or two lines here.
 */

import { ModelError, quote } from "../../errors";
import { createBart } from "./bart";
import { createBert } from "./bert";
import { createByT5 } from "./byt5";
import { createBlenderbot } from "./blenderbot";
import { createBlenderbotSmall } from "./blenderbot-small";
import { createGeneric } from "./generic";
import { createGpt2 } from "./gpt2";
import { createM2M100 } from "./m2m100";
import { createMarian } from "./marian";
import { createMBart } from "./mbart";
import { createNllb } from "./nllb";
import { createPegasus } from "./pegasus";
import { createPLBart } from "./plbart";
import { createT5 } from "./t5";
import { createWhisper } from "./whisper";
import { createBarthez, createCamembert, createXlmRoberta } from "./xlm-roberta";
import { optionalFields, readSettings, type Fields, type Folder } from "../folder";
import { pairOf, withPair } from "../pairs";
import type { Tokenizer } from "../tokenizer";

export { createTokenizer } from "./generic";
export { contradicts } from "../pairs";

type Create = (folder: Folder, config: Fields) => Promise<Tokenizer>;

const families: Readonly<Record<string, Create>> = {
  MarianTokenizer: createMarian,
  M2M100Tokenizer: createM2M100,
  NllbTokenizer: createNllb,
  MBartTokenizer: (folder, config) => createMBart(folder, config, false),
  MBart50Tokenizer: (folder, config) => createMBart(folder, config, true),
  T5Tokenizer: createT5,
  ByT5Tokenizer: createByT5,
  BartTokenizer: createBart,
  PegasusTokenizer: createPegasus,
  BlenderbotTokenizer: createBlenderbot,
  BlenderbotSmallTokenizer: createBlenderbotSmall,
  PLBartTokenizer: createPLBart,
  GPT2Tokenizer: createGpt2,
  BertTokenizer: createBert,
  XLMRobertaTokenizer: createXlmRoberta,
  CamembertTokenizer: createCamembert,
  BarthezTokenizer: createBarthez,
  WhisperTokenizer: createWhisper,
};

/** Names that transformers has for one class. */
const aliases: Readonly<Record<string, string>> = {
  RobertaTokenizer: "BartTokenizer",
  MvpTokenizer: "BartTokenizer",
  LEDTokenizer: "BartTokenizer",
  LongformerTokenizer: "BartTokenizer",
};

/** The class that takes tokenizer.json as it is. */
const BACKEND = "TokenizersBackend";

const byModelType: Readonly<Record<string, string>> = {
  marian: "MarianTokenizer",
  m2m_100: "M2M100Tokenizer",
  nllb: "NllbTokenizer",
  mbart: "MBartTokenizer",
  t5: "T5Tokenizer",
  mt5: "T5Tokenizer",
  umt5: BACKEND,
  byt5: "ByT5Tokenizer",
  bart: "BartTokenizer",
  mvp: "BartTokenizer",
  pegasus: "PegasusTokenizer",
  blenderbot: "BlenderbotTokenizer",
  "blenderbot-small": "BlenderbotSmallTokenizer",
  plbart: "PLBartTokenizer",
  led: "BartTokenizer",
  longformer: "BartTokenizer",
  roberta: "BartTokenizer",
  gpt2: "GPT2Tokenizer",
  bert: "BertTokenizer",
  "xlm-roberta": "XLMRobertaTokenizer",
  camembert: "CamembertTokenizer",
  whisper: "WhisperTokenizer",
};

/**
 * Classes of transformers without a family here that take the vocabulary from tokenizer.json and nothing else: normalizer, pre-tokenizer
 * and the rest are their own. Any other class takes the file as it is.
 */
const REBUILT = new Set(
  (
    "Albert BigBird CodeGen CodeLlama Cohere Deberta DebertaV2 Funnel Gemma GPTNeoX Herbert Llama Luke MLuke MPNet Nougat OpenAIGPT " +
    "Qwen2 Reformer RemBert SeamlessM4T Splinter Udop XGLM XLNet"
  )
    .split(" ")
    .map((name) => `${name}Tokenizer`),
);

/** The tokenizer classes that have a family here. */
export const tokenizerClasses: readonly string[] = Object.keys(families);

const entry = <T>(table: Readonly<Record<string, T>>, key: unknown): T | undefined =>
  typeof key === "string" && Object.hasOwn(table, key) ? table[key] : undefined;

function givenClass(config: Fields, modelConfig: Fields): string | undefined {
  const given = config.tokenizer_class ?? modelConfig.tokenizer_class;
  if (typeof given !== "string") return undefined;
  const name = given.replace(/Fast$/, "");
  return entry(aliases, name) ?? name;
}

/** The tokenizer's class: the one that the files name, unless the model type is known to take tokenizer.json as it is. */
export function tokenizerClass(config: Fields, modelConfig: Fields): string {
  const registered = entry(byModelType, modelConfig.model_type);
  if (registered === BACKEND) return BACKEND;
  return givenClass(config, modelConfig) ?? registered ?? BACKEND;
}

/**
 * @param onUnread gets one message where the folder has files of a tokenizer that nothing here reads, or reads in another way: which, and why
 * @returns undefined where the folder has no tokenizer that is read
 * @throws ModelError `invalid_tokenizer`, `file_not_found` where part of one is missing
 */
export async function loadTokenizer(
  folder: Folder,
  onUnread?: (message: string) => void,
): Promise<Tokenizer | undefined> {
  const config = (await optionalFields(folder, "tokenizer_config.json")) ?? {};
  const tokenizer = await createFor(folder, config, onUnread);
  if (!tokenizer) return undefined;
  const side = config.truncation_side === "left" ? { truncationSide: "left" as const } : {};
  return withPair({ ...tokenizer, ...side }, pairOf(config, folder.modelConfig));
}

async function createFor(
  folder: Folder,
  config: Fields,
  onUnread?: (message: string) => void,
): Promise<Tokenizer | undefined> {
  const name = tokenizerClass(config, folder.modelConfig);
  let create = entry(families, name);
  if (!create) {
    const json = await optionalFields(folder, "tokenizer.json");
    if (json && REBUILT.has(name))
      onUnread?.(
        `tokenizer_class ${quote(name)} is not supported, so tokenizer.json is read as it is. transformers takes its vocabulary alone, and may ` +
          "give other ids near spaces and added tokens.",
      );
    if (json) return createGeneric(json, await readSettings(folder, config, json));
    const given = entry(families, givenClass(config, folder.modelConfig));
    create = given ?? entry(families, entry(byModelType, folder.modelConfig.model_type));
  }
  const none = async (reason: string): Promise<undefined> => {
    const files = await filesOf(folder);
    if (files.length > 0)
      onUnread?.(`There are files of a tokenizer that are not read: ${files.join(", ")}. ${reason}`);
    return undefined;
  };
  if (!create) return none(`There is no tokenizer.json, and ${kindOf(config, folder.modelConfig)} is not supported.`);
  try {
    return await create(folder, config);
  } catch (error) {
    if (!(error instanceof ModelError && error.code === "file_not_found")) throw error;
    if (await has(folder, ["vocab.json", "source.spm", "spiece.model", "sentencepiece.bpe.model", "merges.txt"]))
      throw error;
    return none(error.message);
  }
}

function kindOf(config: Fields, modelConfig: Fields): string {
  const given = givenClass(config, modelConfig);
  if (given !== undefined) return `tokenizer_class ${quote(given)}`;
  return `a tokenizer for model_type ${quote(modelConfig.model_type)}`;
}

/** What tokenizers of transformers are saved as. Asked for only after no tokenizer was found. */
const FILES = [
  ...[
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "vocab.txt",
  ],
  ...["merges.txt", "spiece.model", "sentencepiece.bpe.model", "tokenizer.model", "source.spm", "target.spm"],
];

async function filesOf(folder: Folder): Promise<string[]> {
  const found = await Promise.all(FILES.map(async (file) => ((await folder.bytes(file)) ? [file] : [])));
  return found.flat();
}

async function has(folder: Folder, files: readonly string[]): Promise<boolean> {
  for (const file of files) if (await folder.bytes(file)) return true;
  return false;
}
