/** The sessions of a model: each is made once and used for many calls. */

import type { Model } from "../../models/model";
import type { Ops } from "../../ops/ops";
import { createSession, roundedLength, type Session, type SessionSizes } from "./session";

/** Sessions that no call uses, the most recently used last. A session serves one call at a time. */
export class SessionPool {
  private idle: Session[] = [];

  constructor(
    private readonly ops: Ops,
    private readonly model: Model,
    /** How many unused sessions are kept. */
    private readonly keep = 4,
  ) {}

  /** A session with at least these sizes. A longer cache than needed costs a step nothing. */
  async take(sizes: SessionSizes): Promise<Session> {
    const { batchSize, width, independent = width === 1, endTokens, sourceLength, targetLength } = sizes;
    const { info } = this.model;
    const s = this.capacity(sourceLength, info.maxSourceLength);
    const t = this.capacity(targetLength, info.maxTargetLength);
    const found = this.idle.findIndex(
      (session) =>
        session.batchSize === batchSize &&
        session.width === width &&
        session.independent === independent &&
        session.endTokens === endTokens &&
        session.sourceLength === s &&
        session.targetLength >= t,
    );
    if (found >= 0) return this.idle.splice(found, 1)[0];
    const rounded = { batchSize, width, independent, endTokens, sourceLength: s, targetLength: t };
    return createSession(this.ops, this.model, rounded, () => this.idle);
  }

  give(session: Session): void {
    this.idle.push(session);
    while (this.idle.length > this.keep) this.idle.shift()?.dispose();
  }

  /** Rounded up on a GPU, where making a plan is expensive. Elsewhere padding would only cost time. */
  private capacity(length: number, limit: number): number {
    return this.ops.device === "webgpu" ? Math.min(limit, roundedLength(length)) : length;
  }
}
