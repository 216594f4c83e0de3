/** What rows of the table of downloads have in common: the weights, what the server does with them, what it has sent. */

import { createHash } from "node:crypto";
import { expect } from "vitest";
import type { Fault as ServerFault } from "../../support/node/fault-server";
import type { Fault, Stage } from "./fault";

export const WEIGHTS = "model.safetensors";

/** Every request of the weights is answered like this. */
export const weights =
  (fault: ServerFault) =>
  ({ server }: Stage): void =>
    server.always(WEIGHTS, fault);

/** The requests of the weights are answered like this, one after the other, and the rest as usual. */
export const first =
  (...faults: ServerFault[]) =>
  ({ server }: Stage): void =>
    server.fault(WEIGHTS, ...faults);

export const sizeOf = ({ server }: Stage): number => server.files.get(WEIGHTS)?.length ?? 0;
export const hashOf = ({ server }: Stage): string =>
  `sha256-${createHash("sha256")
    .update(server.files.get(WEIGHTS) ?? "")
    .digest("base64")}`;

/** The same model with other bytes: spaces at the end of the header. */
function otherBytes(file: Uint8Array): Uint8Array {
  const header = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  const other = new Uint8Array(file.length + 8).fill(0x20);
  other.set(file.subarray(0, 8 + header));
  new DataView(other.buffer).setBigUint64(0, BigInt(header + 8), true);
  other.set(file.subarray(8 + header), 8 + header + 8);
  return other;
}
export const change = ({ server }: Pick<Stage, "server">): void =>
  void server.files.set(WEIGHTS, otherBytes(server.files.get(WEIGHTS) as Uint8Array));

/** All bytes of the weights were sent once, broken transfers and the next load together. */
export const onceInAll: Pick<Fault, "holds" | "after"> = {
  holds: (stage) => expect(stage.sent()).toBe(sizeOf(stage)),
  after: (stage) => expect(stage.sent()).toBe(0),
};

/** Loads as a whole, then damages what is stored, then loads again. */
export const afterStored =
  (damage: (stage: Stage) => unknown): Fault["act"] =>
  async (stage) => {
    expect((await stage.load({ storage: undefined, integrity: undefined })).ids).toBeDefined();
    expect(stage.sent()).toBe(sizeOf(stage));
    await damage(stage);
    return stage.load();
  };
export const STORAGE = "/test/support/page/storage-faults.ts";
export const ATTEMPT = "/test/support/page/attempt.ts";
