/** The devices that Node has: every checkpoint and every golden runs on each. */

import type { Seq2Seq } from "../../../src/index";

type Device = Seq2Seq["device"];

/** A new device that is not listed here is a type error. */
const runsInNode: Record<Device, boolean> = { cpu: true, wasm: true, webgpu: false };

export const nodeDevices = (Object.keys(runsInNode) as Device[]).filter((device) => runsInNode[device]);
