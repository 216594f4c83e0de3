/** Many calls on one model in a page, with a device taken away now and then. */

import type { Seq2Seq } from "../../../src/index";
import { loadInThisThread } from "../shared/in-this-thread";
import { tinyCheckpoint } from "../shared/tiny";
import { bytesOn, callOf, compare, text } from "./device-faults";
import { faults, install, state } from "./moments";
import { CALLS } from "./random-calls";

export interface SoakReport {
  /** Calls that did not give what they give alone. */
  wrong: string[];
  /** Bytes by the engine's account, and the buffers that live. */
  engine: number;
  buffers: number;
  /** Devices opened so far. */
  devices: number;
}

let loaded: Promise<Seq2Seq> | undefined;
const expected: string[] = [];
const { signal } = new AbortController();

/** Calls number `from` to `from + count`; a device is lost in every `loseEvery`-th. */
export async function soak(from: number, count: number, loseEvery: number): Promise<SoakReport> {
  install();
  faults();
  const model = await (loaded ??= loadInThisThread(tinyCheckpoint({ layers: 1 }), { device: "webgpu" }));
  if (expected.length === 0) {
    for (const call of CALLS) expected.push(text(await callOf(model, call, signal, () => undefined)));
  }
  const wrong = [];
  for (let i = from; i < from + count; i++) {
    const number = i % CALLS.length;
    faults(i % loseEvery === loseEvery - 1 ? [{ method: "submit", at: 1 }] : []);
    try {
      const outcome = compare(await callOf(model, CALLS[number], signal, () => undefined), expected[number]);
      if (outcome !== "same") wrong.push(`call ${i}: ${outcome}`);
    } catch (error) {
      wrong.push(`call ${i}: ${String(error)}`);
    }
  }
  // After a loss no session is kept; the next calls make them again.
  for (const call of CALLS) await callOf(model, call, signal, () => undefined);
  return { wrong, engine: bytesOn(model), buffers: state.live.size, devices: state.devices.length };
}
