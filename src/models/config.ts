/** Typed reading of config.json: each getter names the field, the rule and the value that broke it. */

import { ModelError, quote } from "../errors";
import type { Activation } from "../ops/ops";

/** Lengths where positions have no end: what caches and batches are limited to. */
export const MAX_SOURCE = 8192;
export const MAX_TARGET = 2048;

/** Far beyond any model, and small enough that a wrong number is reported before it fills the memory. */
export const MAX = { width: 1 << 16, layers: 512, vocabulary: 10_000_000, positions: 1 << 17 };

/**
 * Activations by the names of Hugging Face's ACT2FN; several of them are the same function. Two of its names are missing:
 * prelu and xielu have parameters of their own.
 */
const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  relu: "relu",
  gelu: "gelu",
  gelu_python: "gelu",
  gelu_new: "gelu_new",
  gelu_fast: "gelu_new",
  gelu_accurate: "gelu_new",
  gelu_pytorch_tanh: "gelu_new",
  gelu_python_tanh: "gelu_new",
  quick_gelu: "quick_gelu",
  silu: "silu",
  swish: "silu",
  tanh: "tanh",
  linear: "none",
  gelu_10: "gelu_10",
  hardswish: "hardswish",
  laplace: "laplace",
  leaky_relu: "leaky_relu",
  mish: "mish",
  relu2: "relu2",
  relu6: "relu6",
  sigmoid: "sigmoid",
  sqrtsoftplus: "sqrtsoftplus",
};

const isId = (value: unknown, vocabSize: number): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) < vocabSize;

export class ConfigReader {
  /** @param aliases second names of fields; where a field has both, the alias counts, as in Hugging Face's `attribute_map` */
  constructor(
    private readonly fields: Readonly<Record<string, unknown>>,
    private readonly aliases: Readonly<Record<string, string>> = {},
    private readonly file = "config.json",
  ) {}

  /** An integer from `min` to `max`; `fallback` where the field is absent. */
  integer(name: string, [min, max]: readonly [number, number], fallback?: number): number {
    const value = this.value(name, fallback);
    if (!Number.isSafeInteger(value) || (value as number) < min || (value as number) > max) {
      throw this.wrong(name, `an integer from ${min} to ${max}`, value);
    }
    return value as number;
  }

  positive(name: string, fallback?: number): number {
    const value = this.value(name, fallback);
    if (typeof value !== "number" || !(value > 0 && value < 1e30)) throw this.wrong(name, "a positive number", value);
    return value;
  }

  boolean(name: string, fallback?: boolean): boolean {
    const value = this.value(name, fallback);
    if (typeof value !== "boolean") throw this.wrong(name, "true or false", value);
    return value;
  }

  oneOf<T extends string>(name: string, choices: readonly T[], fallback?: T): T {
    const value = this.value(name, fallback);
    if (!choices.includes(value as T)) {
      const message = `${this.file}: ${name} is ${quote(value)}; supported: ${choices.join(", ")}.`;
      throw new ModelError(typeof value === "string" ? "unsupported_model" : "invalid_config", message);
    }
    return value as T;
  }

  /** Hugging Face's name of an activation. */
  activation(name: string, fallback: string): Activation {
    return ACTIVATIONS[this.oneOf(name, Object.keys(ACTIVATIONS), fallback)];
  }

  /** A token id below `vocabSize`. */
  token(name: string, vocabSize: number, fallback?: number): number {
    const value = this.integer(name, [0, MAX.vocabulary], fallback);
    if (value >= vocabSize) throw this.wrong(name, `a token id below the vocabulary size ${vocabSize}`, value);
    return value;
  }

  /**
   * A token id that nothing but generation reads: `fallback` where config.json has none below `vocabSize`. Many files say
   * -1 for "none".
   */
  spareToken(name: string, vocabSize: number, fallback: number): number {
    const value = this.find(name);
    return isId(value, vocabSize) ? value : fallback;
  }

  /** One such token id or a list of them; ids that are not below `vocabSize` never come up. */
  spareTokens(name: string, vocabSize: number, fallback: number): number[] {
    const value = this.find(name) ?? fallback;
    return (Array.isArray(value) ? (value as unknown[]) : [value]).filter((id) => isId(id, vocabSize));
  }

  /** One token id or a list of them. */
  tokens(name: string, vocabSize: number, fallback?: number): number[] {
    const value = this.value(name, fallback);
    const list: unknown[] = Array.isArray(value) ? value : [value];
    if (list.length === 0 || !list.every((id) => isId(id, vocabSize))) {
      throw this.wrong(name, `a token id below the vocabulary size ${vocabSize}, or a list of them`, value);
    }
    return list;
  }

  /** Whether the file says that there is no such token: null, or a number below 0. */
  saysNone(name: string): boolean {
    const value = this.fields[name];
    return value === null || (typeof value === "number" && value < 0);
  }

  has(name: string): boolean {
    return this.find(name) !== undefined;
  }

  invalid(message: string): ModelError {
    return new ModelError("invalid_config", `${this.file}: ${message}.`);
  }

  unsupported(message: string): ModelError {
    return new ModelError("unsupported_model", `${this.file}: ${message}, which is not supported.`);
  }

  private value(name: string, fallback?: unknown): unknown {
    const value = this.find(name) ?? fallback;
    if (value === undefined) throw this.invalid(`${name} is missing`);
    return value;
  }

  private find(name: string): unknown {
    // Both count as read, whichever stands.
    const own = this.fields[name];
    return this.fields[this.aliases[name]] ?? own ?? undefined;
  }

  private wrong(name: string, rule: string, value: unknown): ModelError {
    return this.invalid(`${name} must be ${rule}, not ${quote(value)}`);
  }
}
