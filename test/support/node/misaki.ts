/**
 * A real pretrained BART (spelling to IPA) that lies beside the repository on some machines, and its fixture,
 * test/goldens/misaki.py. Rights in the model are not documented, so neither it nor its words are here. For Node.
 */

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { some } from "./volume";

/** From the root of the repository. */
const FOLDER = "../shared/models/misaki-us";

interface Config {
  bos_token_id: number;
  eos_token_id: number;
  grapheme_chars: string;
  phoneme_chars: string;
}

interface Golden {
  max_new_tokens: number;
  /** How many of Hugging Face's answers are what gold.json says. */
  correct: number;
  /** A word's place in gold.json, and the digest of the ids. */
  words: [number, string][];
}

const read = (path: string): unknown => JSON.parse(readFileSync(path, "utf8"));

export const misakiIsHere = existsSync(`${FOLDER}/gold.json`);
if (!misakiIsHere) console.log(`${FOLDER} is not there: the tests with a real pretrained BART are skipped.`);

/** What the checkpoint is, for a page that cannot read outside the repository. */
export const misakiFiles = (): Record<string, string | Uint8Array> => ({
  "config.json": readFileSync(`${FOLDER}/config.json`, "utf8"),
  "model.safetensors": new Uint8Array(readFileSync(`${FOLDER}/model.safetensors`)),
});

/** The file has two alphabets of its own. */
export const MISAKI_WARNINGS = [
  "Not read, because nothing here depends on it: config.json: grapheme_chars, phoneme_chars.",
];

/** @param every of so many words one is taken; all in `npm run test:soak` */
export function readMisaki(every = 1) {
  const config = read(`${FOLDER}/config.json`) as Config;
  const gold = Object.entries(read(`${FOLDER}/gold.json`) as Record<string, string>);
  const { words, ...golden } = read("test/goldens/misaki.json") as Golden;
  const taken = some(words, every);
  const places = new Map([...config.grapheme_chars].map((character, place) => [character, place]));
  const phonemes = [...config.phoneme_chars];
  const encode = (word: string) => [
    config.bos_token_id,
    ...[...word].map((character) => places.get(character) ?? 3),
    config.eos_token_id,
  ];
  return {
    ...golden,
    words: taken,
    all: taken.length === words.length,
    rows: taken.map(([place]) => encode(gold[place][0])),
    /** Words whose ids are not Hugging Face's. */
    different: (sequences: number[][]): number[] =>
      taken.filter(([, digest], i) => digestOf(sequences[i]) !== digest).map(([place]) => place),
    /** Words that are spoken as gold.json says. */
    countCorrect: (sequences: number[][]): number =>
      taken.filter(([place], i) => {
        const said = sequences[i].filter((token) => token > 3).map((token) => phonemes[token]);
        return said.join("") === gold[place][1];
      }).length,
  };
}

function digestOf(sequence: number[]): string {
  return createHash("sha256").update(sequence.join(",")).digest("hex").slice(0, 16);
}

/** `rows` in batches of rows of like length, and what brings results back into the order of `rows`. */
export function inBatches(rows: number[][], size: number) {
  const order = Array.from(rows.keys()).sort((a, b) => rows[a].length - rows[b].length);
  const batches = Array.from({ length: Math.ceil(rows.length / size) }, (_, i) =>
    order.slice(i * size, (i + 1) * size).map((row) => rows[row]),
  );
  const restore = <T>(results: T[]): T[] => {
    const restored = new Array<T>(rows.length);
    results.forEach((result, i) => (restored[order[i]] = result));
    return restored;
  };
  return { batches, restore };
}
