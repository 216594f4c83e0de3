/** Pages that are throttled or frozen in the middle of a stream, and a GPU process that is killed. */

import type { CDPSession } from "puppeteer";
import { describe, it } from "vitest";
import { interruptedStreams, STREAMS } from "../../support/node/interrupted-streams";

describe("a stream goes on", () => {
  const { expectSame, killGpuProcess } = interruptedStreams();
  const stream = STREAMS["greedy search"];

  it("when the processor is throttled to a twentieth", async () => {
    let session: CDPSession | undefined;
    await expectSame(stream, async (page) => {
      session = await page.createCDPSession();
      await session.send("Emulation.setCPUThrottlingRate", { rate: 20 });
    });
    await session?.send("Emulation.setCPUThrottlingRate", { rate: 1 });
  });

  it("when the page was frozen, as one in the background is", async () => {
    await expectSame(stream, async (page) => {
      const session = await page.createCDPSession();
      await session.send("Page.setWebLifecycleState", { state: "frozen" });
      await new Promise((resolve) => setTimeout(resolve, 1500));
      await session.send("Page.setWebLifecycleState", { state: "active" });
      await session.detach();
    });
  });

  it("when the GPU's process is killed", () => expectSame(stream, killGpuProcess));
});
