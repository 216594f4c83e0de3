/**
 * Lines of text in 18 scripts for the tokenizers: words, mixtures, odd white space, combining marks, emoji, special
 * tokens as a user might type them, compatibility characters, controls, edge cases. The same lines as
 * test/goldens/corpus.py makes, so that only what the oracle answers has to be committed.
 */

import { readFileSync } from "node:fs";

const seed = JSON.parse(readFileSync(new URL("../../goldens/tokenizers/corpus.json", import.meta.url), "utf8")) as {
  scripts: Record<string, string>;
  ranges: [number, number][];
} & Record<"unspaced" | "ends" | "spaces" | "marks" | "emoji" | "special", string[]> &
  Record<"compatible" | "controls" | "pieces" | "edges", string[]>;

/** Marsaglia's xorshift32 (2003); integers only, so that it is the same in any language. */
class Random {
  constructor(private state: number) {}

  below(limit: number): number {
    let x = this.state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.state = x >>> 0;
    return this.state % limit;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)];
  }
}

type Script = readonly [name: string, words: string[]];
const scripts = Object.entries(seed.scripts).map(([name, text]): Script => [name, text.split(" ")]);

function repeat(count: number, make: () => string): string[] {
  return Array.from({ length: count }, make);
}

function words(random: Random, script: Script, least: number, spread: number, gap: string): string {
  const count = least + random.below(spread);
  return repeat(count, () => random.pick(script[1])).join(gap);
}

function character(random: Random): string {
  const [low, high] = random.pick(seed.ranges);
  return String.fromCodePoint(low + random.below(high - low + 1));
}

function sprinkle(random: Random, text: string, extras: string[], oneIn: number): string {
  let out = "";
  for (const c of text) {
    out += c;
    if (random.below(oneIn) === 0) out += random.pick(extras);
  }
  return out;
}

function line(random: Random): string {
  const kind = random.below(16);
  const script = random.pick(scripts);
  const gap = seed.unspaced.includes(script[0]) ? "" : " ";
  if (kind < 5) return words(random, script, 2, 8, gap) + random.pick(seed.ends);
  if (kind === 5) return words(random, script, 1, 4, gap) + " " + words(random, random.pick(scripts), 1, 4, " ");
  if (kind === 6) {
    const first = random.pick(seed.spaces);
    let out = random.pick(["", first]);
    for (let left = 1 + random.below(5); left > 0; left--) out += random.pick(script[1]) + random.pick(seed.spaces);
    return out;
  }
  if (kind === 7) {
    const letters = [...script[1].join("")];
    return repeat(1 + random.below(30), () => random.pick(letters)).join("");
  }
  if (kind === 8) return repeat(1 + random.below(16), () => character(random)).join("");
  if (kind === 9) return sprinkle(random, words(random, script, 1, 5, gap), seed.marks, 4);
  if (kind === 10) {
    const start = words(random, script, 0, 3, gap);
    return start + repeat(1 + random.below(6), () => random.pick(seed.emoji)).join("");
  }
  if (kind === 11) {
    let out = words(random, script, 0, 3, gap);
    for (let left = 1 + random.below(3); left > 0; left--) {
      out += random.pick(["", " ", "  "]) + random.pick(seed.special) + random.pick(["", " ", "\t"]);
      out += words(random, script, 0, 3, gap);
    }
    return out;
  }
  if (kind === 12) return repeat(1 + random.below(20), () => random.pick(seed.compatible)).join("");
  if (kind === 13) return sprinkle(random, words(random, script, 1, 5, gap), seed.controls, 6);
  if (kind === 14) return repeat(1 + random.below(12), () => random.pick(seed.pieces)).join("");
  return random.pick(seed.edges);
}

export function corpus(count = 20_000): string[] {
  const random = new Random(20170612);
  return repeat(count, () => line(random));
}
