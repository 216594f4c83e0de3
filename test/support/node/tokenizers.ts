/** The fixtures of test/goldens/tokenizers/: models with their character maps put back, and answers to compare with. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { expect } from "vitest";
import type { Folder } from "../../../src/text/folder";
import { corpus } from "./corpus";
import { EVERYTHING } from "./volume";
import { folderIn } from "../shared/folder";

const folder = new URL("../../goldens/tokenizers/", import.meta.url);
export const fixture = (name: string): Uint8Array => readFileSync(new URL(name, folder));
export const unzipped = (name: string): Uint8Array => new Uint8Array(gunzipSync(fixture(name)));

const charsmaps: Record<string, string> = {
  unigram: "nmt_nfkc",
  "unigram-target": "nfkc",
  "unigram-defined": "nfkc",
  "unigram-bytes": "nmt_nfkc",
  bpe: "nmt_nfkc",
  t5: "nmt_nfkc",
};

export const charsmap = (rule: string): Uint8Array => unzipped(`${rule}.charsmap.gz`);

/** A field of a protocol buffer that holds bytes. */
export const bytesField = (number: number, content: Uint8Array): Uint8Array =>
  new Uint8Array(Buffer.concat([Buffer.of(number * 8 + 2, ...varint(content.length)), content]));

/** A whole SentencePiece model. Messages written one after the other are merged, so the map can be appended. */
export function modelBytes(name: string): Uint8Array {
  const model = unzipped(`${name}.model.gz`);
  const rule = charsmaps[name];
  if (!rule) return model;
  return new Uint8Array(Buffer.concat([model, bytesField(3, bytesField(2, charsmap(rule)))]));
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
}

let lines: string[] | undefined;
export const corpusLines = (): string[] => (lines ??= corpus());

const BLOCK = 50;
export const digest = (rows: string[]) => createHash("sha256").update(rows.join("\n")).digest("hex").slice(0, 8);

/** xorshift32 as in corpus.ts, for the random ids. */
function randomIds(size: number): number[][] {
  let state = 42;
  const below = (limit: number) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % limit;
  };
  return corpusLines().map(() => {
    const length = 1 + below(12);
    return Array.from({ length }, () => below(size));
  });
}

export interface Golden extends Partial<Record<"decode" | "random", string>> {
  encode: string;
  /** Random ids lie below it. */
  size: number;
  /** Of all lines twice in one text. */
  long?: string;
  cases: [text: string, items: (string | number)[], decoded: string][];
}

/** Non-ASCII characters as escapes, so that two that look alike can be told apart in a report. */
const shown = (value: unknown) =>
  JSON.stringify(value).replace(/[^ -~]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);

function replaced(text: string, instead: Record<string, string>): string {
  return Object.entries(instead).reduce((out, [part, other]) => out.replaceAll(part, other), text);
}

interface Comparison {
  /** What stands in the lines for some of their parts. */
  instead?: Record<string, string>;
  /** Also encodes all lines twice in one text of 900,000 characters, where the golden has its digest. */
  long?: boolean;
}

/** Compares lines with test/goldens/tokenizers/NAME.json. */
export function expectGolden<T extends string | number>(
  name: string,
  encode: (text: string) => T[],
  decode: (items: readonly (T | number)[]) => string,
  options?: Comparison,
): void {
  const golden = JSON.parse(Buffer.from(fixture(`${name}.json`)).toString("utf8")) as Golden;
  expectAnswers(golden, BLOCK, encode, decode, options);
}

/** Of so many blocks of lines one is compared, each time another one; all of them in `npm run test:soak`. */
const EVERY = EVERYTHING ? 1 : 16;
let turn = 0;
const KEYS = ["encode", "decode", "random"] as const;

/** @param size so many lines have a digest */
export function expectAnswers<T extends string | number>(
  golden: Golden,
  size: number,
  encode: (text: string) => T[],
  decode: (items: readonly (T | number)[]) => string,
  { instead = {}, long = true }: Comparison = {},
): void {
  // Where the two sides have vocabularies of their own, the ids of a text are not ids of the target's.
  const fitting = (items: readonly (string | number)[]) =>
    items.map((item) => (typeof item === "number" ? item % golden.size : item)) as T[];
  const wrong: string[] = [];
  for (const [text, items, decoded] of golden.cases) {
    const own = encode(text);
    if (own.join("\t") !== items.join("\t")) wrong.push(`encode ${shown(text)}: ${shown(own)}, not ${shown(items)}`);
    const back = decode(fitting(items));
    if (back !== decoded) wrong.push(`decode ${shown(items)}: ${shown(back)}, not ${shown(decoded)}`);
  }
  expect(wrong).toEqual([]);

  const lines = corpusLines();
  if (golden.long !== undefined && long) {
    const text = replaced([...lines, ...lines].join(" "), instead);
    if (digest([encode(text).join("\t")]) !== golden.long) wrong.push(`a text of ${text.length} characters`);
  }
  const random = golden.random === undefined ? [] : randomIds(golden.size);
  for (const key of KEYS) if (golden[key] !== undefined) expect(golden[key]).toHaveLength((8 * lines.length) / size);
  for (let block = turn++ % EVERY; block < lines.length / size; block += EVERY) {
    const [from, to] = [block * size, (block + 1) * size];
    const encoded = lines.slice(from, to).map((line) => encode(replaced(line, instead)));
    const rows = {
      encode: () => encoded.map((items) => items.join("\t")),
      decode: () => encoded.map((items) => decode(fitting(items))),
      random: () => random.slice(from, to).map((ids) => decode(ids)),
    };
    for (const key of KEYS) {
      const expected = golden[key]?.slice(8 * block, 8 * block + 8);
      if (expected !== undefined && digest(rows[key]()) !== expected) wrong.push(`${key}: lines ${from} to ${to - 1}`);
    }
  }
  expect(wrong).toEqual([]);
}

const listed = (file: string) =>
  JSON.parse(Buffer.from(fixture(file)).toString("utf8")) as Record<
    string,
    { class: string; files: Record<string, unknown>; instead?: Record<string, string>; source?: string }
  >;
/** Folders of test/goldens/tokenizers/: see tokenizer_families.py and tokenizer_files.py. */
const folders = { ...listed("folders.json"), ...listed("files.json") };

export const folderNames = Object.keys(folders);
export const sourceLanguageOf = (name: string): string | undefined => folders[name].source;

/** What stands in the lines for some of their parts, so that they have the family's own special tokens. */
export const insteadOf = (name: string): Record<string, string> | undefined => folders[name].instead;

/** The lines of the corpus as this folder's tokenizer is given them. */
export const linesOf = (name: string): string[] => corpusLines().map((line) => replaced(line, insteadOf(name) ?? {}));

export const classOf = (name: string): string => folders[name].class;

/** The files of a folder, for a page. */
export function filesOf(name: string): Record<string, string> {
  const files = Object.entries(folders[name].files).map(([file, content]) => [
    file,
    Buffer.from(contentOf(content)).toString("base64"),
  ]);
  return Object.fromEntries(files) as Record<string, string>;
}

/** Compares the first lines' ids and decoded texts, as many whole blocks as there are. */
export function expectFirstBlocks(name: string, answers: { ids: number[]; text: string }[]): void {
  const golden = JSON.parse(Buffer.from(fixture(`${name}.json`)).toString("utf8")) as Golden;
  const digests = (rows: string[]) =>
    Array.from({ length: rows.length / BLOCK }, (_, i) => digest(rows.slice(i * BLOCK, (i + 1) * BLOCK))).join("");
  const length = (8 * answers.length) / BLOCK;
  expect(digests(answers.map(({ ids }) => ids.join("\t")))).toBe(golden.encode.slice(0, length));
  expect(digests(answers.map(({ text }) => text))).toBe(golden.decode!.slice(0, length));
}

/** A model's files in memory; `tokenizer_class` is put into config.json where the files do not say it. */
export function folderOf(name: string, modelConfig: Record<string, unknown> = {}): Folder {
  const { files, class: tokenizerClass } = folders[name];
  return folderIn((file) => (Object.hasOwn(files, file) ? contentOf(files[file]) : undefined), {
    tokenizer_class: tokenizerClass,
    ...modelConfig,
  });
}

export function contentOf(content: unknown): Uint8Array {
  if (typeof content !== "string") return new TextEncoder().encode(JSON.stringify(content));
  if (content.startsWith("model:")) return modelBytes(content.slice(6));
  const data = new TextDecoder().decode(unzipped(content.slice(3)));
  const whole = data.replace(/"@(nmt_nfkc|nfkc)"/, (_, rule: string) =>
    JSON.stringify(Buffer.from(charsmap(rule)).toString("base64")),
  );
  return new TextEncoder().encode(whole);
}
