/** One piece of work at a time: a new one stops the one before and begins when that has ended. */

export class Task {
  private running: { controller: AbortController; done: Promise<void> } | undefined;

  /** @param body may not throw; `signal` is aborted by `stop` and by a newer task */
  async start(body: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const controller = new AbortController();
    const before = this.running;
    before?.controller.abort();
    const done = (async () => {
      await before?.done;
      if (!this.isOvertaken(controller.signal)) await body(controller.signal);
    })();
    this.running = { controller, done };
    await done;
    if (this.running?.controller === controller) this.running = undefined;
  }

  /** Whether a newer task has started. The older one must not change the page any more. */
  isOvertaken(signal: AbortSignal): boolean {
    return this.running !== undefined && this.running.controller.signal !== signal;
  }

  get busy(): boolean {
    return this.running !== undefined;
  }

  stop(): void {
    this.running?.controller.abort();
  }
}
