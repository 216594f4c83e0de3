/**
 * A map from sequences of small numbers (bytes or UTF-16 units) to numbers, walked one unit at a time.
 *
 * All edges lie in one hash table with open addressing, keyed by (node, unit), so that a vocabulary of 250,000 pieces is
 * four typed arrays and not a million objects.
 */

/** No value at this node, or no such node. */
export const NONE = -1;

const ROOT = 0;

export class Trie {
  private nodes = 1;
  private edges = 0;
  private mask = (1 << 10) - 1;
  /** Slot of an edge: the node it leaves, plus one (0 is a free slot); its unit; the node it leads to. */
  private from = new Int32Array(this.mask + 1);
  private units = new Uint16Array(this.mask + 1);
  private to = new Int32Array(this.mask + 1);
  private values = new Int32Array(1 << 10).fill(NONE);

  static readonly root = ROOT;

  /** Nothing has been added. */
  get empty(): boolean {
    return this.nodes === 1;
  }

  /** The node that `unit` leads to, or {@link NONE}. */
  child(node: number, unit: number): number {
    for (let slot = this.slot(node, unit); this.from[slot] !== 0; slot = (slot + 1) & this.mask) {
      if (this.from[slot] === node + 1 && this.units[slot] === unit) return this.to[slot];
    }
    return NONE;
  }

  /** The value of the key that ends at `node`, or {@link NONE}. */
  value(node: number): number {
    return this.values[node];
  }

  addText(key: string, value: number): void {
    let node = ROOT;
    for (let i = 0; i < key.length; i++) node = this.step(node, key.charCodeAt(i));
    this.values[node] = value;
  }

  addBytes(key: Uint8Array, value: number): void {
    let node = ROOT;
    for (const byte of key) node = this.step(node, byte);
    this.values[node] = value;
  }

  /** Length of the longest key that `bytes` has at `at`; 0 if there is none. */
  longestBytes(bytes: Uint8Array, at: number): number {
    let longest = 0;
    for (let node = ROOT, i = at; i < bytes.length;) {
      node = this.child(node, bytes[i++]);
      if (node === NONE) break;
      if (this.values[node] !== NONE) longest = i - at;
    }
    return longest;
  }

  /** The longest key that `text` has at `at`: its value and its length. */
  longestText(text: string, at: number): { value: number; length: number } | undefined {
    let longest: { value: number; length: number } | undefined;
    for (let node = ROOT, i = at; i < text.length;) {
      node = this.child(node, text.charCodeAt(i++));
      if (node === NONE) break;
      if (this.values[node] !== NONE) longest = { value: this.values[node], length: i - at };
    }
    return longest;
  }

  private slot(node: number, unit: number): number {
    const mixed = Math.imul(node, 0x9e3779b1) ^ Math.imul(unit + 1, 0x85ebca6b);
    return (mixed ^ (mixed >>> 15)) & this.mask;
  }

  private step(node: number, unit: number): number {
    const known = this.child(node, unit);
    if (known !== NONE) return known;
    if (2 * this.edges > this.mask) this.grow();
    if (this.nodes === this.values.length) {
      const values = new Int32Array(2 * this.values.length).fill(NONE);
      values.set(this.values);
      this.values = values;
    }
    this.insert(node, unit, this.nodes);
    return this.nodes++;
  }

  private insert(node: number, unit: number, target: number): void {
    let slot = this.slot(node, unit);
    while (this.from[slot] !== 0) slot = (slot + 1) & this.mask;
    this.from[slot] = node + 1;
    this.units[slot] = unit;
    this.to[slot] = target;
    this.edges++;
  }

  private grow(): void {
    const { from, units, to } = this;
    this.mask = 2 * this.mask + 1;
    this.from = new Int32Array(this.mask + 1);
    this.units = new Uint16Array(this.mask + 1);
    this.to = new Int32Array(this.mask + 1);
    this.edges = 0;
    for (let i = 0; i < from.length; i++) if (from[i] !== 0) this.insert(from[i] - 1, units[i], to[i]);
  }
}
