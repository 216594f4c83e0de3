/** The stack of the pickle machine. A mark opens a part of it, which one instruction takes off as a whole. */

import type { ModelError } from "../../../errors";
import type { Value } from "./pickle-values";

/** Far above what a model needs: a tensor takes about 30 instructions. */
const MAX_DEPTH = 1_000_000;

export class PickleStack {
  /** The values since the last open mark. */
  private values: Value[] = [];
  /** The values below each open mark, outermost first. */
  private readonly below: Value[][] = [];
  /** All values and open marks. */
  private depth = 0;

  /** @param fail the error of the instruction that is being run */
  constructor(private readonly fail: (rule: string) => ModelError) {}

  get isEmpty(): boolean {
    return this.depth === 0;
  }

  push(value: Value): void {
    this.grow();
    this.values.push(value);
  }

  pop(): Value {
    const value = this.values.pop();
    if (value === undefined) throw this.fail("takes a value off an empty stack");
    this.depth--;
    return value;
  }

  /** The last two values, in the order in which they were pushed. */
  popPair(): [Value, Value] {
    const second = this.pop();
    return [this.pop(), second];
  }

  /** The last value, which stays. */
  top(): Value {
    const value = this.values.at(-1);
    if (value === undefined) throw this.fail("needs a value on the stack");
    return value;
  }

  mark(): void {
    this.grow();
    this.below.push(this.values);
    this.values = [];
  }

  /** The values since the last mark, which is taken off with them. */
  popMark(): Value[] {
    const outer = this.below.pop();
    if (!outer) throw this.fail("needs a mark on the stack");
    const { values } = this;
    this.values = outer;
    this.depth -= values.length + 1;
    return values;
  }

  private grow(): void {
    if (++this.depth > MAX_DEPTH) throw this.fail(`puts more than ${MAX_DEPTH} values on the stack`);
  }
}
