/** Where a pattern is found in a text, as Oniguruma goes through it. */

/**
 * Where `pattern` (with the flag "g") is found in `text`: spans that cover it. An empty match is one too, but not right
 * after another match.
 */
export function* spans(text: string, pattern: RegExp): Generator<[start: number, end: number, isMatch: boolean]> {
  let done = 0;
  let last = -1;
  for (let at = 0; at <= text.length;) {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (!found) break;
    const start = found.index;
    const end = start + found[0].length;
    if (start === end && end === last) {
      at += text.codePointAt(at)! > 0xffff ? 2 : 1;
      continue;
    }
    if (start > done) yield [done, start, false];
    yield [start, end, true];
    at = done = last = end;
  }
  if (done < text.length) yield [done, text.length, false];
}

/** Every match replaced by `content`. */
export function replaceMatches(text: string, pattern: RegExp, content: string): string {
  let out = "";
  for (const [start, end, isMatch] of spans(text, pattern)) out += isMatch ? content : text.slice(start, end);
  return out;
}
