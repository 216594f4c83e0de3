/** What a row of the tables of faults says, and what a row may use. */

import type { Page } from "puppeteer";
import type { Attempt, PlainOptions } from "../../support/page/attempt";
import type { FaultServer } from "../../support/node/fault-server";

/** What a row may use: a fresh page with an empty store, and a server with a tiny model. */
export interface Stage {
  page: Page;
  server: FaultServer;
  /** Loads the model of the server (or another source) and generates, with the options of the row. */
  load(options?: PlainOptions, source?: unknown): Promise<Attempt>;
  /** Another tab of the same profile, whose loads are as `load`; closed after the row. */
  openTab(): Promise<Pick<Stage, "page" | "load">>;
  /** Waits until the server has sent so many bytes of the weights, and a moment longer. */
  untilSent(bytes: number): Promise<void>;
  /** Bytes of the weights that the server has sent since the row began, or since the last call. */
  sent(): number;
  /** Calls an exported function of a module in the page. */
  run<Result>(module: string, name: string, ...args: unknown[]): Promise<Result>;
}

/**
 * One fault. After it, whatever its outcome, the table of tests checks that nothing is left over (locks, connections), and
 * that the next load, without the fault, works and generates what the model generates.
 */
export interface Fault {
  name: string;
  /** "works": the fault is survived, and the ids are those of the model. Else the code of the error, or "AbortError". */
  outcome: string;
  /** What the message of the error says. */
  says?: RegExp;
  /** What one of the warnings says. Default: there is none. */
  warns?: RegExp;
  /** Options of the load. */
  options?: PlainOptions;
  /** What is different in the options of the next load. */
  nextOptions?: PlainOptions;
  /**
   * Where the engine and its store run: in the page, which writes in other ways; in a worker of the test, whose storage a row can
   * break; or, "engine", in the worker that a load starts for itself, as users have it. Default "worker".
   */
  where?: "page" | "worker" | "engine";
  /** Makes the fault. */
  arrange?(stage: Stage): void | Promise<void>;
  /** Loads with the fault. Default: one load. */
  act?(stage: Stage): Promise<Attempt>;
  /** More that must hold right after it. */
  holds?(stage: Stage, attempt: Attempt): void | Promise<void>;
  /** More that must hold after the next load. */
  after?(stage: Stage, next: Attempt): void | Promise<void>;
}
