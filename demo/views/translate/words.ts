/** From tokens to words: which tokens make which word of the decoded text, and how sure the model was of each. */

export interface Word {
  /** Without the white space around it. */
  text: string;
  /** The white space before it. */
  space: string;
  /** Its tokens: `first` up to, not including, `end`. */
  first: number;
  end: number;
  /** The product of the probabilities of its tokens; undefined where they are not known. */
  probability?: number;
}

/** Below this a word is marked as uncertain. */
export const UNCERTAIN = 0.5;

/**
 * @param prefixes the decoded text of the first token, of the first two, and so on; the last one is the whole text
 * @param logprobs of each token
 */
export function wordsOf(prefixes: readonly string[], logprobs: readonly (number | undefined)[]): Word[] {
  const whole = prefixes.at(-1) ?? "";
  const words: Word[] = [];
  let from = 0;
  let first: number | undefined;
  prefixes.forEach((prefix, token) => {
    // An unfinished character, or white space that later text takes back: the token belongs to what comes next.
    const isLast = token === prefixes.length - 1;
    const to = isLast ? whole.length : whole.startsWith(prefix) ? Math.max(from, prefix.length) : from;
    const piece = whole.slice(from, to);
    if (piece === "") {
      // A token without text, such as the end, belongs to no word.
      if (prefix !== (prefixes[token - 1] ?? "")) first ??= token;
      return;
    }
    first ??= token;
    const last = words.at(-1);
    if (!last || /^\s/.test(piece) || /\s/.test(whole[from - 1])) {
      words.push({ text: piece.trimStart(), space: /^\s*/.exec(piece)![0], first, end: token + 1 });
    } else {
      last.text += piece;
      last.end = token + 1;
    }
    first = undefined;
    from = to;
  });
  return words
    .filter(({ text }) => text !== "")
    .map((word) => ({ ...word, probability: probabilityOf(word, logprobs) }));
}

function probabilityOf({ first, end }: Word, logprobs: readonly (number | undefined)[]): number | undefined {
  let sum = 0;
  for (let token = first; token < end; token++) {
    const logprob = logprobs[token];
    if (logprob === undefined) return undefined;
    sum += logprob;
  }
  return Math.exp(sum);
}
