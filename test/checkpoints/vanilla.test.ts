/** Tiny checkpoints of PyTorch's nn.Transformer on every device of Node: its logits, its ids, its attention. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Seq2Seq } from "../../src/index";
import { failureOf } from "../support/node/failure";
import { nodeDevices } from "../support/node/devices";
import { expectGolden, readGolden, VANILLA, vanillaNames } from "../support/node/vanilla";
import { runGolden } from "../support/shared/models";

describe.each(nodeDevices)("vanilla checkpoints on %s", (device) => {
  it("are all here", () => {
    expect(vanillaNames.length).toBeGreaterThanOrEqual(12);
  });

  it.each(vanillaNames)("%s", async (name) => {
    const golden = await readGolden(name);
    expectGolden(await runGolden(`./${VANILLA}/${name}`, device, golden), golden);
  });

  it("with learned positions take their limit from the table where config.json has none", async () => {
    const folder = `${VANILLA}/pre-norm-learned-silu`;
    const config = JSON.parse(readFileSync(`${folder}/config.json`, "utf8")) as Record<string, unknown>;
    delete config.max_position_embeddings;
    const files: Record<string, () => string | Uint8Array> = {
      "config.json": () => JSON.stringify(config),
      "model.safetensors": () => readFileSync(`${folder}/model.safetensors`),
    };
    const source = { read: (path: string) => files[path]?.() };
    const golden = await readGolden("pre-norm-learned-silu");
    expectGolden(await runGolden(source, device, golden), golden);
    const model = await Seq2Seq.load(source, { device });
    const error = await failureOf(() => model.generate(new Array<number>(15).fill(1)));
    expect(error.message).toContain("this model takes at most 14.");
    await model.dispose();
  });
});
