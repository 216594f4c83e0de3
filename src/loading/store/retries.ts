/** How often a download is tried again, how long it waits before, and how long it waits for bytes. */

import { ModelError } from "../../errors";
import { onAbort, untilAborted } from "../../util/abort";

export interface RetryOptions {
  /** How many times a request that failed is made again. */
  retries: number;
  /** Milliseconds without a byte after which a transfer counts as failed. */
  stallTimeout: number;
  signal?: AbortSignal;
}

/** Milliseconds before the first further try; doubled for each one after it. */
const FIRST_WAIT = 500;
/** A server that asks for more time than this gets none of ours: the call fails and says so. */
const LONGEST_WAIT = 60_000;
/** A transfer that has moved on by so many bytes may fail as often as a new one. */
const PROGRESS_BYTES = 2 ** 20;

/** The tries of one file. */
export class Retries {
  private failures = 0;
  private lastFailureAt = 0;

  constructor(readonly options: RetryOptions) {}

  /**
   * Waits before the next try.
   * @param at how far the transfer has come, in bytes
   * @throws the error, if there were enough tries; `signal.reason` once aborted
   */
  async waitAfter(error: ModelError, at = 0, waitMs?: number): Promise<void> {
    const { retries, signal } = this.options;
    if (at - this.lastFailureAt >= PROGRESS_BYTES) this.failures = 0;
    this.lastFailureAt = at;
    if (waitMs !== undefined && waitMs > LONGEST_WAIT) {
      const seconds = Math.ceil(waitMs / 1000);
      throw new ModelError(error.code, error.message, `The server asks to wait ${seconds} seconds.`, { cause: error });
    }
    if (this.failures >= retries) throw error;
    // Up to half more, so that many pages do not come back at the same moment.
    const backoff = FIRST_WAIT * 2 ** this.failures * (1 + Math.random() / 2);
    this.failures++;
    await sleep(waitMs ?? backoff, signal);
  }
}

async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    await untilAborted(new Promise<void>((resolve) => (timer = setTimeout(resolve, ms))), signal);
  } finally {
    clearTimeout(timer);
  }
}

/** A signal that is aborted after `ms` milliseconds, or with `signal`. */
export function withTimeout(ms: number, signal?: AbortSignal): AbortSignal {
  const timeout = AbortSignal.timeout(ms);
  return signal ? AbortSignal.any([signal, timeout]) : timeout;
}

/** Aborts its signal with `stalled()` when `beat` was not called for `ms` milliseconds, and whenever `outer` is aborted. */
export class StallTimer {
  private readonly controller = new AbortController();
  private timer?: ReturnType<typeof setTimeout>;
  private readonly forget: () => void;

  constructor(
    private readonly ms: number,
    private readonly stalled: () => unknown,
    outer?: AbortSignal,
  ) {
    const forward = (): void => this.controller.abort(outer?.reason);
    if (outer?.aborted) forward();
    this.forget = onAbort(outer, forward);
    this.beat();
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  beat(): void {
    this.pause();
    this.timer = setTimeout(() => this.controller.abort(this.stalled()), this.ms);
  }

  /** Nobody is waiting for bytes now. */
  pause(): void {
    clearTimeout(this.timer);
  }

  /** Ends what the signal was given to. */
  end(): void {
    this.pause();
    this.forget();
    this.controller.abort();
  }
}
