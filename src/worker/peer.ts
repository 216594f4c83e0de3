/**
 * Calls of functions across a port. Both sides are alike: each has functions that the other may call by name, and a value may
 * hold functions, signals and streams, which stay where they are and are reached by number.
 *
 * Example: the page calls `stream([4, 5], { signal })`. Each line is a message.
 *
 *   page -> worker   call 1 "stream" [[4, 5], { signal: #1 }]
 *   page <- worker   result 1 (stream #1)
 *   page -> worker   call 2 next of #1
 *   page <- worker   result 2 { value: { row: 0, token: 9 } }
 *   page -> worker   abort #1
 *   page -> worker   call 3 next of #1
 *   page <- worker   error 3 AbortError                     the stream has ended: #1 is forgotten on both sides
 *
 * What a call sent by number is forgotten when its result has come or, if the result is a stream, when that has ended. An error
 * may come back later, as the reason of another one, and is kept weakly.
 */

import { messageOf, ModelError } from "../errors";
import { onAbort } from "../util/abort";
import { itemsOf, remoteStream } from "./remote-stream";
import { isOfStream, Scope, SharedValues, type Callable, type SharedTarget } from "./shared-values";
import { fromWire, reasonToWire, toWire, type Received, type Sent } from "./wire";

/** A worker, the inside of one, or a MessagePort. */
export interface Port {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(type: "message", listener: (event: MessageEvent) => void): void;
  removeEventListener(type: "message", listener: (event: MessageEvent) => void): void;
}

export interface PeerOptions {
  /** What the other side may call by name. */
  functions: Record<string, Callable>;
  /** Whether the buffers of typed arrays in results move to the other side instead of being copied. Default false. */
  transfer?: boolean;
  /** Goes with every message. */
  note?: () => unknown;
  /** Gets the note of every message. */
  onNote?: (note: unknown) => void;
}

type Target = { name: string } | SharedTarget;

type Message =
  | { type: "call"; id: number; target: Target; args: unknown[] }
  | { type: "tell"; name: string; args: unknown[] }
  | { type: "result"; id: number; value: unknown }
  | { type: "error"; id: number; error: unknown }
  | { type: "abort"; signal: number; reason: unknown };

/** A call that waits for its answer. */
interface Pending {
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
  scope: Scope;
}

export class Peer {
  private closed: { error: unknown } | undefined;
  private readonly pending = new Map<number, Pending>();
  private readonly shared = new SharedValues();
  /** For each signal of the other side, by its number there. */
  private readonly controllers = new Map<number, AbortController>();
  /** Errors of the other side, and their numbers there. */
  private readonly theirs = new WeakMap<object, number>();

  constructor(
    private readonly port: Port,
    private readonly options: PeerOptions,
  ) {
    port.addEventListener("message", this.listen);
  }

  /** Calls a function of the other side by its name. */
  call(name: string, args: readonly unknown[]): Promise<unknown> {
    return this.send({ name }, args);
  }

  /** The same without an answer. The arguments are plain data. */
  tell(name: string, args: readonly unknown[]): void {
    if (!this.closed) this.post({ type: "tell", name, args: [...args] });
  }

  /** Ends it: calls and streams in progress, and those to come, reject with this error. */
  close(error: unknown): void {
    if (this.closed) return;
    this.closed = { error };
    this.port.removeEventListener("message", this.listen);
    for (const { reject, scope } of this.pending.values()) {
      scope.end();
      reject(error);
    }
    this.pending.clear();
    this.shared.leaveStreams();
  }

  private post(message: Message, buffers: Iterable<Transferable> = []): void {
    const { note } = this.options;
    this.port.postMessage({ ...message, ...(note && { note: note() }) }, [...buffers]);
  }

  private send(target: Target, args: readonly unknown[]): Promise<unknown> {
    const { closed, pending } = this;
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what was given is what they get
    if (closed) return Promise.reject(closed.error);
    const id = this.shared.nextId();
    const scope = new Scope();
    return new Promise((resolve, reject) => {
      pending.set(id, { resolve, reject, scope });
      try {
        const sent = this.sentIn(scope);
        this.post({ type: "call", id, target, args: args.map((arg) => toWire(arg, sent)) });
      } catch (error) {
        pending.delete(id);
        scope.end();
        reject(unsendable(error));
      }
    });
  }

  private readonly listen = ({ data }: MessageEvent): void => {
    const message = data as Message & { note?: unknown };
    if ("note" in message) this.options.onNote?.(message.note);
    switch (message.type) {
      case "call":
        return void this.answer(message.id, message.target, message.args);
      case "tell":
        return void this.options.functions[message.name](...(message.args as never[]));
      case "result":
        return this.settle(message.id, (call, received) => call.resolve(fromWire(message.value, received)));
      case "error":
        return this.settle(message.id, (call, received) => call.reject(fromWire(message.error, received)));
      case "abort":
        // A call without other messages has no scope here any more; a reason is read back by its own side only.
        return this.controllers.get(message.signal)?.abort(fromWire(message.reason, this.receivedIn(new Scope())));
    }
  };

  private settle(id: number, settle: (call: Pending, received: Received) => void): void {
    const call = this.pending.get(id);
    if (!call) return;
    this.pending.delete(id);
    settle(call, this.receivedIn(call.scope));
    call.scope.end();
  }

  private async answer(id: number, target: Target, args: unknown[]): Promise<void> {
    const { shared } = this;
    const own = new Scope();
    // What a callback or a stream says belongs to the call that brought it.
    const scope = shared.scopeOf(target) ?? own;
    try {
      const received = this.receivedIn(scope);
      const given = args.map((arg) => fromWire(arg, received)) as never[];
      const value = await ("name" in target
        ? this.options.functions[target.name](...given)
        : shared.run(target, given));
      const buffers = this.options.transfer ? new Set<Transferable>() : undefined;
      this.post({ type: "result", id, value: toWire(value, this.sentIn(scope), buffers) }, buffers);
      if (isOfStream(target) && (value as IteratorResult<unknown>).done) shared.forgetStream(target);
    } catch (error) {
      this.post({ type: "error", id, error: thrownToWire(error, this.sentIn(scope)) });
      if (isOfStream(target)) shared.forgetStream(target);
    }
    own.end();
  }

  private sentIn(scope: Scope): Sent {
    const { shared, theirs } = this;
    return {
      function: (value) => shared.addFunction(value, scope),
      stream: (value) => shared.addStream(itemsOf(value), scope),
      object: (value) => shared.addError(value),
      numberOf: (value) => theirs.get(value),
      signal: (value) => {
        const signal = shared.nextId();
        const abort = (): void => {
          this.post({ type: "abort", signal, reason: reasonToWire(value.reason, this.sentIn(scope)) });
        };
        scope.onEnd(onAbort(value, abort));
        return signal;
      },
    };
  }

  private receivedIn(scope: Scope): Received {
    const { shared, theirs, controllers } = this;
    return {
      function:
        (id) =>
        (...args) =>
          this.send({ function: id }, args),
      stream: (id) => {
        scope.openStream();
        return remoteStream({
          next: () => this.send({ next: id }, []) as Promise<IteratorResult<unknown>>,
          leave: async () => {
            if (!this.closed) await this.send({ return: id }, []);
          },
          end: () => scope.closeStream(),
        });
      },
      object: (value, id) => void theirs.set(value, id),
      own: (id) => shared.errorOf(id),
      signal(id, aborted, reason) {
        const controller = new AbortController();
        if (aborted) controller.abort(reason);
        else controllers.set(id, controller);
        scope.onEnd(() => controllers.delete(id));
        return controller.signal;
      },
    };
  }
}

/** An error that cannot be sent is described in words. */
function thrownToWire(error: unknown, sent: Sent): unknown {
  const wire = reasonToWire(error, sent);
  try {
    structuredClone(wire);
    return wire;
  } catch {
    return toWire(new Error(String(error)), sent);
  }
}

function unsendable(error: unknown): ModelError {
  const reason = messageOf(error);
  return new ModelError(
    "invalid_input",
    `An argument cannot be sent to the worker: ${reason}`,
    "Pass plain data, or load the model with worker: false.",
    { cause: error },
  );
}
