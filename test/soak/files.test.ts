/**
 * `npm run test:soak`: 50,000 models with a broken file, each loaded: it works or is refused with a ModelError. Memory is printed at the
 * start and at the end. ATTENDANT_SOAK_FILES asks for another number, ATTENDANT_SOAK_SEED for other files.
 */

import { expect, it } from "vitest";
import { heldBytes } from "../support/node/garbage";
import { KINDS, loadMutants, noOutcome } from "../support/shared/hostile";

const FILES = Number(process.env.ATTENDANT_SOAK_FILES ?? 50_000);
const SEED = Number(process.env.ATTENDANT_SOAK_SEED ?? 1);
/** Of each kind, at a time: the mutants of a round are in memory together. */
const PER_ROUND = 50;
const MIB = 2 ** 20;

/** In MiB. */
function memory(): { heap: number; arrays: number } {
  const { heap, arrays } = heldBytes();
  return { heap: heap / MIB, arrays: arrays / MIB };
}

it(`${FILES} broken files leave nothing behind`, async () => {
  const total = noOutcome();
  const rounds = Math.ceil(FILES / (PER_ROUND * KINDS.length));
  // The first round fills the caches of the engine and of Node.
  await loadMutants(PER_ROUND, SEED);
  const before = memory();
  for (let round = 0; round < rounds; round++) {
    const { loaded, refused, codes, wrong, slowest } = await loadMutants(PER_ROUND, SEED + round);
    total.loaded += loaded;
    total.refused += refused;
    for (const [code, count] of Object.entries(codes)) total.codes[code] = (total.codes[code] ?? 0) + count;
    total.wrong.push(...wrong.map((text) => `seed ${SEED + round}: ${text}`));
    if (slowest.ms > total.slowest.ms) total.slowest = slowest;
  }
  const after = memory();
  console.log(`start: heap ${before.heap.toFixed(1)} MiB, array buffers ${before.arrays.toFixed(1)} MiB`);
  console.log(`end: heap ${after.heap.toFixed(1)} MiB, array buffers ${after.arrays.toFixed(1)} MiB`);
  // One of each kind in a round is whole.
  console.log(`${total.loaded} loaded, ${total.refused} refused`, total.codes, "slowest", total.slowest);
  expect(total.wrong).toEqual([]);
  expect(total.loaded + total.refused).toBe(rounds * (PER_ROUND + 1) * KINDS.length);
  expect(after.heap - before.heap).toBeLessThan(32);
  expect(after.arrays - before.arrays).toBeLessThan(32);
});
