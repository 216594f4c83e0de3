/** Sound as a file. For Node. */

import { encodeWav } from "../../../src/index";

/** WAV with 16 bits and one channel. */
export const wavFile = async (samples: Float32Array, sampleRate: number): Promise<Buffer> =>
  Buffer.from(await encodeWav({ samples, sampleRate }).arrayBuffer());
