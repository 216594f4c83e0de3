/** Inside the worker: loads one model and answers the calls of the page. */

import { loadLocal } from "../engine/local-model";
import type { LoadOptions } from "../engine/load-options";
import type { ModelCalls, ModelFacts, RunningModel } from "../engine/running-model";
import { Peer, type Port } from "./peer";
import { receivedSource } from "./received-source";
import type { SentSource } from "./sources";

/** What the page may call. */
export interface HostCalls {
  load(source: SentSource, options: LoadOptions & { watched: boolean }): Promise<ModelFacts>;
  /** A call of the model. */
  call<Name extends keyof ModelCalls>(name: Name, ...args: Parameters<ModelCalls[Name]>): ReturnType<ModelCalls[Name]>;
}

export function hostModel(port: Port): void {
  let model: RunningModel | undefined;
  const host: HostCalls = {
    async load(source, { watched, ...options }) {
      const open = (path: string, signal?: AbortSignal) => page.call("open", [path, signal]);
      model = await loadLocal(receivedSource(source, open), {
        ...options,
        onProgress: watched ? (progress) => page.tell("progress", [progress]) : undefined,
        onWarning: (message) => page.tell("warning", [message]),
      });
      return model.facts;
    },
    call(name, ...args) {
      const method = model!.calls[name] as (...args: unknown[]) => never;
      return method(...args);
    },
  };
  const page = new Peer(port, { functions: { ...host }, transfer: true, note: () => model?.state() });
}
