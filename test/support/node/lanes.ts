/** Rows of a table that run several at a time, because most of a row is waiting. What a row needs for itself is its lane. */

export class Lanes<Lane> {
  private readonly free: Lane[];
  private readonly waiting: ((lane: Lane) => void)[] = [];

  constructor(readonly all: readonly Lane[]) {
    this.free = [...all];
  }

  /** Opens `count` lanes, one after another. */
  static async open<Lane>(count: number, openLane: () => Promise<Lane>): Promise<Lanes<Lane>> {
    const all: Lane[] = [];
    while (all.length < count) all.push(await openLane());
    return new Lanes(all);
  }

  /** Calls `row` with a lane that no other row has meanwhile. */
  async use<Result>(row: (lane: Lane) => Promise<Result>): Promise<Result> {
    const lane = this.free.pop() ?? (await new Promise<Lane>((resolve) => this.waiting.push(resolve)));
    try {
      return await row(lane);
    } finally {
      const next = this.waiting.shift();
      if (next) next(lane);
      else this.free.push(lane);
    }
  }
}
