/** Mutated safetensors files: each loads with the same structure or is refused. */

import { describe, expect, test } from "vitest";
import { ModelError } from "../../../src/errors";
import { readSafetensors } from "../../../src/loading/formats/safetensors";
import type { OpenFile } from "../../../src/loading/sources/files";
import type { TensorPiece } from "../../../src/loading/formats/tensors";
import { allocated } from "../../support/node/allocation";
import { f32, makeSafetensors, openBytes } from "../../support/shared/safetensors";

async function readAll(file: OpenFile): Promise<TensorPiece[]> {
  const tensors: TensorPiece[] = [];
  for await (const piece of readSafetensors(file, "model.safetensors")) {
    tensors.push({ ...piece, data: piece.data.slice() });
  }
  return tensors;
}

describe("fuzz", () => {
  const file = makeSafetensors(
    { "encoder.x": f32([1, 2, 3, 4], [2, 2]), empty: f32([], [0]), "decoder.y": f32([5]), z: f32([6, 7]) },
    { format: "pt" },
  );
  const headerEnd = file.length - 28;

  /** mulberry32 */
  function generator(seed: number): (below: number) => number {
    return (below) => {
      seed = (seed + 0x6d2b79f5) | 0;
      let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
    };
  }

  function mutate(random: (below: number) => number): Uint8Array {
    const kind = random(6);
    const copy = file.slice();
    if (kind === 0) copy[random(8)] ^= 1 << random(8);
    else if (kind === 1) copy[8 + random(headerEnd - 8)] ^= 1 << random(8);
    else if (kind === 2) copy[headerEnd + random(28)] = random(256);
    else if (kind === 3) return copy.slice(0, random(file.length));
    else {
      // Insert bytes; half of the time with a header length that accounts for them, to get past the length check.
      const at = kind === 4 ? random(file.length + 1) : 8 + random(headerEnd - 8);
      const alphabet = '{}[]",:0123456789 \\ue\0\xff';
      const insert = Array.from({ length: 1 + random(4) }, () => alphabet.charCodeAt(random(alphabet.length)));
      const longer = Uint8Array.of(...file.slice(0, at), ...insert, ...file.slice(at));
      if (kind === 5) new DataView(longer.buffer).setBigUint64(0, BigInt(headerEnd - 8 + insert.length), true);
      return longer;
    }
    return copy;
  }

  test("1,200 mutated files load with the same structure or throw ModelError", async () => {
    const random = generator(20170612);
    const outcomes = { loaded: 0, refused: 0 };
    const bodyOnly = (mutant: Uint8Array) =>
      mutant.length === file.length && mutant.slice(0, headerEnd).every((byte, i) => byte === file[i]);
    for (let i = 0; i < 1200; i++) {
      const mutant = mutate(random);
      const size = i % 2 ? null : mutant.length;
      const opened = openBytes(mutant, 1 + random(200), size);
      let result: unknown;
      const { largest } = await allocated(async () => {
        result = await readAll(opened).catch((error: unknown) => error);
      });
      expect(largest).toBeLessThanOrEqual(2 * mutant.length);
      if (Array.isArray(result)) {
        outcomes.loaded++;
        // A flipped letter in a name is a different but well-formed file: the sizes must still be those of the body.
        expect(result.length).toBe(4);
        expect(result.reduce((sum: number, t: TensorPiece) => sum + t.data.length, 0)).toBe(28);
        if (bodyOnly(mutant))
          expect(result.map((t: TensorPiece) => t.name)).toEqual(["encoder.x", "empty", "decoder.y", "z"]);
      } else {
        outcomes.refused++;
        expect(result).toBeInstanceOf(ModelError);
        expect((result as ModelError).code).toBe("invalid_weights");
        expect(bodyOnly(mutant)).toBe(false);
      }
    }
    expect(outcomes.loaded).toBeGreaterThan(200);
    expect(outcomes.refused).toBeGreaterThan(500);
  });
});
