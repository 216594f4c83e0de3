/** A pattern that is read from its start to its end, by characters: a surrogate pair is one. */

import { refuse } from "./oniguruma-classes";

export class PatternCursor {
  /** Characters read so far. */
  position = 0;
  private readonly characters: readonly string[];

  constructor(pattern: string) {
    this.characters = [...pattern];
  }

  get atEnd(): boolean {
    return this.position >= this.characters.length;
  }

  /** The next character, or one after it, which stays; undefined at the end. */
  peek(offset = 0): string | undefined {
    return this.characters[this.position + offset];
  }

  /** Reads one character; undefined at the end. */
  next(): string | undefined {
    return this.characters[this.position++];
  }

  /** Whether this text comes next. */
  isAt(text: string): boolean {
    return this.ahead([...text].length) === text;
  }

  /** Reads this text, if it comes next; whether it did. */
  take(text: string): boolean {
    if (!this.isAt(text)) return false;
    this.position += [...text].length;
    return true;
  }

  /**
   * Reads what an expression matches at the start of the next `most` characters.
   * @param expression begins with "^" and matches nothing but ASCII
   */
  match(expression: RegExp, most = Infinity): RegExpExecArray | undefined {
    const found = expression.exec(this.ahead(most));
    if (!found) return undefined;
    this.position += found[0].length;
    return found;
  }

  /** Reads up to a character and past it; returns what comes before it. @throws UntranslatablePattern if there is none */
  until(end: string): string {
    const stop = this.characters.indexOf(end, this.position);
    if (stop < 0) refuse(`no ${end}`);
    const text = this.ahead(stop - this.position);
    this.position = stop + 1;
    return text;
  }

  private ahead(length: number): string {
    return this.characters.slice(this.position, this.position + length).join("");
  }
}
