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

function callsOf(call: (name: string, args: unknown[]) => Promise<unknown>): ModelCalls {
  type Name = keyof ModelCalls;
  const method =
    <K extends Name>(name: K) =>
    (...args: Parameters<ModelCalls[K]>) =>
      call(name, args) as ReturnType<ModelCalls[K]>;
  const stream = <K extends Name>(name: K) =>
    async function* (...args: Parameters<ModelCalls[K]>) {
      return yield* (await call(name, args)) as AsyncGenerator<never, unknown, undefined>;
    } as unknown as ModelCalls[K];
  return {
    generate: method("generate"),
    stream: stream("stream"),
    generateText: method("generateText"),
    streamText: stream("streamText"),
    forward: method("forward"),
    detectLanguage: method("detectLanguage"),
    profile: method("profile"),
    encode: method("encode"),
    decode: method("decode"),
    token: method("token"),
    forcedBosTokenId: method("forcedBosTokenId"),
    offsets: method("offsets"),
    promptIds: method("promptIds"),
    decoderPromptIds: method("decoderPromptIds"),
    setUp: method("setUp"),
    translate: method("translate"),
    translateStreaming: stream("translateStreaming"),
    align: method("align"),
    measureInputUsage: method("measureInputUsage"),
    setUpSpeech: method("setUpSpeech"),
    transcribe: method("transcribe"),
    transcribeStreaming: stream("transcribeStreaming"),
    detectSpokenLanguage: method("detectSpokenLanguage"),
    extractFeatures: method("extractFeatures"),
  };
}
