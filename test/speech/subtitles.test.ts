/** Transcripts as files, and that subtitles keep their promises whatever the segments are. */

import { expect, test } from "vitest";
import { toSRT, toText, toTSV, toVTT, type SubtitleOptions, type TimedSegment } from "../../src/speech/subtitles";
import { random } from "../support/shared/random";

const words = (text: string, start: number): TimedSegment => {
  const pieces = text.match(/\s*\S+/g)!;
  const timed = pieces.map((piece, i) => ({ text: piece, start: start + i, end: start + i + 0.5 }));
  return { text, start, end: start + pieces.length - 0.5, words: timed };
};

const SEGMENTS: TimedSegment[] = [
  { text: " It was the best of times,", start: 0, end: 2.5 },
  { text: " it was <the> worst & --> of\ttimes.", start: 2.5, end: 3661.0015 },
];

test("SRT", () => {
  expect(toSRT(SEGMENTS)).toBe(`1
00:00:00,000 --> 00:00:02,500
It was the best of times,

2
00:00:02,500 --> 01:01:01,002
it was <the> worst & -> of\ttimes.
`);
});

test("WebVTT", () => {
  expect(toVTT(SEGMENTS)).toBe(`WEBVTT

00:00:00.000 --> 00:00:02.500
It was the best of times,

00:00:02.500 --> 01:01:01.002
it was &lt;the&gt; worst &amp; --&gt; of\ttimes.
`);
});

test("TSV and plain text", () => {
  expect(toTSV(SEGMENTS)).toBe(
    "start\tend\ttext\n0\t2500\tIt was the best of times,\n2500\t3661002\tit was <the> worst & --> of times.\n",
  );
  expect(toText(SEGMENTS)).toBe("It was the best of times,\nit was <the> worst & --> of\ttimes.\n");
});

/** The texts of the subtitles alone. */
const texts = (segments: TimedSegment[], options: SubtitleOptions): string[] =>
  toSRT(segments, options)
    .split(/\n\n(?=\d)/)
    .map((cue) => cue.trim().split("\n").slice(2).join("\n"));

test("lines and subtitles are filled up, and end with the segment where a limit is missing", () => {
  const two = [words(" one two three four five six", 0), words(" seven eight", 6)];
  expect(texts(two, { max_line_width: 13 })).toEqual(["one two three\nfour five six", "seven eight"]);
  expect(texts(two, { max_line_width: 13, max_line_count: 1 })).toEqual([
    "one two three",
    "four five six",
    "seven eight",
  ]);
  expect(texts(two, { max_line_width: 28, max_line_count: 2 })).toEqual(["one two three four five six\nseven eight"]);
  expect(texts(two, { max_words_per_line: 4 })).toEqual(["one two three four\nfive six", "seven eight"]);
  // A word that is longer than a line has a line of its own.
  expect(texts([words(" a extraordinarily b", 0)], { max_line_width: 5 })).toEqual(["a\nextraordinarily\nb"]);
  // After a long pause another subtitle begins.
  const apart = [words(" one two", 0), words(" three", 10)];
  expect(texts(apart, { max_line_width: 40, max_line_count: 2 })).toEqual(["one two", "three"]);
});

test("without times of words a segment's time is divided among them", () => {
  const segment = { text: " ab cd efgh", start: 10, end: 21 };
  expect(toSRT([segment], { max_line_width: 6, max_line_count: 1 })).toBe(
    "1\n00:00:10,000 --> 00:00:16,000\nab cd\n\n2\n00:00:16,000 --> 00:00:21,000\nefgh\n",
  );
});

test("each word is underlined while it is spoken, and none in a pause", () => {
  expect(toVTT([words(" one two", 1)], { highlight_words: true })).toBe(`WEBVTT

00:00:01.000 --> 00:00:01.500
<u>one</u> two

00:00:01.500 --> 00:00:02.000
one two

00:00:02.000 --> 00:00:02.500
one <u>two</u>
`);
});

test("no subtitle overlaps another or ends before it begins; all words are there in order", () => {
  const { next } = random(20170612);
  for (let round = 0; round < 300; round++) {
    const segments: TimedSegment[] = [];
    for (let i = 0; i < 6; i++) {
      const start = 20 * next();
      const timed = Array.from({ length: Math.floor(8 * next()) }, (_, k) => {
        const at = start + 3 * next();
        return { text: ` w${round}x${i}x${k}`, start: at, end: at + next() - 0.2 };
      });
      const segment = { text: timed.map(({ text }) => text).join(""), start, end: start + 3 * next() - 0.5 };
      segments.push(next() < 0.5 ? segment : { ...segment, words: timed });
    }
    const options: SubtitleOptions = {
      max_line_width: next() < 0.5 ? undefined : 1 + Math.floor(40 * next()),
      max_line_count: next() < 0.5 ? undefined : 1 + Math.floor(3 * next()),
      max_words_per_line: next() < 0.5 ? undefined : 1 + Math.floor(5 * next()),
      highlight_words: next() < 0.2,
    };
    const srt = toSRT(segments, options);
    const ms = (time: string): number =>
      time.split(/[:,]/).reduce((sum, part, i) => sum + Number(part) * [3_600_000, 60_000, 1000, 1][i], 0);
    let last = 0;
    for (const [, start, end] of srt.matchAll(/^(\S+) --> (\S+)$/gm)) {
      expect(ms(start)).toBeGreaterThanOrEqual(last);
      expect(ms(end)).toBeGreaterThan(ms(start));
      last = ms(end);
    }
    if (options.highlight_words) continue;
    const said = [...srt.matchAll(/w\d+x\d+x\d+/g)].map(([word]) => word);
    expect(said).toEqual(segments.flatMap(({ text }) => text.trim().split(/\s+/).filter(Boolean)));
    for (const line of srt.split("\n")) {
      if (!line.includes("w")) continue;
      const count = line.split(" ").length;
      if (options.max_words_per_line) expect(count).toBeLessThanOrEqual(options.max_words_per_line);
      if (options.max_line_width && count > 1) expect(line.length).toBeLessThanOrEqual(options.max_line_width);
    }
  }
});
