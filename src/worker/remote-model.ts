/** A model in a worker of its own, seen from the page. */

import { disposedError, ModelError } from "../errors";
import type { LoadOptions } from "../engine/load-options";
import type { ModelCalls, ModelFacts, ModelState, RunningModel } from "../engine/running-model";
import type { Memory } from "../ops/ops";
import type { HostCalls } from "./host";
import { Peer } from "./peer";
import type { Sendable } from "./sources";
import { watchLife, type Started } from "./start";

type Alive = Extract<Started, { worker: unknown }>;

const NOTHING: Memory = { weights: 0, cache: 0, activations: 0, staging: 0 };

/** Loads a model in a worker that has started. The worker ends with the model, or if the load fails. */
export async function loadRemote(
  { worker, life }: Alive,
  { sent, open }: Sendable,
  { worker: _, signal, onProgress, onWarning, ...others }: LoadOptions,
): Promise<RunningModel> {
  let state: ModelState = { device: "cpu", memory: NOTHING };
  let loaded = false;
  const stopped = new AbortController();
  const stop = (): void => stopped.abort(signal?.reason);
  /** An error that the caller's own function throws ends the load, as it does without a worker; later it is uncaught. */
  const guarded =
    <T>(call?: (value: T) => void) =>
    (value: T): void => {
      try {
        call?.(value);
      } catch (error) {
        if (loaded) throw error;
        stopped.abort(error);
      }
    };
  const peer = new Peer(worker, {
    functions: { open, progress: guarded(onProgress), warning: guarded(onWarning) },
    // The answer to `load` has the first one.
    onNote: (note) => (state = (note as ModelState | undefined) ?? state),
  });

  const over = new AbortController();
  const on = { signal: over.signal };
  const end = (error: unknown): void => {
    state = { ...state, memory: NOTHING };
    over.abort();
    worker.terminate();
    peer.close(error);
  };
  worker.addEventListener("error", ({ message }) => end(crash(message)), on);
  worker.addEventListener("messageerror", () => end(crash("a message could not be read.")), on);
  watchLife(life, over.signal, () => end(crash("the browser has ended it.")));

  try {
    signal?.throwIfAborted();
    signal?.addEventListener("abort", stop, on);
    const given = { ...others, signal: stopped.signal, watched: onProgress !== undefined };
    const load: Parameters<HostCalls["load"]> = [sent, given];
    const facts = (await peer.call("load", load)) as ModelFacts;
    // It may have been loaded before the worker heard of the end.
    stopped.signal.throwIfAborted();
    loaded = true;
    signal?.removeEventListener("abort", stop);
    return {
      facts,
      calls: callsOf((name, args) => peer.call("call", [name, ...args])),
      state: () => ({ ...state }),
      dispose() {
        end(disposedError());
        return Promise.resolve();
      },
    };
  } catch (error) {
    end(error);
    throw error;
  }
}

function crash(reason: string): ModelError {
  return new ModelError(
    "worker_lost",
    `The worker with the model has crashed: ${reason || "no reason is known."}`,
    "Load the model again.",
  );
}

/** Which calls of a model give a stream; the others give a promise. */
const IS_STREAM: {
  readonly [Name in keyof ModelCalls]: ReturnType<ModelCalls[Name]> extends AsyncIterable<unknown> ? true : false;
} = {
  generate: false,
  stream: true,
  generateText: false,
  streamText: true,
  forward: false,
  detectLanguage: false,
  profile: false,
  encode: false,
  decode: false,
  token: false,
  forcedBosTokenId: false,
  offsets: false,
  promptIds: false,
  decoderPromptIds: false,
  setUp: false,
  translate: false,
  translateStreaming: true,
  align: false,
  measureInputUsage: false,
  setUpSpeech: false,
  transcribe: false,
  transcribeStreaming: true,
  detectSpokenLanguage: false,
  extractFeatures: false,
};

function callsOf(call: (name: string, args: unknown[]) => Promise<unknown>): ModelCalls {
  const methods = Object.entries(IS_STREAM).map(([name, isStream]) => {
    const method = (...args: unknown[]) => call(name, args);
    const stream = async function* (...args: unknown[]) {
      return yield* (await call(name, args)) as AsyncGenerator<unknown, unknown, undefined>;
    };
    return [name, isStream ? stream : method];
  });
  return Object.fromEntries(methods) as ModelCalls;
}
