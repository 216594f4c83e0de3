/** `model.config` says what generation uses, for a checkpoint of every family, and cannot be changed. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Seq2Seq } from "../../src/index";
import { FAMILIES, onePerFamily, readFamily } from "../support/node/families";
import { tinyCheckpoint } from "../support/shared/tiny";

const read = (name: string, file: string) =>
  JSON.parse(readFileSync(`${FAMILIES}/${name}/${file}`, "utf8")) as Record<string, unknown>;

describe("model.config", () => {
  it.each(onePerFamily())("%s", async (name) => {
    const model = await Seq2Seq.load(`./${FAMILIES}/${name}`, { device: "cpu", onWarning: () => undefined });
    const { config } = model;
    const { sequences } = await readFamily(name);
    const file = read(name, "config.json");
    expect(config.model_type).toBe(file.model_type);
    expect(new Set(sequences.map(([start]) => start))).toEqual(new Set([config.decoder_start_token_id]));
    const generation = read(name, "generation_config.json");
    expect(config.eos_token_id).toEqual([generation.eos_token_id].flat());
    expect(config.pad_token_id).toBe(generation.pad_token_id ?? file.pad_token_id);
    expect([config.vocab_size, config.decoder_vocab_size]).toEqual([
      file.vocab_size,
      file.decoder_vocab_size ?? file.vocab_size,
    ]);
    expect(config.decoder_layers).toBe(file.decoder_layers ?? file.num_decoder_layers ?? file.num_layers);
    expect(config.file).toEqual(file);
    expect(config.limits).toEqual(model.limits);
    await model.dispose();
  });

  it("has the options of generation_config.json, and is frozen through and through", async () => {
    const source = tinyCheckpoint({}, (files) => {
      files["generation_config.json"] = JSON.stringify({ num_beams: 2, eos_token_id: [2, 5], max_new_tokens: 9 });
    });
    const model = await Seq2Seq.load(source, { device: "cpu" });
    expect(model.config.generation).toEqual({ num_beams: 2, eos_token_id: [2, 5], max_new_tokens: 9 });
    expect(model.config.eos_token_id).toEqual([2, 5]);
    expect(model.config.limits).toEqual({ source: 64, target: 64 });
    const parts: [object, string][] = [
      [model.config, "model_type"],
      [model.config.eos_token_id, "0"],
      [model.config.generation.eos_token_id as object, "0"],
      [model.config.file, "d_model"],
      [model.config.limits, "source"],
    ];
    for (const [object, name] of parts)
      expect(() => ((object as Record<string, unknown>)[name] = 0)).toThrow(TypeError);
    // Frozen copies: the engine does not read them.
    expect((await model.generate([4])).sequences[0].length).toBeLessThanOrEqual(10);
    // It can be sent to another thread.
    expect(structuredClone(model.config)).toEqual(model.config);
    await model.dispose();
  });

  it("names no start token where the files name none", async () => {
    const name = onePerFamily()[0];
    const model = await Seq2Seq.load(
      {
        read: (path) => {
          if (path === "generation_config.json") return "{}";
          return /\.(json|safetensors)$/.test(path) && !path.includes("index")
            ? fileOf(`${FAMILIES}/${name}/${path}`)
            : undefined;
        },
      },
      { device: "cpu", onWarning: () => undefined },
    );
    expect(model.config.decoder_start_token_id).toBeUndefined();
    expect(model.config.eos_token_id).toEqual([]);
    await model.dispose();
  });
});

function fileOf(path: string): Uint8Array | undefined {
  try {
    return new Uint8Array(readFileSync(path));
  } catch {
    return undefined;
  }
}
