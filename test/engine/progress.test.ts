/** The one stream of progress of a load. */

import { expect, test } from "vitest";
import { ProgressMeter, type LoadProgress } from "../../src/engine/progress";
import type { Surveyed } from "../../src/loading/survey";

function meter(expected?: Surveyed[]) {
  const events: LoadProgress[] = [];
  const clock = { now: 0 };
  const made = new ProgressMeter(
    (event) => void events.push(event),
    () => clock.now,
  );
  if (expected) made.expect(expected);
  const file = (name: string, loaded: number, total?: number): void => {
    clock.now += 100;
    made.file({ phase: "download", file: name, loaded, total });
  };
  return { events, clock, made, file };
}
const shard = (file: string, size?: number): Surveyed => ({ file, weights: true, size, stored: 0 });
const tokenizer = (size: number): Surveyed => ({ file: "tokenizer.json", weights: false, size, stored: 0 });
const brief = (events: LoadProgress[]) => events.map(({ phase, file, loaded, total }) => [phase, file, loaded, total]);

test("bytes of all large files are one stream, and the last event is the total", () => {
  const { events, made, file } = meter([tokenizer(100), shard("a.safetensors", 400), shard("b.safetensors", 500)]);
  file("config.json", 7, 7);
  file("tokenizer.json", 60, 100);
  file("a.safetensors", 10, 400);
  file("b.safetensors", 500, 500);
  file("a.safetensors", 400, 400);
  made.phase("upload", "weights");
  made.phase("compile", "shaders");
  expect(brief(events)).toEqual([
    ["download", "config.json", 0, 1000],
    ["download", "tokenizer.json", 60, 1000],
    // What comes before the weights is not read any more.
    ["download", "a.safetensors", 110, 1000],
    ["download", "b.safetensors", 610, 1000],
    ["download", "a.safetensors", 1000, 1000],
    ["upload", "weights", 1000, 1000],
    ["compile", "shaders", 1000, 1000],
  ]);
});

test("a file that is read twice, as the headers of shards are, does not fall back", () => {
  const { events, file } = meter([shard("a.safetensors", 400), shard("b.safetensors", 500)]);
  for (const bytes of [0, 300, 0, 100, 400]) file("a.safetensors", bytes, 400);
  expect(events.map(({ loaded }) => loaded)).toEqual([0, 300, 300, 300, 400]);
});

test("without sizes in advance the first event waits for the weights, and the total is theirs", () => {
  const { events, file } = meter();
  file("config.json", 7, 7);
  expect(events).toEqual([]);
  file("model.safetensors", 0, 400);
  file("model.safetensors", 400, 400);
  expect(brief(events)).toEqual([
    ["download", "config.json", 0, 400],
    ["download", "model.safetensors", 0, 400],
    ["download", "model.safetensors", 400, 400],
  ]);
});

test("a length that nobody knows is in no event; one that was too small is not passed", () => {
  const unknown = meter([shard("a.safetensors", 400), shard("b.safetensors")]);
  unknown.file("a.safetensors", 400, 400);
  unknown.file("b.safetensors", 900);
  expect(unknown.events.map(({ loaded, total }) => [loaded, total])).toEqual([
    [400, undefined],
    [1300, undefined],
  ]);
  const compressed = meter([shard("a.safetensors", 400)]);
  compressed.file("a.safetensors", 900);
  expect(compressed.events.map(({ loaded, total }) => [loaded, total])).toEqual([[400, 400]]);
});

test("at most an event each 50 ms, but of the news all", () => {
  const { events, clock, made, file } = meter([shard("a.safetensors", 1000)]);
  file("a.safetensors", 1, 1000);
  const start = clock.now;
  for (let bytes = 2; bytes < 1000; bytes++) {
    clock.now = start + bytes / 10;
    made.file({ phase: "download", file: "a.safetensors", loaded: bytes, total: 1000 });
  }
  expect(events.length).toBe(2);
  made.file({ phase: "download", file: "a.safetensors", loaded: 1000, total: 1000 });
  made.phase("verify", "a.safetensors");
  expect(brief(events.slice(2))).toEqual([
    ["download", "a.safetensors", 1000, 1000],
    ["verify", "a.safetensors", 1000, 1000],
  ]);
});

test("the speed is that of the last seconds, and says how long the rest takes", () => {
  const { events, clock, made } = meter([shard("a.safetensors", 10_000)]);
  const at = (ms: number, loaded: number): LoadProgress => {
    clock.now = ms;
    made.file({ phase: "download", file: "a.safetensors", loaded, total: 10_000 });
    return events[events.length - 1];
  };
  expect(at(0, 0).bytesPerSecond).toBeUndefined();
  expect(at(1000, 100)).toMatchObject({ bytesPerSecond: 100, secondsLeft: 99 });
  expect(at(2000, 200)).toMatchObject({ bytesPerSecond: 100, secondsLeft: 98 });
  for (let second = 3; second <= 9; second++) at(second * 1000, 200 + (second - 2) * 1000);
  expect(at(9100, 7300).bytesPerSecond).toBeCloseTo(1000, -2);
});

test("a small file that is compared before the sizes are known leaves the total as it is", () => {
  const { events, made, file } = meter();
  made.phase("verify", "config.json");
  made.expect([shard("a.safetensors", 400)]);
  file("a.safetensors", 400, 400);
  expect(brief(events)).toEqual([["download", "a.safetensors", 400, 400]]);
});
