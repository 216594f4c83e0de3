/** `npm run test:soak`: the GPU's process is killed in the middle of streams of all kinds. */

import { describe, it } from "vitest";
import { interruptedStreams, STREAMS } from "../support/node/interrupted-streams";

describe.each(Object.entries(STREAMS))("a stream of %s", (_, stream) => {
  const { expectSame, killGpuProcess } = interruptedStreams();
  it("goes on when the GPU's process is killed", () => expectSame(stream, killGpuProcess));
});
