/** The fixtures of test/goldens/pipeline/: a tokenizer.json for each part and setting, with its vocabulary put back. */

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { charsmap, type Golden } from "./tokenizers";

const folder = new URL("../../goldens/pipeline/", import.meta.url);

/** Lines that have one digest together. */
export const BLOCK = 400;

export interface PartCase extends Golden {
  tokenizer: Record<string, unknown> & { model: Record<string, unknown> };
  config: Record<string, unknown>;
}

const read = <T>(name: string): Record<string, T> =>
  JSON.parse(gunzipSync(readFileSync(new URL(`${name}.json.gz`, folder))).toString("utf8")) as Record<string, T>;

/** By name. */
export const cases = read<PartCase>("cases");

/** Digests of what a part, as JSON, makes of each block of code points. */
export const codePointDigests = (): Record<string, string> => read<string>("unicode");

const vocabularies = read<Record<string, unknown>>("vocabularies");

/** The tokenizer.json of a case. */
export function wholeTokenizer({ tokenizer }: Pick<PartCase, "tokenizer">): unknown {
  const { model } = tokenizer;
  const whole = { ...tokenizer, model: { ...model, ...vocabularies[(model.vocab as string).slice(1)] } };
  const text = JSON.stringify(whole).replace("@nmt_nfkc", () => Buffer.from(charsmap("nmt_nfkc")).toString("base64"));
  return JSON.parse(text);
}
