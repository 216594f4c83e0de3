/** What config.json of a Moonshine may ask for, and what is refused. */

import { expect, test } from "vitest";
import { moonshine } from "../../src/models/families/moonshine";
import { moonshineStreaming } from "../../src/models/families/moonshine-streaming";

const streaming = (encoder_config: Record<string, unknown>) => moonshineStreaming.info({ encoder_config });

test("samples, frames and positions of Moonshine are those of its convolutions", () => {
  const { framesOf, positions, least } = moonshine.info({}).features!;
  for (let samples = 895; samples < 6000; samples++) {
    const first = Math.floor((samples - 127) / 64) + 1;
    const second = Math.floor((first - 7) / 3) + 1;
    expect(positions(framesOf!(samples))).toBe(Math.floor((second - 3) / 2) + 1);
  }
  expect(framesOf!(894)).toBeLessThan(least);
  expect(framesOf!(895)).toBe(least);
});

test("frames of Moonshine streaming are as long as its configuration says", () => {
  const { channels, framesOf, positions } = streaming({}).features!;
  expect(channels).toBe(80);
  expect([0, 79, 80, 81, 160].map((samples) => framesOf!(samples))).toEqual([0, 0, 1, 2, 2]);
  expect([1, 2, 3, 4, 5, 8, 9].map(positions)).toEqual([1, 1, 1, 1, 2, 2, 3]);
  expect(streaming({ sample_rate: 8000, frame_ms: 10 }).features!.channels).toBe(80);
});

test.each([
  [() => moonshine.info({ encoder_num_attention_heads: 4 }), "encoder_num_attention_heads is 4"],
  [() => moonshine.info({ num_key_value_heads: 2 }), "decoder_num_key_value_heads is 2"],
  [() => moonshine.info({ rope_parameters: { rope_type: "yarn", factor: 2 } }), 'rope_type is "yarn"'],
  [() => moonshine.info({ partial_rotary_factor: 1.2 }), "turns 44 elements of a head, which has 36"],
  [() => moonshine.info({ rope_parameters: 3 }), "rope_parameters must be an object"],
  [() => moonshineStreaming.info({ num_key_value_heads: 2 }), "num_key_value_heads is 2"],
  [() => streaming({ num_key_value_heads: 4 }), "num_key_value_heads is 4"],
  [() => streaming({ sliding_windows: [[16, 4]] }), "sliding_windows must be a pair"],
  [
    () =>
      streaming({
        sliding_windows: [
          [0, 4],
          [1, 1],
          [1, 1],
          [1, 1],
          [1, 1],
          [1, 1],
        ],
      }),
    "sliding_windows must be a pair",
  ],
  [() => streaming({ frame_ms: 0.01 }), "frames of 0 samples"],
  [() => moonshineStreaming.info({ encoder_config: 7 }), "encoder_config must be an object"],
])("what does not run in transformers or here is refused in words: case %#", (read, message) => {
  expect(read).toThrow(message);
});
