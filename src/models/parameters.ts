/**
 * Where each tensor of a checkpoint goes on the device.
 *
 * A model file declares its parameters: every declaration makes a zeroed device tensor and notes which
 * checkpoint tensors fill which of its rows. Weights can then be placed in whatever order a file streams them,
 * one at a time, and matrices that are multiplied together (query, key and value) lie together without a copy.
 */

import { ModelError } from "../errors";
import type { PackedFormat } from "../tensor/packed-rows";
import type { Norm, Ops } from "../ops/ops";
import type { WeightFormat } from "../tensor/weight-format";
import { sameShape, shapeText, size, type Tensor } from "../tensor/tensor";
import { CheckpointNames, type Announced } from "./checkpoint-names";
import { formatOfPlaces, writePackedRows, writeRows, type Expected, type Placement } from "./placements";
import { checkFinite, checkHalves, checkPacked, withoutMinusInfinity } from "./weight-values";

/** The eps of torch's norms, where no configuration says another. */
const TORCH_EPS = 1e-5;

/** Names of tensors for a message: the first eight, and how many there are. */
export const nameList = (names: readonly string[]): string =>
  names.slice(0, 8).join(", ") + (names.length > 8 ? `, … (${names.length})` : "");

export class Parameters {
  private readonly names: CheckpointNames;
  private readonly declared = new Set<string>();
  /** By the name that stands for it. */
  private readonly expected = new Map<string, Expected>();
  private readonly ignored = new Set<string>();
  /** Device tensors that hold a whole checkpoint tensor, so that tied matrices share one. */
  private readonly whole = new Map<string, Tensor>();
  private readonly zeroed = new Map<number, Tensor>();

  /**
   * @param tensors of the checkpoint
   * @param format of the matrices; biases, norms and tables stay in f32. "exact": those that the checkpoint has in F16 are f16
   *   and the others f32, which are the same numbers in the fewest bytes
   */
  constructor(
    private readonly ops: Ops,
    tensors: Iterable<Announced>,
    private readonly format: WeightFormat | "exact" = "f32",
  ) {
    this.names = new CheckpointNames(tensors);
  }

  /** See {@link CheckpointNames.prefix}. */
  setPrefix(prefix: string): void {
    this.names.prefix = prefix;
  }

  has(name: string): boolean {
    return this.names.shapeOf(name) !== undefined;
  }

  /** Rows of a checkpoint tensor, for lengths that only the weights know. */
  rowCount(name: string): number | undefined {
    return this.names.shapeOf(name)?.[0];
  }

  /**
   * A device tensor that the checkpoint tensor of this name fills; the same one each time it is asked for.
   * @param format "f32" for what is added rather than multiplied, such as positions
   */
  tensor(name: string, shape: readonly number[], format?: WeightFormat): Tensor {
    const stored = this.names.memoryOf(name);
    const known = this.whole.get(stored);
    if (known && sameShape(known.shape, shape)) {
      this.declared.add(this.names.stored(name));
      return known;
    }
    const tensor = this.rows(name, shape, 0, shape[0], format);
    this.whole.set(stored, tensor);
    return tensor;
  }

  /** `tensor` of the first of these names that the checkpoint has: a tied matrix may be stored under any of them. */
  tensorOf(names: readonly string[], shape: readonly number[]): Tensor {
    return this.tensor(names.find((name) => this.has(name)) ?? names[0], shape);
  }

  /**
   * Checkpoint tensors of one shape, one under the other: query, key and value in one product. Zeros stand for one that has no
   * name.
   */
  stacked(names: readonly (string | undefined)[], shape: readonly number[]): Tensor {
    const given = names.filter((name) => name !== undefined);
    const tensor = this.allocate([names.length * shape[0], ...shape.slice(1)], given, shape);
    names.forEach((name, i) => {
      if (name === undefined) return;
      this.place(name, shape, { tensor, from: 0, rows: shape[0], start: i * size(shape) });
    });
    return tensor;
  }

  /**
   * A checkpoint tensor whose rows the device has in another order, in f32.
   * @param own shape on the device, with as many rows
   * @param arrange from a row of the checkpoint to one of the device
   */
  arranged(
    name: string,
    shape: readonly number[],
    own: readonly number[],
    arrange: (row: Float32Array) => Float32Array,
  ): Tensor {
    const tensor = this.allocate([...own], [name], shape, "f32");
    this.place(name, shape, { tensor, from: 0, rows: shape[0], start: 0, arrange });
    return tensor;
  }

  /** What is added to the logits, of this shape in the checkpoint: (V) or (1, V). -Infinity in it bans a token. */
  logitsBias(name: string, length: number, shape: readonly number[]): Tensor {
    const tensor = this.allocate([length], [name], shape);
    this.place(name, shape, { tensor, from: 0, rows: shape[0], start: 0, mayBan: true });
    return tensor;
  }

  /** A bias where the model has none. */
  zeros(length: number): Tensor {
    const known = this.zeroed.get(length) ?? this.ops.create([length], "f32", "weights");
    this.zeroed.set(length, known);
    return known;
  }

  /** Makes what is optional elsewhere, such as the bias of a norm, an error where it is missing. */
  require(name: string): void {
    this.declared.add(this.names.stored(name));
  }

  /** Names that a checkpoint may hold though nothing reads them: what is computed here, or tied to something else. */
  ignore(...names: readonly string[]): void {
    for (const name of names) this.ignored.add(this.names.stored(name));
  }

  /** A device tensor filled by rows `from` .. `from + rows - 1` of a checkpoint tensor of shape `shape`. */
  rows(name: string, shape: readonly number[], from: number, rows: number, format?: WeightFormat): Tensor {
    const tensor = this.allocate([rows, ...shape.slice(1)], [name], shape, format);
    this.place(name, shape, { tensor, from, rows, start: 0 });
    return tensor;
  }

  /** A checkpoint tensor whose second half of rows comes first on the device. */
  halvesExchanged(name: string, shape: readonly number[]): Tensor {
    const tensor = this.allocate([...shape], [name], shape);
    const rows = shape[0] / 2;
    this.place(name, shape, { tensor, from: rows, rows, start: 0 });
    this.place(name, shape, { tensor, from: 0, rows, start: size(shape) / 2 });
    return tensor;
  }

  /** A bias: zeros where the checkpoint has none of this name. */
  bias(name: string, length: number, from = 0, rows = length): Tensor {
    return this.has(name) ? this.rows(name, [length], from, rows) : this.zeros(rows);
  }

  /** torch's `nn.Linear`: `name.weight` (N, K) and `name.bias` (N). */
  linear(name: string, n: number, k: number): { weight: Tensor; bias: Tensor } {
    return { weight: this.tensor(`${name}.weight`, [n, k]), bias: this.tensor(`${name}.bias`, [n]) };
  }

  /** `name.weight` and, where present, `name.bias`, in one (2, D) tensor. A root mean square norm has no bias. */
  norm(name: string, width: number, eps = TORCH_EPS, kind: "layer" | "rms" = "layer"): Norm {
    const weights = this.allocate([2, width], [`${name}.weight`], [width], "f32");
    this.place(`${name}.weight`, [width], { tensor: weights, from: 0, rows: width, start: 0 });
    if (kind === "layer" && this.has(`${name}.bias`)) {
      this.place(`${name}.bias`, [width], { tensor: weights, from: 0, rows: width, start: width });
    }
    return { weights, eps, kind };
  }

  /** A norm whose gain is stored as its distance from 1, under a name of its own, and that has no bias. */
  unitOffsetNorm(name: string, width: number, eps = TORCH_EPS): Norm {
    const weights = this.allocate([2, width], [name], [width], "f32");
    // Each element is a row of what the checkpoint has.
    this.place(name, [width], { tensor: weights, from: 0, rows: width, start: 0, change: (gain) => gain + 1 });
    return { weights, eps };
  }

  /** A number of the checkpoint, as a tensor of one element. */
  scalar(name: string): Tensor {
    const tensor = this.allocate([1], [name], [], "f32");
    this.place(name, [], { tensor, from: 0, rows: 1, start: 0 });
    return tensor;
  }

  /** Only what the checkpoint can fill is allocated: for the rest `check` will throw, whatever config.json asks for. */
  private allocate(
    shape: number[],
    names: readonly string[],
    expected: readonly number[],
    format: WeightFormat = shape.length === 2 ? this.matrixFormat(names) : "f32",
  ): Tensor {
    const fits = names.every((name) => sameShape(this.names.shapeOf(name) ?? [NaN], expected));
    return fits ? this.ops.create(shape, format, "weights") : { shape, dtype: format };
  }

  /** The format of a matrix that tensors of these names fill. */
  private matrixFormat(names: readonly string[]): WeightFormat {
    if (this.format !== "exact") return this.format;
    return names.every((name) => this.names.dtypeOf(name) === "F16") ? "f16" : "f32";
  }

  private place(name: string, shape: readonly number[], placement: Placement): void {
    const stored = this.names.memoryOf(name);
    const expected = this.expected.get(stored) ?? { shape, placements: [] };
    expected.placements.push(placement);
    this.expected.set(stored, expected);
    this.declared.add(this.names.stored(name));
  }

  /**
   * Throws unless the checkpoint has what was declared, names and shapes. Called before any data is read.
   * @returns the tensors that nothing reads, in the order of the file
   */
  check(file: string): string[] {
    const missing = [...this.declared].filter((name) => !this.names.shapes.has(name));
    if (missing.length > 0) {
      const prefix = this.names.prefixBefore(missing);
      throw new ModelError(
        "missing_tensor",
        `${file}: missing tensors that config.json asks for: ${nameList(missing)}.`,
        prefix === undefined
          ? undefined
          : `The file has them with "${prefix}" before their names, from a wrapper of the model. Save the state dict of the model itself.`,
      );
    }
    for (const [name, shape] of this.names.shapes) {
      const expected = this.expected.get(name)?.shape ?? shape;
      if (sameShape(shape, expected)) continue;
      throw new ModelError(
        "wrong_shape",
        `${file}: tensor "${name}" has shape ${shapeText(shape)}, config.json asks for ${shapeText(expected)}.`,
      );
    }
    return [...this.names.shapes.keys()].filter((name) => !this.isKnown(name));
  }

  /** Read, passed over on purpose, or another name of a tensor that is. */
  private isKnown(name: string): boolean {
    return this.declared.has(name) || this.ignored.has(name) || this.expected.has(this.names.memoryOf(name));
  }

  /** Whether the data of a checkpoint tensor goes anywhere. */
  wants(name: string): boolean {
    return this.expected.has(name);
  }

  /** How the device stores a checkpoint tensor: one format for all places that asked for it, else "f32". */
  formatOf(name: string): WeightFormat {
    return formatOfPlaces(this.expected.get(name)?.placements ?? []);
  }

  /**
   * As `fill`, of rows that are packed already.
   * @param format that of `formatOf`
   */
  fillPacked(file: string, name: string, format: PackedFormat | "f16", words: Uint32Array, start: number): void {
    const expected = this.expected.get(name);
    if (!expected) return;
    const [, width] = expected.shape;
    const row = start / width;
    checkPacked(file, name, format, words, row, width);
    writePackedRows(this.ops, expected, format, words, row);
  }

  /** Uploads whole rows of a checkpoint tensor, from element `start` on, to the places that asked for them. */
  fill(file: string, name: string, data: Float32Array, start = 0): void {
    const expected = this.expected.get(name);
    if (!expected) return;
    const { shape, placements } = expected;
    const values = placements.every(({ mayBan }) => mayBan) ? withoutMinusInfinity(data) : data;
    checkFinite(file, name, values, start, shape);
    if (placements.some(({ tensor }) => tensor.dtype === "f16")) checkHalves(file, name, values, start);
    writeRows(this.ops, expected, values, start);
  }
}
