/** Cuts text into segments that a model translates one at a time, and keeps the white space between them. */

export interface Segment {
  /** White space (line breaks too) in front of it. */
  before: string;
  /** Without white space at its ends; never empty. */
  text: string;
}

export interface Segments {
  segments: Segment[];
  /** White space after the last one. */
  after: string;
}

/** Returns the number of tokens of a text. */
export type Measure = (text: string) => number;

/**
 * A paragraph of at most `whole` tokens is one segment, because context helps a model. A longer one is split into sentences,
 * and a sentence of more than `limit` tokens into pieces that end at punctuation or between words.
 * @param language BCP 47 tag of the text: the ends of sentences and words depend on it
 */
export function splitText(text: string, language: string, measure: Measure, whole: number, limit: number): Segments {
  const parts = text
    .split(/(\n+)/)
    .flatMap((paragraph) => (measured(paragraph, whole) ? [paragraph] : sentences(paragraph, language)))
    .flatMap((part) => (measured(part, limit) ? [part] : pieces(part, language, (piece) => measured(piece, limit))));
  const segments: Segment[] = [];
  let before = "";
  for (const part of parts) {
    const inner = part.trim();
    if (inner === "") {
      before += part;
      continue;
    }
    const start = part.indexOf(inner);
    segments.push({ before: before + part.slice(0, start), text: inner });
    before = part.slice(start + inner.length);
  }
  return { segments, after: before };

  function measured(part: string, most: number): boolean {
    return part.trim() === "" || measure(part.trim()) <= most;
  }
}

/** Abbreviations, which only look like the end of a sentence. */
const ABBREVIATION = /(?:^|[\s(])(?:\p{Lu}|Mr|Mrs|Ms|Dr|Prof|St|No|vs|etc|e\.g|i\.e|z\.B|bzw|p\.ex|M|Mme|Mlle)\.\s*$/u;

function sentences(paragraph: string, language: string): string[] {
  const found: string[] = [];
  for (const { segment } of new Intl.Segmenter(language, { granularity: "sentence" }).segment(paragraph)) {
    const last = found.length - 1;
    if (last >= 0 && ABBREVIATION.test(found[last])) found[last] += segment;
    else found.push(segment);
  }
  return found;
}

/** The longest pieces that fit, cut after punctuation if possible, else between words, else between characters. */
function pieces(sentence: string, language: string, fits: (piece: string) => boolean): string[] {
  for (const cut of [clauses, words, characters]) {
    const units = cut(sentence, language);
    if (units.length < 2) continue;
    const joined: string[] = [];
    for (const unit of units) {
      const last = joined.length - 1;
      if (last >= 0 && fits(joined[last] + unit)) joined[last] += unit;
      else joined.push(unit);
    }
    return joined.flatMap((piece) => (fits(piece) ? [piece] : pieces(piece, language, fits)));
  }
  return [sentence];
}

const clauses = (text: string): string[] => text.split(/(?<=[,;:，；：、])/u);

/** White space stays with the word before it. */
function words(text: string, language: string): string[] {
  const found: string[] = [];
  for (const { segment } of new Intl.Segmenter(language, { granularity: "word" }).segment(text)) {
    if (found.length > 0 && segment.trim() === "") found[found.length - 1] += segment;
    else found.push(segment);
  }
  return found;
}

function characters(text: string, language: string): string[] {
  const found = new Intl.Segmenter(language, { granularity: "grapheme" }).segment(text);
  return Array.from(found, ({ segment }) => segment);
}
