/** Breaks files, reproducibly: bytes that flip, vanish or appear; values of JSON that become something else. */

import { random } from "./random";

/** An integer below `n`. */
type Below = (n: number) => number;

export function chooser(seed: number): Below {
  const rng = random(seed);
  return (n) => Math.min(n - 1, Math.floor(rng.next() * n));
}

/** Any file: one to three changes at any place. */
export function mutateBytes(file: Uint8Array, below: Below): Uint8Array<ArrayBuffer> {
  let bytes = Uint8Array.from(file);
  for (let changes = 1 + below(3); changes > 0 && bytes.length > 0; changes--) {
    const at = below(bytes.length);
    const kind = below(6);
    if (kind === 0) bytes[at] ^= 1 << below(8);
    else if (kind === 1) bytes[at] = below(256);
    else if (kind === 2) bytes = spliced(bytes, at, 1 + below(8));
    else if (kind === 3)
      bytes = spliced(
        bytes,
        at,
        0,
        Array.from({ length: 1 + below(8) }, () => below(256)),
      );
    else if (kind === 4) bytes = bytes.slice(0, at);
    // Lengths and counts are where readers break.
    else bytes = spliced(bytes, at, 4, [255, 255, 255, below(2) * 255]);
  }
  return bytes;
}

/** The bytes with others in the place of `count` of them, of which there may be fewer. */
function spliced(bytes: Uint8Array, at: number, count: number, others: number[] = []): Uint8Array<ArrayBuffer> {
  const rest = bytes.subarray(at + count);
  const out = new Uint8Array(at + others.length + rest.length);
  out.set(bytes.subarray(0, at));
  out.set(others, at);
  out.set(rest, at + others.length);
  return out;
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const HOSTILE: Json[] = [
  ...[null, true, false, 0, -1, 1, 3, 2 ** 31, 2 ** 53, 1e308, -0.5, "", "0", "../../etc/passwd", "\ud800", "\0"],
  ...["__proto__", "x".repeat(5000), [], {}, [[]], [1, 2, 3], { toString: 1 }, [null], { length: 1e9 }],
];

/** JSON text: half of the time a value, key or item changes, else bytes do. */
export function mutateJson(text: string, below: Below): string | Uint8Array<ArrayBuffer> {
  if (below(2) === 0) return mutateBytes(new TextEncoder().encode(text), below);
  const root = JSON.parse(text) as { [key: string]: Json };
  for (let changes = 1 + below(2); changes > 0; changes--) {
    let parent: Record<string, Json> = root;
    for (;;) {
      const keys = Object.keys(parent);
      if (keys.length === 0) break;
      const key = keys[below(keys.length)];
      const value = parent[key];
      if (typeof value === "object" && value !== null && below(4) > 0) {
        parent = value as Record<string, Json>;
        continue;
      }
      const kind = below(5);
      if (kind === 0) delete parent[key];
      else if (kind === 1 && typeof value === "number")
        parent[key] = [value + 1, value - 1, 2 * value, -value][below(4)];
      else if (kind === 2) parent[`${key}_`] = value;
      else parent[key] = structuredClone(HOSTILE[below(HOSTILE.length)]);
      break;
    }
  }
  return JSON.stringify(root);
}
