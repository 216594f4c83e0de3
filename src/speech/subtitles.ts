/** Transcripts as files: SRT, WebVTT, TSV, JSON and plain text. */

/** A stretch of text with its times in seconds. */
export interface TimedText {
  /** With the space before it. */
  text: string;
  /** When it begins. */
  start: number;
  /** When it ends. */
  end: number;
}

/** A word of a transcript. */
export interface TimedWord extends TimedText {
  /**
   * How probable it is, from 0 to 1: the mean of the probabilities of its tokens among all tokens of text, without punctuation that is
   * joined to it. That is openai-whisper's `probability`; transformers gives words none.
   */
  probability?: number;
}

/** A segment; with its words, lines are cut and highlighted by their times. */
export interface TimedSegment extends TimedText {
  words?: readonly TimedText[];
}

/** How text is cut into subtitles, with the names of openai-whisper. */
export interface SubtitleOptions {
  /** The most characters of a line. Default: no limit. */
  max_line_width?: number;
  /** The most lines of a subtitle. Default: no limit: each segment is one subtitle. */
  max_line_count?: number;
  /** The most words of a line. Default: no limit. */
  max_words_per_line?: number;
  /** Whether each word is underlined while it is spoken; needs words. Default false. */
  highlight_words?: boolean;
}

interface Cue {
  /** In milliseconds. */
  start: number;
  end: number;
  text: string;
}

/** Without room in the subtitle, text of another segment goes on in it unless it comes later than this, in seconds. */
const LONG_PAUSE = 3;

/** A word, with the white space before it. */
type Piece = TimedText & { breaksLine?: boolean };

/** Subtitles in order; none overlaps the one before, and each lasts at least a millisecond. */
function cuesOf(segments: readonly TimedSegment[], options: SubtitleOptions): Cue[] {
  const subtitles = segmentsAreEnough(options)
    ? segments.map((segment): Piece[] => [{ ...segment, text: segment.text.trim() }])
    : subtitlesOf(segments, options);
  const cues = subtitles.flatMap((pieces) => (options.highlight_words ? highlighted(pieces) : [whole(pieces)]));
  const out: Cue[] = [];
  for (const cue of cues) {
    if (cue.text === "") continue;
    const start = Math.max(Math.round(1000 * cue.start), out.at(-1)?.end ?? 0);
    out.push({ text: cue.text, start, end: Math.max(Math.round(1000 * cue.end), start + 1) });
  }
  return out;
}

const segmentsAreEnough = ({ max_line_width, max_words_per_line, highlight_words }: SubtitleOptions): boolean =>
  max_line_width === undefined && max_words_per_line === undefined && !highlight_words;

/** Lines are filled word by word; a subtitle ends when its lines are full, and at the end of a segment if there is no limit. */
function subtitlesOf(segments: readonly TimedSegment[], options: SubtitleOptions): Piece[][] {
  const { max_line_width: width = Infinity, max_words_per_line: perLine = Infinity } = options;
  const { max_line_count: lines = Infinity } = options;
  const keepSegments = options.max_line_count === undefined || options.max_line_width === undefined;
  const out: Piece[][] = [];
  let subtitle: Piece[] = [];
  let [length, count, wordsInLine, last] = [0, 1, 0, 0];
  for (const segment of segments) {
    wordsOf(segment).forEach((word, i) => {
      const pause = !keepSegments && word.start - last > LONG_PAUSE;
      const opensSegment = keepSegments && i === 0 && subtitle.length > 0;
      const fits = length + word.text.length <= width && wordsInLine < perLine;
      if (subtitle.length > 0 && fits && !pause && !opensSegment) {
        subtitle.push(word);
        length += word.text.length;
        wordsInLine++;
      } else {
        const text = word.text.trim();
        const isFull = subtitle.length > 0 && (pause || opensSegment || count >= lines);
        if (isFull) {
          out.push(subtitle);
          subtitle = [];
          count = 1;
        } else if (subtitle.length > 0) count++;
        subtitle.push({ ...word, text, breaksLine: subtitle.length > 0 });
        [length, wordsInLine] = [text.length, 1];
      }
      last = word.start;
    });
  }
  if (subtitle.length > 0) out.push(subtitle);
  return out;
}

/** Without times of words, a segment's time is divided among them by their characters. */
function wordsOf({ words, text, start, end }: TimedSegment): Piece[] {
  if (words) return words.filter((word) => word.text.trim() !== "");
  const pieces = text.match(/\s*\S+/g) ?? [];
  const total = pieces.reduce((sum, piece) => sum + piece.length, 0);
  let at = 0;
  return pieces.map((piece) => {
    const from = start + ((end - start) * at) / total;
    at += piece.length;
    return { text: piece, start: from, end: start + ((end - start) * at) / total };
  });
}

const joined = (pieces: readonly Piece[], decorate = (text: string, _: number): string => text): string =>
  pieces.map((piece, i) => (piece.breaksLine ? "\n" : "") + decorate(piece.text, i)).join("");

const whole = (pieces: readonly Piece[]): Cue => ({
  start: pieces[0].start,
  end: pieces[pieces.length - 1].end,
  text: joined(pieces),
});

const [UNDERLINE, END_UNDERLINE] = ["\u0001", "\u0002"];

/** One cue for each word, which is underlined, and one for each pause. */
function highlighted(pieces: readonly Piece[]): Cue[] {
  const text = joined(pieces);
  let last = pieces[0].start;
  return pieces.flatMap((piece, i) => {
    const mark = (word: string, at: number): string =>
      at === i ? word.replace(/\S.*/s, (shown) => UNDERLINE + shown + END_UNDERLINE) : word;
    const pause = piece.start > last ? [{ start: last, end: piece.start, text }] : [];
    last = Math.max(last, piece.end);
    return [...pause, { start: piece.start, end: piece.end, text: joined(pieces, mark) }];
  });
}

const underlined = (text: string): string => text.replaceAll(UNDERLINE, "<u>").replaceAll(END_UNDERLINE, "</u>");

/** "00:00:01,500" */
function clock(ms: number, separator: string): string {
  const two = (n: number): string => String(Math.floor(n)).padStart(2, "0");
  const time = `${two(ms / 3_600_000)}:${two((ms / 60_000) % 60)}:${two((ms / 1000) % 60)}`;
  return `${time}${separator}${String(ms % 1000).padStart(3, "0")}`;
}

/** SubRip. Its text knows no escapes: the arrow that separates times is written with one dash less. */
export function toSRT(segments: readonly TimedSegment[], options: SubtitleOptions = {}): string {
  return cuesOf(segments, options)
    .map(({ start, end, text }, i) => {
      const times = `${clock(start, ",")} --> ${clock(end, ",")}`;
      // An empty line would end the subtitle.
      return `${i + 1}\n${times}\n${underlined(text.replaceAll("-->", "->").replace(/\n\s*\n/g, "\n"))}\n`;
    })
    .join("\n");
}

/** WebVTT (w3.org/TR/webvtt1). */
export function toVTT(segments: readonly TimedSegment[], options: SubtitleOptions = {}): string {
  const cues = cuesOf(segments, options).map(({ start, end, text }) => {
    const escaped = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
    return `${clock(start, ".")} --> ${clock(end, ".")}\n${underlined(escaped.replace(/\n\s*\n/g, "\n"))}\n`;
  });
  return ["WEBVTT\n", ...cues].join("\n");
}

/** Times in milliseconds, as openai-whisper writes them. */
export function toTSV(segments: readonly TimedSegment[]): string {
  const rows = cuesOf(segments, {}).map(
    ({ start, end, text }) => `${start}\t${end}\t${text.replace(/[\t\r\n]+/g, " ")}\n`,
  );
  return `start\tend\ttext\n${rows.join("")}`;
}

/** A line for each segment. */
export const toText = (segments: readonly TimedSegment[]): string =>
  segments.map(({ text }) => `${text.trim()}\n`).join("");
