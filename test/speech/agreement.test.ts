/** LocalAgreement: what is final stays, whatever the runs say. */

import { expect, test } from "vitest";
import { Agreement } from "../../src/speech/agreement";
import type { TimedText } from "../../src/speech/subtitles";
import { random } from "../support/shared/random";

/** Words a second apart, from `start` on. */
const said = (text: string, start = 0): TimedText[] =>
  text.split(" ").map((word, i) => ({ text: ` ${word}`, start: start + i, end: start + i + 0.9 }));

const text = (words: readonly TimedText[]): string =>
  words
    .map((word) => word.text)
    .join("")
    .trim();

test("words on which two runs agree are final", () => {
  const agreement = new Agreement();
  const step = (words: TimedText[]): [string, string] => {
    const { final, open } = agreement.push(words);
    return [text(final), text(open)];
  };
  expect(step(said("it was the"))).toEqual(["", "it was the"]);
  expect(step(said("it was a best of"))).toEqual(["it was", "a best of"]);
  expect(agreement.settled).toBe(1.9);
  // A later run cannot change them, whatever it hears.
  expect(step(said("is this the best of times"))).toEqual(["", "the best of times"]);
  expect(step(said("it was the best of dimes"))).toEqual(["the best of", "dimes"]);
  expect(text(agreement.end())).toBe("dimes");
  expect(text(agreement.end())).toBe("");
});

test("words that are final are dropped where another run repeats them a little later", () => {
  const agreement = new Agreement();
  agreement.push(said("one two three"));
  agreement.push(said("one two three"));
  const moved = said("two three four", 3.1);
  expect(text(agreement.push(moved).open)).toBe("four");
});

test("a word that begins a little before the final ones end begins at their end: times of text never go back", () => {
  const agreement = new Agreement();
  const one = { text: " one", start: 0, end: 0.92 };
  const empty = { text: " two", start: 0.92, end: 0.92 };
  for (let run = 0; run < 2; run++) agreement.push([one, empty]);
  expect(agreement.settled).toBe(0.92);
  const { open } = agreement.push([{ text: " three", start: 0.86, end: 0.9 }]);
  expect(open).toEqual([{ text: " three", start: 0.92, end: 0.92 }]);
});

test("final words are remembered as long as they are asked for", () => {
  const agreement = new Agreement();
  agreement.push(said("one two three"));
  agreement.push(said("one two three"));
  expect(text(agreement.recent(1.5))).toBe("two three");
  expect(text(agreement.recent(0))).toBe("two three");
});

test("whatever is said, final words only grow and what is said at the end is all there", () => {
  const { next } = random(20170612);
  for (let round = 0; round < 200; round++) {
    const truth = Array.from({ length: 20 }, (_, i) => `w${i}`);
    const agreement = new Agreement();
    const final: TimedText[] = [];
    for (let heard = 1; heard <= truth.length; heard += 1 + Math.floor(3 * next())) {
      // The last words of a run are uncertain.
      const run = truth.slice(0, heard).map((word, i) => (i > heard - 3 && next() < 0.4 ? `${word}?` : word));
      const before = final.length;
      final.push(...agreement.push(said(run.join(" "))).final);
      expect(final.length).toBeGreaterThanOrEqual(before);
    }
    for (let last = 0; last < 2; last++) final.push(...agreement.push(said(truth.join(" "))).final);
    final.push(...agreement.end());
    final.forEach(({ start }, i) => i > 0 && expect(start).toBeGreaterThan(final[i - 1].start));
    expect(final.length).toBe(truth.length);
  }
});
