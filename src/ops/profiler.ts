/** How a backend measures its own speed; it loads when it is first asked for, see `Ops.profiler`. */

/** The time of one operation in a plan; of equal ones, all of them together. */
export interface OperationTime {
  /** Its name in src/ops/. */
  operation: string;
  /** The kernel of the GPU that computes it; one operation may need several. Absent on other devices. */
  kernel?: string;
  /** How often it is done. */
  count: number;
  /** Milliseconds of all of them. */
  ms: number;
}

/** The time of a list of operations. */
export interface PlanTime {
  /** Milliseconds of one run from its first operation to its last. */
  ms: number;
  /** The slowest first. */
  operations: OperationTime[];
}

export interface Profiler {
  /** "timestamps" are written by the GPU itself; else it is the clock of the thread, less what an empty submit takes. */
  readonly clock: "timestamps" | "wall clock";
  /**
   * How long recorded plans (`Plan` of ops.ts) take that run one after another. They run many times, on whatever their tensors hold.
   * @param prepare sets back what the plans change; called before runs
   */
  time(plans: readonly { readonly outputs: unknown }[], prepare: () => void): Promise<PlanTime>;
  /** How many bytes the speed of the memory is measured with: more than caches hold. */
  readonly bytes: number;
  /** Milliseconds of copying so many from one place of the device's memory to another, which reads and writes each. */
  copy(): Promise<number>;
  end(): void;
}

/** The slowest first; of equal ones the first stays in front. */
export const slowestFirst = (times: Iterable<OperationTime>): OperationTime[] => [...times].sort((a, b) => b.ms - a.ms);
