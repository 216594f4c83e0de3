/** What one side of a port shares with the other side by number: functions, streams and errors, and for how long. */

export type Callable = (...args: never[]) => unknown;

/** What the other side wants of a shared value: to call a function, or to read or leave a stream. */
export type SharedTarget = { function: number } | StreamTarget;
type StreamTarget = { next: number } | { return: number };

export const isOfStream = (target: object): target is StreamTarget => "next" in target || "return" in target;

const streamOf = (target: StreamTarget): number => ("next" in target ? target.next : target.return);

/** What one call has sent or received by number. It ends with the call or, if that gives streams, with the last of them. */
export class Scope {
  private forget: (() => unknown)[] = [];
  private streams = 0;

  /** @param forget is called at the end, once */
  onEnd(forget: () => unknown): void {
    this.forget.push(forget);
  }

  openStream(): void {
    this.streams++;
  }

  closeStream(): void {
    this.streams--;
    this.end();
  }

  /** The call is over. */
  end(): void {
    if (this.streams > 0) return;
    for (const forget of this.forget.splice(0)) forget();
  }
}

export class SharedValues {
  private last = 0;
  private readonly functions = new Map<number, { value: Callable; scope: Scope }>();
  private readonly streams = new Map<number, { items: AsyncIterator<unknown>; scope: Scope }>();
  /** Kept weakly: an error may come back at any time, as the reason of another one. */
  private readonly errors = new Map<number, WeakRef<object>>();
  private readonly collected = new FinalizationRegistry<number>((id) => void this.errors.delete(id));

  /** A number that nothing else of this side has. */
  nextId(): number {
    return ++this.last;
  }

  addFunction(value: Callable, scope: Scope): number {
    const id = this.nextId();
    this.functions.set(id, { value, scope });
    scope.onEnd(() => this.functions.delete(id));
    return id;
  }

  addStream(items: AsyncIterator<unknown>, scope: Scope): number {
    const id = this.nextId();
    this.streams.set(id, { items, scope });
    scope.openStream();
    return id;
  }

  addError(value: object): number {
    const id = this.nextId();
    this.errors.set(id, new WeakRef(value));
    this.collected.register(value, id);
    return id;
  }

  errorOf(id: number): object | undefined {
    return this.errors.get(id)?.deref();
  }

  /** The scope of the call that shared it. */
  scopeOf(target: SharedTarget | { name: string }): Scope | undefined {
    if (isOfStream(target)) return this.streams.get(streamOf(target))?.scope;
    return "function" in target ? this.functions.get(target.function)?.scope : undefined;
  }

  run(target: SharedTarget, args: never[]): unknown {
    if ("function" in target) return this.functions.get(target.function)?.value(...args);
    const items = this.streams.get(streamOf(target))?.items;
    const over = { done: true, value: undefined };
    if ("next" in target) return items?.next() ?? over;
    return items?.return?.() ?? over;
  }

  forgetStream(target: StreamTarget): void {
    const id = streamOf(target);
    const stream = this.streams.get(id);
    this.streams.delete(id);
    stream?.scope.closeStream();
  }

  /** Nobody reads the streams on, and what their calls have shared is forgotten. */
  leaveStreams(): void {
    const left = [...this.streams.values()];
    this.streams.clear();
    for (const { items, scope } of left) {
      void items.return?.().then(undefined, () => undefined);
      scope.closeStream();
    }
  }
}
