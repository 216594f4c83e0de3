/** How many steps are put in flight, on simulated devices: time passes only as they say. */

import { expect, it } from "vitest";
import { adaptivePace, steadyPace, type Pace } from "../../src/ops/pace";

interface Device {
  /** ms of a step. */
  step: number;
  /** ms from the end of a step until its result can be read. */
  latency?: number;
  /** The browser looks for results every so many ms. */
  poll?: number;
}

/** Decodes `count` tokens as the decode loop does; returns the ms per token of the second half. */
function decode(pace: Pace, { step, latency = 0, poll }: Device, count = 400): number {
  let now = 0;
  let free = 0; // when the device has done what was submitted
  const inFlight: number[] = [];
  let half = 0;
  for (let i = 0; i < count; i++) {
    while (inFlight.length < pace.limit) {
      free = Math.max(now, free) + step;
      const ready = free + latency;
      inFlight.push(poll ? Math.ceil(ready / poll) * poll : ready);
    }
    const at = inFlight.shift() ?? 0;
    pace.waited(Math.max(0, at - now));
    now = Math.max(now, at);
    if (i === count / 2) half = now;
  }
  return (now - half) / (count / 2 - 1);
}

it.each([
  { name: "Firefox on a software adapter", least: 1, device: { step: 7, poll: 100 }, most: 9 },
  { name: "Firefox on a GPU", least: 3, device: { step: 0.4, poll: 100 }, most: 4 },
  { name: "a GPU with a slow read-back", least: 3, device: { step: 0.2, latency: 3 }, most: 0.3 },
])("hides the time of reading: $name", ({ least, device, most }) => {
  const pace = adaptivePace(least, 32);
  expect(decode(pace, device)).toBeLessThan(most);
  expect(pace.limit).toBeLessThanOrEqual(32);
});

it.each([
  { name: "a software adapter", least: 1, device: { step: 14 } },
  { name: "a GPU", least: 3, device: { step: 2, latency: 0.5 } },
])("computes nothing ahead where steps take the time: $name", ({ least, device }) => {
  const pace = adaptivePace(least, 32);
  decode(pace, device);
  expect(pace.limit).toBe(least);
});

it("goes back when the device has become slow", () => {
  const pace = adaptivePace(1, 32);
  decode(pace, { step: 1, latency: 30 });
  expect(pace.limit).toBeGreaterThan(8);
  decode(pace, { step: 20 });
  expect(pace.limit).toBe(1);
});

it("does not judge waits with an interruption between them", () => {
  const pace = adaptivePace(1, 32);
  for (let i = 0; i < 40; i++) {
    pace.waited(100);
    pace.waited(undefined);
    pace.waited(0);
    pace.waited(undefined);
  }
  expect(pace.limit).toBe(2);
});

it("stays as it is on backends that compute at once", () => {
  const pace = steadyPace(1);
  decode(pace, { step: 1, latency: 50 });
  expect(pace.limit).toBe(1);
});
