/** The operations that load with families that read sound, for backends that tests make themselves. */

import * as gpu from "../../../src/backends/webgpu/audio";
import type { MoreGpuOperations } from "../../../src/backends/webgpu/operations";
import { audio } from "../../../src/ops/audio";

export const more: MoreGpuOperations = { contract: audio, gpu };
