/** The tokenizer settings in a model's folder, read as `from_pretrained` of transformers 5 reads them. */

import { ModelError, quote } from "../errors";
import { isFields, type Fields } from "../util/fields";

/** A token that is looked for in the text before the model sees it. */
export interface AddedToken {
  content: string;
  /** Also removes the white space before it, or after it. */
  lstrip: boolean;
  rstrip: boolean;
  /** Matches only as a whole word. */
  singleWord: boolean;
  /** Matched in the normalised text. */
  normalized: boolean;
  /** Left out of decoded text. */
  special: boolean;
}

export type { Fields };

/** The files of a model. Each is `undefined` if there is no file of that name. */
export interface Folder {
  json(file: string): Promise<unknown>;
  text(file: string): Promise<string | undefined>;
  bytes(file: string): Promise<Uint8Array | undefined>;
  /** config.json */
  modelConfig: Fields;
}

export type Token = string | AddedToken;
export const contentOf = (token: Token): string => (typeof token === "string" ? token : token.content);

/** The order in which transformers goes through them (`SPECIAL_TOKENS_ATTRIBUTES`). */
export const NAMES = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

const CONFIG = "tokenizer_config.json";
const MAP = "special_tokens_map.json";

export interface Settings {
  /** tokenizer_config.json; empty if there is none. */
  config: Fields;
  /** The special tokens with a name, such as "eos_token", that the files define. */
  named: Map<string, Token>;
  /** `extra_special_tokens`: special tokens without a name. */
  extra?: Token[];
  /** `additional_special_tokens`, the older name of the same, if it reaches the tokenizer's class under this name. */
  additional?: Token[];
  /** Tokens with their ids, by id. */
  added: [id: number, token: AddedToken][];
}

export function invalidFile(file: string, message: string, cause?: unknown): ModelError {
  return new ModelError("invalid_tokenizer", `${file}: ${message}.`, undefined, { cause });
}

export function fieldsOf(value: unknown, file: string): Fields {
  if (!isFields(value)) throw invalidFile(file, "is not a JSON object");
  return value;
}

export async function optionalFields(folder: Folder, file: string): Promise<Fields | undefined> {
  const value = await folder.json(file);
  return value === undefined ? undefined : fieldsOf(value, file);
}

/** Reads a file that the tokenizer needs. */
export async function required<T>(read: Promise<T | undefined>, file: string, kind: string): Promise<T> {
  const value = await read;
  if (value !== undefined) return value;
  throw new ModelError("file_not_found", `There is no ${file}, but a ${kind} needs it.`);
}

export function addedToken(content: string, given: Partial<AddedToken> = {}): AddedToken {
  const special = given.special ?? false;
  const { lstrip = false, rstrip = false, singleWord = false, normalized = !special } = given;
  return { content, lstrip, rstrip, singleWord, normalized, special };
}

/** A token as the files write it, `{"content": …, "lstrip": …}`. */
function parseAdded(value: unknown, file: string, special?: boolean): AddedToken {
  const { content, lstrip, rstrip, single_word, normalized, special: own } = fieldsOf(value, file);
  if (typeof content !== "string") throw invalidFile(file, "an added token has no content");
  const flag = (flagged: unknown) => (typeof flagged === "boolean" ? flagged : undefined);
  return addedToken(content, {
    lstrip: flag(lstrip),
    rstrip: flag(rstrip),
    singleWord: flag(single_word),
    normalized: flag(normalized),
    special: special ?? flag(own),
  });
}

function parseToken(value: unknown, file: string, special?: boolean): Token {
  return typeof value === "string" ? value : parseAdded(value, file, special);
}

function parseTokens(value: unknown, file: string, special?: boolean): Token[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) throw invalidFile(file, "the value of the special tokens must be a list");
  return value.map((item) => parseToken(item, file, special));
}

/** Reads all files about special tokens. If tokenizer_config.json has `added_tokens_decoder`, the others are not read. */
export async function readSettings(folder: Folder, config: Fields, tokenizerJson?: Fields): Promise<Settings> {
  if (config.added_tokens_decoder !== undefined) return parseSettings(config, { tokenizerJson });
  const specialTokensMap = await optionalFields(folder, MAP);
  const addedTokens = await optionalFields(folder, "added_tokens.json");
  return parseSettings(config, { tokenizerJson, specialTokensMap, addedTokens });
}

/** `PreTrainedTokenizerBase._from_pretrained`. */
export function parseSettings(
  config: Fields,
  files: { tokenizerJson?: Fields; specialTokensMap?: Fields; addedTokens?: Fields },
): Settings {
  const { added_tokens_decoder: decoder, extra_special_tokens: own } = config;
  const map = decoder === undefined ? files.specialTokensMap : undefined;
  const named = new Map([
    ...namedIn(config, CONFIG),
    ...(isFields(own) ? namedIn(own, CONFIG) : []),
    ...(map ? namedIn(map, MAP, true) : []),
  ]);
  const { extra, additional } = unnamedIn(config, map);
  const added =
    decoder === undefined
      ? addedIn(files.addedTokens, files.tokenizerJson, specialTexts(named, extra))
      : addedInConfig(fieldsOf(decoder, CONFIG));
  // A named token with the text of an added token gets its properties.
  const byContent = new Map([...added.values()].map((token) => [token.content, token]));
  for (const name of NAMES) {
    const token = named.get(name);
    const known = token === undefined ? undefined : byContent.get(contentOf(token));
    if (known) named.set(name, known);
  }
  return { config, named, extra, additional, added: [...added].sort(([a], [b]) => a - b) };
}

/** The named tokens among the fields of a file. A name that transformers does not know counts only with a text. */
function namedIn(fields: Fields, file: string, special?: boolean): [name: string, token: Token][] {
  const isNamed = ([name, value]: [string, unknown]): boolean =>
    typeof value === "string"
      ? NAMES.includes(name) || name.endsWith("_token")
      : NAMES.includes(name) && typeof value === "object" && value !== null;
  return Object.entries(fields)
    .filter(isNamed)
    .map(([name, value]) => [name, parseToken(value, file, special)]);
}

/** The special tokens without a name, by which of the two fields they reach the tokenizer's class. */
function unnamedIn(config: Fields, map: Fields | undefined): Pick<Settings, "extra" | "additional"> {
  const own = config.extra_special_tokens;
  let extra = isFields(own) ? undefined : parseTokens(own, CONFIG);
  let additional = parseTokens(config.additional_special_tokens, CONFIG);
  if (additional && !extra?.length) [extra, additional] = [additional, undefined];
  // null takes the place of the list that the class brings along, such as T5's sentinels.
  if (own === null || config.additional_special_tokens === null) extra ??= [];
  if (!map) return { extra, additional };
  const more = Array.isArray(map.extra_special_tokens) ? parseTokens(map.extra_special_tokens, MAP, true) : undefined;
  return {
    extra: more ? [...(extra ?? []), ...more] : extra,
    additional: parseTokens(map.additional_special_tokens, MAP) ?? additional,
  };
}

function specialTexts(named: ReadonlyMap<string, Token>, extra: readonly Token[] = []): Set<string> {
  return new Set([...NAMES.flatMap((name) => named.get(name) ?? []), ...extra].map(contentOf));
}

/** `added_tokens_decoder` of tokenizer_config.json: the tokens by their ids. */
function addedInConfig(decoder: Fields): Map<number, AddedToken> {
  return new Map(Object.entries(decoder).map(([id, token]) => [idOf(id, CONFIG), parseAdded(token, CONFIG)]));
}

/** The added tokens of added_tokens.json, which has ids by text, and of tokenizer.json, which counts where both have an id. */
function addedIn(
  addedTokens: Fields = {},
  tokenizerJson: Fields = {},
  special: ReadonlySet<string>,
): Map<number, AddedToken> {
  const added = new Map<number, AddedToken>();
  for (const [content, id] of Object.entries(addedTokens)) {
    added.set(idOf(id, "added_tokens.json"), addedToken(content, { special: special.has(content) }));
  }
  const listed = tokenizerJson.added_tokens ?? [];
  if (!Array.isArray(listed)) throw invalidFile("tokenizer.json", "added_tokens is not a list");
  for (const token of listed as unknown[]) {
    const { id } = fieldsOf(token, "tokenizer.json");
    added.set(idOf(id, "tokenizer.json"), parseAdded(token, "tokenizer.json"));
  }
  return added;
}

function idOf(value: unknown, file: string): number {
  const id = typeof value === "string" && value !== "" ? Number(value) : value;
  if (!Number.isSafeInteger(id) || (id as number) < 0) throw invalidFile(file, `${quote(value)} is not a token id`);
  return id as number;
}

/** The special tokens with a name, in transformers' order. Those of the files replace those of the class. */
export function namedTokens(settings: Settings, defaults: Readonly<Record<string, Token>>): Map<string, Token> {
  const all = new Map([...Object.entries(defaults), ...settings.named]);
  const order = (name: string) => (NAMES.includes(name) ? NAMES.indexOf(name) : NAMES.length);
  return new Map([...all].sort(([a], [b]) => order(a) - order(b)));
}

/** The text of a named token that the family has a default for, or needs. */
export function namedText(named: ReadonlyMap<string, Token>, name: string): string {
  const token = named.get(name);
  if (token === undefined) throw invalidFile("tokenizer", `there is no ${name}`);
  return contentOf(token);
}

/** The special tokens without a name, whichever field the files list them in. */
export const unnamedTokens = ({ extra, additional }: Settings): readonly Token[] => extra ?? additional ?? [];

/** The tokens to add to a tokenizer of the tokenizers library, in transformers' order (`TokenizersBackend.__init__`). */
export function tokensToAdd(
  settings: Settings,
  named: ReadonlyMap<string, Token>,
  extra: readonly Token[],
): AddedToken[] {
  const out: Token[] = settings.added.map(([, token]) => token);
  const seen = new Set(out.map(contentOf));
  for (const token of [...named.values(), ...extra]) {
    if (seen.has(contentOf(token))) continue;
    seen.add(contentOf(token));
    out.push(token);
  }
  const names = new Set([...named.values()].map(contentOf));
  return out.map((token) =>
    typeof token === "string"
      ? addedToken(token, { special: true })
      : { ...token, special: token.special || names.has(token.content) },
  );
}
