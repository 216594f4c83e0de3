/** Text in pieces: nothing between them is lost, and each fits. */

import { describe, expect, it } from "vitest";
import { splitText } from "../../src/text/segments";

/** Words stand for tokens. */
const measure = (text: string): number => text.split(/[\s,]+/).filter(Boolean).length;
const split = (text: string, whole = 8, limit = 12, language = "en") =>
  splitText(text, language, measure, whole, limit);
const texts = (text: string, ...rest: [number?, number?, string?]): string[] =>
  split(text, ...rest).segments.map((segment) => segment.text);

const letter = `Dear Dr. Smith,

It has been a long time since we met. How are you, and how is the family?  I hope that all of you are well!
\tYours,
   J. Doe  `;

describe("splitText", () => {
  it("keeps a short paragraph whole and cuts a long one into sentences", () => {
    expect(texts("How are you? I am well.")).toEqual(["How are you? I am well."]);
    expect(texts("How are you today, my friend? I am well, thank you.")).toEqual([
      "How are you today, my friend?",
      "I am well, thank you.",
    ]);
  });

  it("keeps lines apart", () => {
    expect(texts("One.\nTwo.\n\nThree.")).toEqual(["One.", "Two.", "Three."]);
  });

  it("does not end a sentence after a title or an initial", () => {
    expect(texts("I met Mr. Smith and Dr. J. Doe in the street yesterday. They were well.", 4)).toEqual([
      "I met Mr. Smith and Dr. J. Doe in the street yesterday.".slice(0),
      "They were well.",
    ]);
  });

  it("cuts a sentence that is too long after commas, else between words, else between characters", () => {
    const long = "one two three, four five six seven, eight nine ten eleven twelve thirteen";
    expect(texts(long, 3, 7)).toEqual(["one two three, four five six seven,", "eight nine ten eleven twelve thirteen"]);
    expect(texts("a b c d e f g", 3, 3)).toEqual(["a b c", "d e f", "g"]);
    const chars = splitText("👩‍👩‍👧一二三四五", "zh", (text) => [...new Intl.Segmenter("zh").segment(text)].length, 2, 2);
    for (const { text } of chars.segments) expect([...new Intl.Segmenter("zh").segment(text)].length).toBeLessThan(3);
    expect(chars.segments.map(({ text }) => text).join("")).toBe("👩‍👩‍👧一二三四五");
  });

  it.each([letter, "", "  ", "\n\n a \n", "x", "。一二三。四五六！七", "a\r\n\r\nb"])("loses nothing of %j", (text) => {
    for (const [whole, limit] of [
      [100, 100],
      [5, 9],
      [1, 1],
    ]) {
      const { segments, after } = split(text, whole, limit);
      expect(segments.map((segment) => segment.before + segment.text).join("") + after).toBe(text);
      for (const segment of segments) {
        expect(segment.text).toBe(segment.text.trim());
        expect(segment.text).not.toBe("");
        expect(segment.before.trim()).toBe("");
      }
    }
  });
});
