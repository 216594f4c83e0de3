/** What a row of the tables of device faults says. */

import type { FaultCase } from "../../support/page/device-faults";

export interface DeviceFault extends FaultCase {
  name: string;
  /** Runs in `npm run test:soak` only: another row of `npm test` fails with it. */
  soak?: true;
  /** See `FaultReport.outcome`. */
  outcome: string;
  /** What the message of the error says. */
  says?: RegExp;
  hint?: RegExp;
  /** What one of the warnings says. Default: there is none. */
  warns?: RegExp;
  /** Devices that are opened. Default 1. */
  devices?: number;
  /** Where the model runs in the end. Default "webgpu". */
  ends?: "webgpu" | "wasm";
  /** The outcome of the next call. Default "same". */
  next?: string;
}
