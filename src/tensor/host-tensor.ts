/** A tensor whose contents are in JavaScript: what `forward` and `generate` return. */

/**
 * A tensor in JavaScript: its elements, row-major (neighbours differ in the last dimension), and its shape. It is a
 * Float32Array, so it can be indexed, copied and drawn as one. `postMessage` and `structuredClone` keep the elements alone.
 */
export class HostTensor extends Float32Array {
  /** Parts and copies (`subarray`, `slice`, `map`) are plain arrays: they do not have this shape. */
  static get [Symbol.species](): Float32ArrayConstructor {
    return Float32Array;
  }

  /** The elements as a plain Float32Array, over the same memory. */
  readonly data: Float32Array;
  /** The length of each dimension. Their product is the number of elements. */
  readonly shape: number[];

  /** @param data is shared, not copied */
  constructor(data: Float32Array, shape: readonly number[]) {
    super(data.buffer as ArrayBuffer, data.byteOffset, data.length);
    this.data = data;
    this.shape = [...shape];
  }
}
