/**
 * The precompiled character map of a SentencePiece model: what each character, or short run of characters, is replaced by.
 *
 * Layout: u32 length of the trie in bytes; the trie; then the replacements, each ended by a zero byte. The trie is a
 * double array as Darts-clone makes it (github.com/s-yata/darts-clone): one u32 a unit, the unit at index
 * `base ^ byte` is the child for `byte` when its label is that byte, and a unit with a leaf has its value at `base`.
 */

import { ModelError } from "../../errors";

/** The largest known map, nmt_nfkc_cf's, has less than 400 kB. */
const MAX_BYTES = 8 << 20;

const label = (unit: number) => unit & 0x800000ff;
const hasLeaf = (unit: number) => (unit & 0x100) !== 0;
const offset = (unit: number) => (unit >>> 10) << ((unit & 0x200) >>> 6);
const value = (unit: number) => unit & 0x7fffffff;

export class Charsmap {
  private readonly units: Uint32Array;
  private readonly replacements: Uint8Array;

  /** @throws ModelError `invalid_tokenizer` when the blob is malformed anywhere that a text could reach */
  constructor(blob: Uint8Array, file: string) {
    const fail = (what: string) =>
      new ModelError("invalid_tokenizer", `${file}: the character map is malformed: ${what}.`);
    if (blob.length > MAX_BYTES) throw fail(`${blob.length} bytes, more than ${MAX_BYTES}`);
    const length = blob.length < 5 ? 0 : new DataView(blob.buffer, blob.byteOffset).getUint32(0, true);
    if (length < 4 || length % 4 !== 0 || length > blob.length - 5) {
      throw fail(`a trie of ${length} bytes in ${blob.length}`);
    }
    const view = new DataView(blob.buffer, blob.byteOffset + 4, length);
    this.units = Uint32Array.from({ length: length / 4 }, (_, i) => view.getUint32(4 * i, true));
    this.replacements = blob.subarray(4 + length);
    const wrong = this.check();
    if (wrong) throw fail(wrong);
  }

  /**
   * The longest key at `at`.
   * @returns its length (0: none), with the replacement's place in `found`
   */
  longest(bytes: Uint8Array, at: number, found: { start: number; end: number }): number {
    let length = 0;
    this.walk(bytes, at, (end, start) => {
      length = end - at;
      found.start = start;
      return false;
    });
    if (length > 0) found.end = this.replacements.indexOf(0, found.start);
    return length;
  }

  /** The replacement of the shortest key that `bytes` begin with, which is what the tokenizers library asks for. */
  shortest(bytes: Uint8Array): Uint8Array | undefined {
    let start = -1;
    this.walk(bytes, 0, (_, found) => {
      start = found;
      return true;
    });
    return start < 0 ? undefined : this.replacement(start, this.replacements.indexOf(0, start));
  }

  replacement(start: number, end: number): Uint8Array {
    return this.replacements.subarray(start, end);
  }

  /** Calls `use` for each key at `at`, shortest first, until it returns true. */
  private walk(bytes: Uint8Array, at: number, use: (end: number, start: number) => boolean): void {
    const { units } = this;
    let node = offset(units[0]);
    for (let i = at; i < bytes.length; i++) {
      const byte = bytes[i];
      node ^= byte;
      const unit = units[node];
      if (label(unit) !== byte) return;
      node ^= offset(unit);
      if (hasLeaf(unit) && use(i + 1, value(units[node]))) return;
    }
  }

  /** Visits every unit that some text leads to; says what is wrong with the first bad one. */
  private check(): string | undefined {
    const { units, replacements } = this;
    if (replacements[replacements.length - 1] !== 0) return "the replacements have no end";
    const visited = new Uint8Array(units.length);
    const bases = [offset(units[0])];
    for (let base = bases.pop(); base !== undefined; base = bases.pop()) {
      // All 256 children must lie in the array, or looking one up would read past it.
      if ((base | 255) >= units.length) return `a unit points to ${base} of ${units.length}`;
      for (let byte = 0; byte < 256; byte++) {
        const node = base ^ byte;
        const unit = units[node];
        if (label(unit) !== byte || visited[node]) continue;
        visited[node] = 1;
        const next = node ^ offset(unit);
        if ((next | 255) >= units.length) return `a unit points to ${next} of ${units.length}`;
        if (hasLeaf(unit) && value(units[next]) >= replacements.length) return "a value lies past the replacements";
        bases.push(next);
      }
    }
    return undefined;
  }
}
