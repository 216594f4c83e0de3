/**
 * LocalAgreement-2 (Liu et al. 2020; the buffer of ufal/whisper_streaming): of a transcript that is made again and again as sound
 * comes in, the words on which two runs in a row agree are final. What is final is never changed.
 */

import type { TimedText } from "./subtitles";

/** Words that begin this much before the end of the final ones are taken for the same, in seconds. */
const TOLERANCE = 0.1;
/** Near the seam, in seconds, words that are final already are dropped. */
const SEAM = 1;
/** So many of them at most. */
const REPEATED = 5;

export class Agreement {
  private final: TimedText[] = [];
  /** What the run before said, without what is final. */
  private last: TimedText[] = [];
  private lastEnd = 0;

  /** @returns the words that become final with this run, and those that are not final */
  push(words: readonly TimedText[]): { final: TimedText[]; open: TimedText[] } {
    const fresh = this.withoutFinal(words);
    let agreed = 0;
    while (agreed < fresh.length && agreed < this.last.length && same(fresh[agreed], this.last[agreed])) agreed++;
    const final = fresh.slice(0, agreed);
    this.add(final);
    this.last = fresh.slice(agreed);
    return { final, open: this.last };
  }

  /** The end of the sound: what is not final becomes it. */
  end(): TimedText[] {
    const rest = this.last;
    this.add(rest);
    this.last = [];
    return rest;
  }

  /** The end of the last final word, in seconds. */
  get settled(): number {
    return this.lastEnd;
  }

  /** All final words so far that end after `time`; the others are forgotten. */
  recent(time: number): readonly TimedText[] {
    this.final = this.final.filter(({ end }) => end > time);
    return this.final;
  }

  private add(words: readonly TimedText[]): void {
    this.final.push(...words);
    this.lastEnd = Math.max(this.lastEnd, ...words.map(({ end }) => end));
  }

  private withoutFinal(words: readonly TimedText[]): TimedText[] {
    const fresh = words.filter(({ start }) => start > this.lastEnd - TOLERANCE).map((word) => this.afterFinal(word));
    if (fresh.length === 0 || Math.abs(fresh[0].start - this.lastEnd) >= SEAM) return fresh;
    const most = Math.min(this.final.length, fresh.length, REPEATED);
    for (let count = 1; count <= most; count++) {
      const ending = this.final.slice(-count);
      if (ending.every((word, i) => same(word, fresh[i]))) return fresh.slice(count);
    }
    return fresh;
  }

  /** Times of text never go back: a word that is taken for a new one begins where the final ones end. */
  private afterFinal(word: TimedText): TimedText {
    return { ...word, start: Math.max(word.start, this.lastEnd), end: Math.max(word.end, this.lastEnd) };
  }
}

const same = (a: TimedText, b: TimedText): boolean => a.text.trim() === b.text.trim();
