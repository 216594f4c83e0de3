/** The devices that Node and that a page has: every checkpoint and every golden runs on each, in Node or in a page. */

import type { Seq2Seq } from "../../../src/index";
import { wantsFirefox } from "./browser";
import { some } from "./volume";

type Device = Seq2Seq["device"];

/** A new device that is not listed here is a type error. In pages the CPU is that of Node. */
const runsIn: Record<Device, ("node" | "page")[]> = { cpu: ["node"], wasm: ["node", "page"], webgpu: ["page"] };

const devicesOf = (place: "node" | "page") =>
  (Object.keys(runsIn) as Device[]).filter((device) => runsIn[device].includes(place));

export const nodeDevices = devicesOf("node");

/** In Firefox, WebGPU on a software driver takes minutes and gigabytes: test/browser/firefox.test.ts has a part of it. */
export const pageDevices = devicesOf("page").filter((device) => device !== "webgpu" || !wantsFirefox());

/** Checkpoints for a device of a page: of those on WebAssembly, which all run in Node, every fourth. */
export const inPage = <T>(device: Device, checkpoints: readonly T[]): T[] =>
  some(checkpoints, device === "wasm" ? 4 : 1);
