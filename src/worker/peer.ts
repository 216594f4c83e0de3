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
import { fromWire, reasonToWire, toWire, type Received, type Sent } from "./wire";

/** A worker, the inside of one, or a MessagePort. */
export interface Port {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(type: "message", listener: (event: MessageEvent) => void): void;
  removeEventListener(type: "message", listener: (event: MessageEvent) => void): void;
}

type Functions = Record<string, (...args: never[]) => unknown>;

export interface PeerOptions {
  /** What the other side may call by name. */
  functions: Functions;
  /** Whether the buffers of typed arrays in results move to the other side instead of being copied. Default false. */
  transfer?: boolean;
  /** Goes with every message. */
  note?: () => unknown;
  /** Gets the note of every message. */
  onNote?: (note: unknown) => void;
}

export interface Peer {
  /** Calls a function of the other side by its name. */
  call(name: string, args: readonly unknown[]): Promise<unknown>;
  /** The same without an answer. The arguments are plain data. */
  tell(name: string, args: readonly unknown[]): void;
  /** Ends it: calls and streams in progress, and those to come, reject with this error. */
  close(error: unknown): void;
}

type Target = { name: string } | { function: number } | { next: number } | { return: number };

type Message =
  | { type: "call"; id: number; target: Target; args: unknown[] }
  | { type: "tell"; name: string; args: unknown[] }
  | { type: "result"; id: number; value: unknown }
  | { type: "error"; id: number; error: unknown }
  | { type: "abort"; signal: number; reason: unknown };

/** What one call has sent or received by number, and how to forget it. */
interface Scope {
  forget: (() => void)[];
  /** Streams that go on after the call. */
  streams: number;
}

interface Pending {
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
  scope: Scope;
}

export function createPeer(port: Port, { functions, transfer = false, note, onNote }: PeerOptions): Peer {
  let last = 0;
  let closed: { error: unknown } | undefined;
  const pending = new Map<number, Pending>();
  /** What the other side may reach here, by number. */
  const shared = {
    functions: new Map<number, { value: (...args: never[]) => unknown; scope: Scope }>(),
    streams: new Map<number, { items: AsyncIterator<unknown>; scope: Scope }>(),
    /** Errors that were sent. Nothing else keeps them, so they need no one to forget them. */
    objects: new Map<number, WeakRef<object>>(),
  };
  const collected = new FinalizationRegistry<number>((id) => void shared.objects.delete(id));
  /** Signals of the other side. */
  const controllers = new Map<number, AbortController>();
  /** Which objects are those of the other side, and their numbers there. */
  const theirs = new WeakMap<object, number>();

  function share<T>(map: Map<number, T>, scope: Scope, value: T): number {
    const id = ++last;
    map.set(id, value);
    scope.forget.push(() => map.delete(id));
    return id;
  }

  const sentIn = (scope: Scope): Sent => ({
    function: (value) => share(shared.functions, scope, { value, scope }),
    stream(value) {
      scope.streams++;
      const id = ++last;
      shared.streams.set(id, { items: itemsOf(value), scope });
      return id;
    },
    object(value) {
      const id = ++last;
      shared.objects.set(id, new WeakRef(value));
      collected.register(value, id);
      return id;
    },
    numberOf: (value) => theirs.get(value),
    signal(value) {
      const signal = ++last;
      const abort = (): void => post({ type: "abort", signal, reason: reasonToWire(value.reason, sentIn(scope)) });
      scope.forget.push(onAbort(value, abort));
      return signal;
    },
  });

  const receivedIn = (scope: Scope): Received => ({
    function:
      (id) =>
      (...args) =>
        send({ function: id }, args),
    signal(id, aborted, reason) {
      const controller = new AbortController();
      if (aborted) controller.abort(reason);
      else controllers.set(id, controller);
      scope.forget.push(() => controllers.delete(id));
      return controller.signal;
    },
    stream(id) {
      scope.streams++;
      return remoteStream({
        next: () => send({ next: id }, []) as Promise<IteratorResult<unknown>>,
        leave: async () => {
          if (!closed) await send({ return: id }, []);
        },
        end: () => endStream(scope),
      });
    },
    object: (value, id) => void theirs.set(value, id),
    own: (id) => shared.objects.get(id)?.deref(),
  });

  /** The results and what they refer to are no longer needed. */
  function finish(scope: Scope): void {
    if (scope.streams > 0) return;
    for (const forget of scope.forget.splice(0)) forget();
  }

  function endStream(scope: Scope): void {
    scope.streams--;
    finish(scope);
  }

  function post(message: Message, buffers?: Set<Transferable>): void {
    port.postMessage({ ...message, ...(note && { note: note() }) }, [...(buffers ?? [])]);
  }

  function send(target: Target, args: readonly unknown[]): Promise<unknown> {
    const over = closed;
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what was given is what they get
    if (over) return Promise.reject(over.error);
    const id = ++last;
    const scope: Scope = { forget: [], streams: 0 };
    return new Promise((resolve, reject) => {
      pending.set(id, { resolve, reject, scope });
      try {
        const sent = sentIn(scope);
        post({ type: "call", id, target, args: args.map((arg) => toWire(arg, sent)) });
      } catch (error) {
        pending.delete(id);
        finish(scope);
        reject(unsendable(error));
      }
    });
  }

  async function answer(id: number, target: Target, args: unknown[]): Promise<void> {
    const own: Scope = { forget: [], streams: 0 };
    const stream = "next" in target ? target.next : "return" in target ? target.return : undefined;
    // What a callback or a stream says belongs to the call that brought it.
    const outer = "function" in target ? shared.functions.get(target.function)?.scope : undefined;
    const scope = (stream === undefined ? outer : shared.streams.get(stream)?.scope) ?? own;
    try {
      const received = receivedIn(scope);
      const value = await run(
        target,
        args.map((arg) => fromWire(arg, received)),
      );
      const buffers = transfer ? new Set<Transferable>() : undefined;
      post({ type: "result", id, value: toWire(value, sentIn(scope), buffers) }, buffers);
      if (stream !== undefined && (value as IteratorResult<unknown>).done) forgetStream(stream);
    } catch (error) {
      post({ type: "error", id, error: thrownToWire(error, sentIn(scope)) });
      if (stream !== undefined) forgetStream(stream);
    }
    if (scope === own) finish(own);
  }

  function run(target: Target, args: unknown[]): unknown {
    if ("name" in target) return functions[target.name](...(args as never[]));
    if ("function" in target) return shared.functions.get(target.function)?.value(...(args as never[]));
    const items = shared.streams.get("next" in target ? target.next : target.return)?.items;
    const over = { done: true, value: undefined };
    if ("next" in target) return items?.next() ?? over;
    return items?.return?.() ?? over;
  }

  function forgetStream(id: number): void {
    const stream = shared.streams.get(id);
    if (!shared.streams.delete(id) || !stream) return;
    endStream(stream.scope);
  }

  const listen = ({ data }: MessageEvent): void => {
    const message = data as Message & { note?: unknown };
    if (onNote && "note" in message) onNote(message.note);
    switch (message.type) {
      case "call":
        return void answer(message.id, message.target, message.args);
      case "tell":
        return void functions[message.name](...(message.args as never[]));
      case "result":
      case "error": {
        const call = pending.get(message.id);
        if (!call) return;
        pending.delete(message.id);
        const received = receivedIn(call.scope);
        if (message.type === "result") call.resolve(fromWire(message.value, received));
        else call.reject(fromWire(message.error, received));
        return finish(call.scope);
      }
      case "abort":
        // A call without other messages has no scope here any more; a reason is read back by its own side only.
        return controllers.get(message.signal)?.abort(fromWire(message.reason, receivedIn({ forget: [], streams: 0 })));
    }
  };
  port.addEventListener("message", listen);

  return {
    call: (name, args) => send({ name }, args),
    tell(name, args) {
      if (!closed) post({ type: "tell", name, args: [...args] });
    },
    close(error) {
      if (closed) return;
      closed = { error };
      port.removeEventListener("message", listen);
      for (const { reject, scope } of pending.values()) {
        scope.streams = 0;
        finish(scope);
        reject(error);
      }
      pending.clear();
      for (const { items } of shared.streams.values()) void items.return?.().then(undefined, () => undefined);
      shared.streams.clear();
    },
  };
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
