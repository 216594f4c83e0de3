/** Word errors of a transcript: insertions, deletions and substitutions against what was said, without case and punctuation. */

const DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];

const wordsOf = (text: string): string[] =>
  text
    .toLowerCase()
    .replace(/\bmr\b/g, "mister")
    .replace(/\b\d\b/g, (digit) => DIGITS[Number(digit)])
    .replace(/[^\p{L}\p{N}'\s]/gu, " ")
    .split(/\s+/)
    .filter(Boolean);

/** The Levenshtein distance in words, and how many were said. */
export function wordErrors(reference: string, transcript: string): { errors: number; words: number } {
  const [said, heard] = [wordsOf(reference), wordsOf(transcript)];
  let row = [0, ...heard.map((_, j) => j + 1)];
  said.forEach((word, i) => {
    const next = [i + 1];
    heard.forEach((other, j) => next.push(Math.min(next[j] + 1, row[j + 1] + 1, row[j] + Number(word !== other))));
    row = next;
  });
  return { errors: row[heard.length], words: said.length };
}
