/** Live text by a model that hears tones: what is final never changes, and all of it is there in the end. */

import { expect, test } from "vitest";
import { transcribeLive, type LiveText } from "../../src/speech/live";
import { spoken, sung, toneSpeech, WORDS } from "../support/node/tone-model";

/** Blocks of a tenth of a second. */
async function* blocksOf(samples: Float32Array): AsyncGenerator<Float32Array, void, undefined> {
  for (let at = 0; at < samples.length; at += 1600) {
    await Promise.resolve();
    yield samples.slice(at, at + 1600);
  }
}

test.each([3, 20, 70])("%i seconds", async (seconds) => {
  const said = spoken(seconds);
  const { speech, stats } = await toneSpeech();
  const pieces: LiveText[] = [];
  for await (const piece of transcribeLive(speech, blocksOf(sung(said, seconds)), { interval: 1 })) pieces.push(piece);
  const final = pieces.filter((piece) => piece.final);
  const text = final.map((piece) => piece.text).join("");
  expect(text).toBe(said.map(({ word }) => ` ${WORDS[word]}`).join(""));
  final.forEach(({ start, end }, i) => {
    expect(end).toBeGreaterThanOrEqual(start);
    if (i > 0) expect(start).toBeGreaterThanOrEqual(final[i - 1].start);
  });
  // What is shown before it is final is what it becomes, but for a word that is not over.
  expect(pieces.some((piece) => !piece.final)).toBe(true);
  expect(pieces.at(-1).final).toBe(true);
  expect(stats.calls.every((windows) => windows === 1)).toBe(true);
});

test("the first text is shown after one interval of sound and one run", async () => {
  const { speech, stats } = await toneSpeech();
  let heard = 0;
  const counting = async function* (): AsyncGenerator<Float32Array, void, undefined> {
    for await (const block of blocksOf(sung(spoken(10), 10))) {
      heard += block.length;
      yield block;
      // Sound comes no faster than it is played.
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const stream = transcribeLive(speech, counting(), { interval: 1 });
  const { value } = await stream.next();
  expect((value as LiveText).final).toBe(false);
  expect((value as LiveText).text).toBe(` ${WORDS[spoken(1)[0].word]} ${WORDS[spoken(1)[1].word]}`);
  expect(stats.calls.length).toBe(1);
  expect(heard).toBeLessThan(3 * 16000);
  await stream.return();
});

test("the first text needs 1.5 s of sound and one run: it is there although no more sound comes", async () => {
  const { speech, stats } = await toneSpeech();
  const paused = async function* (): AsyncGenerator<Float32Array, void, undefined> {
    yield* blocksOf(sung(spoken(1.5), 1.5));
    await new Promise(() => undefined);
  };
  const stream = transcribeLive(speech, paused(), { interval: 1 });
  const { value } = await stream.next();
  expect((value as LiveText).text).toContain(WORDS[spoken(1)[0].word]);
  expect(stats.calls).toEqual([1]);
});

test("leaving the loop stops the sound; aborting rejects with the reason", async () => {
  const { speech } = await toneSpeech();
  let stopped = false;
  const endless = async function* (): AsyncGenerator<Float32Array, void, undefined> {
    try {
      for (;;) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        yield sung(spoken(1), 1);
      }
    } finally {
      stopped = true;
    }
  };
  for await (const _ of transcribeLive(speech, endless(), {})) break;
  await expect.poll(() => stopped).toBe(true);

  const controller = new AbortController();
  const aborted = (async () => {
    for await (const _ of transcribeLive(speech, endless(), {}, controller.signal)) controller.abort("enough");
  })();
  await expect(aborted).rejects.toBe("enough");

  // Where nothing comes, too.
  const silent = new AbortController();
  const waiting = transcribeLive(
    speech,
    { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => undefined) }) },
    {},
    silent.signal,
  ).next();
  setTimeout(() => silent.abort("no sound"), 10);
  await expect(waiting).rejects.toBe("no sound");
});

test("an error of the sound is thrown", async () => {
  const { speech } = await toneSpeech();
  const broken = async function* (): AsyncGenerator<Float32Array, void, undefined> {
    yield new Float32Array(1600);
    throw new Error("the cable is out");
  };
  const read = async (): Promise<void> => {
    for await (const _ of transcribeLive(speech, broken(), {})) void _;
  };
  await expect(read()).rejects.toThrow("the cable is out");
});
