/**
 * Values as a port can carry them. Structured clone does most of the work. What it refuses or changes is written as a small
 * object under one key, and read back on the other side: functions, signals, streams, URLs, and errors with their class, code
 * and cause.
 */

import { ModelError, quote, type ErrorCode } from "../errors";
import { HostTensor } from "../tensor/host-tensor";

/** Anything that a reader takes item by item. */
export type Items = AsyncIterable<unknown>;

/** What the sender remembers of a value that stays on its side, by number. */
export interface Sent {
  function(value: (...args: never[]) => unknown): number;
  signal(value: AbortSignal): number;
  stream(value: Items): number;
  /** An object that comes back as itself if the other side returns or throws it. */
  object(value: object): number;
  /** The number of an object that came from the other side with `Received.object`. */
  numberOf(value: object): number | undefined;
}

/** What the receiver makes of those numbers. */
export interface Received {
  function(id: number): (...args: unknown[]) => Promise<unknown>;
  signal(id: number, aborted: boolean, reason: unknown): AbortSignal;
  stream(id: number): Items;
  /** Remembers where an object came from. */
  object(value: object, id: number): void;
  /** One's own object of that number, unless it is forgotten. */
  own(id: number): object | undefined;
}

/** Stands in no data of a model or a call. */
const KIND = "attendant:kind";

const written = (kind: string, fields: object) => ({ [KIND]: kind, ...fields });

const isSignal = (value: object): value is AbortSignal => "aborted" in value && "throwIfAborted" in value;

/**
 * A copy for `postMessage`. Arrays and plain objects are copied, so those of a framework that watches them go through, too.
 * @param transfer collects the buffers of typed arrays, which then move to the other side and are empty on this one
 */
export function toWire(value: unknown, sent: Sent, transfer?: Set<Transferable>): unknown {
  const inner = (part: unknown): unknown => toWire(part, sent, transfer);
  if (typeof value === "function") return written("function", { id: sent.function(value as () => unknown) });
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof HostTensor) return written("tensor", { data: inner(value.data), shape: value.shape });
  if (ArrayBuffer.isView(value)) {
    if (transfer && value.buffer instanceof ArrayBuffer) transfer.add(value.buffer);
    // The clone of a part of a buffer would carry all of it.
    else if (value.byteLength < value.buffer.byteLength && "slice" in value) return (value as Uint8Array).slice();
    return value;
  }
  if (Array.isArray(value)) return value.map(inner);
  if (value instanceof URL) return value.href;
  if (value instanceof Error || isDomException(value)) return errorToWire(value, sent);
  if (isSignal(value)) {
    const { aborted } = value;
    const reason: unknown = value.reason;
    return written("signal", {
      id: sent.signal(value),
      aborted,
      reason: aborted ? reasonToWire(reason, sent) : undefined,
    });
  }
  // A directory's handle can be looped over, too, but it is cloned.
  if ("getReader" in value || ("next" in value && Symbol.asyncIterator in value)) {
    return written("stream", { id: sent.stream(value as Items) });
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, inner(part)]));
}

/** What was thrown, or why something was aborted: any value, which is to come back as itself. */
export function reasonToWire(reason: unknown, sent: Sent): unknown {
  if (typeof reason !== "object" || reason === null || reason instanceof Error || isDomException(reason))
    return toWire(reason, sent);
  return written("object", { id: sent.object(reason) });
}

export function fromWire(value: unknown, received: Received): unknown {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  const inner = (part: unknown): unknown => fromWire(part, received);
  if (Array.isArray(value)) return value.map(inner);
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  if (!(KIND in value)) return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, inner(part)]));
  const { id } = value as unknown as { id: number };
  switch (value[KIND]) {
    case "function":
      return received.function(id);
    case "signal": {
      const { aborted, reason } = value as unknown as { aborted: boolean; reason: unknown };
      return received.signal(id, aborted, inner(reason));
    }
    case "stream":
      return received.stream(id);
    case "tensor": {
      const { data, shape } = value as unknown as HostTensor;
      return new HostTensor(data, shape);
    }
    case "object": {
      const stand = new Error("A value that was thrown on the other side of the worker.");
      received.object(stand, id);
      return stand;
    }
    default:
      return errorFromWire(value as unknown as WireError, received);
  }
}

interface WireError {
  id: number;
  /** Its number on the other side, where it came from. */
  own?: number;
  name: string;
  message: string;
  stack?: string;
  /** Of a ModelError. */
  code?: ErrorCode;
  hint?: string;
  isModelError: boolean;
  isDomException: boolean;
  cause?: unknown;
}

/** jsdom and Node make those of another realm, so the class is not asked for. */
const isDomException = (value: object): value is DOMException =>
  Object.prototype.toString.call(value) === "[object DOMException]";

function errorToWire(error: Error, sent: Sent): unknown {
  const { name, message, stack } = error;
  const { code, hint } = error as ModelError;
  const fields: WireError = {
    id: sent.object(error),
    own: sent.numberOf(error),
    name,
    message,
    stack,
    isModelError: error instanceof ModelError,
    isDomException: isDomException(error),
    ...(error instanceof ModelError && { code, hint }),
    ...("cause" in error && { cause: causeToWire(error.cause, sent) }),
  };
  return written("error", fields);
}

/** A cause is for people; what cannot be sent is sent as text. */
function causeToWire(cause: unknown, sent: Sent): unknown {
  if (typeof cause !== "object" || cause === null) return typeof cause === "function" ? quote(cause) : cause;
  return cause instanceof Error || isDomException(cause) ? errorToWire(cause, sent) : quote(cause);
}

const CLASSES: Record<string, new (message: string, options?: ErrorOptions) => Error> = {
  TypeError,
  RangeError,
  SyntaxError,
  ReferenceError,
  EvalError,
  URIError,
};

function errorFromWire(wire: WireError, received: Received): Error {
  const mine = wire.own === undefined ? undefined : received.own(wire.own);
  if (mine) return mine as Error;
  const { name, message, stack, code, hint } = wire;
  const options = "cause" in wire ? { cause: fromWire(wire.cause, received) } : undefined;
  let error: Error;
  if (wire.isModelError) error = new ModelError(code ?? "internal", message, hint, options);
  else if (wire.isDomException) error = new DOMException(message, name);
  else {
    error = new (CLASSES[name] ?? Error)(message, options);
    if (error.name !== name) Object.defineProperty(error, "name", { value: name, configurable: true });
  }
  if (stack !== undefined) Object.defineProperty(error, "stack", { value: stack, configurable: true, writable: true });
  received.object(error, wire.id);
  return error;
}
