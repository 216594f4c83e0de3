/** What a call computes with, and how it goes on with another where the device is lost under it. */

import type { Model } from "../models/model";
import type { Ops } from "../ops/ops";
import type { SessionPool } from "./device/session-pool";

export interface Engine {
  readonly ops: Ops;
  readonly model: Model;
  readonly sessions: SessionPool;
  /**
   * The engine to go on with after `error`: the same weights on a new device. Absent where the engine cannot be replaced.
   * @throws error if it does not say that the device was lost; `signal.reason` once aborted
   */
  replacement?(error: unknown, signal?: AbortSignal): Promise<Engine>;
}

/** Whatever `work` returns; it starts again on the next engine where its device is lost. */
export async function onEngine<T>(
  engine: Engine,
  work: (engine: Engine) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  for (let current = engine; ;) {
    try {
      return await work(current);
    } catch (error) {
      current = await replacementOf(current, error, signal);
    }
  }
}

export function replacementOf(engine: Engine, error: unknown, signal?: AbortSignal): Promise<Engine> {
  if (!engine.replacement) throw error;
  return engine.replacement(error, signal);
}
