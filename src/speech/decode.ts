/** Decodes windows by Whisper's `generate`, which says as well how probable their tokens and silence are. */

import { optionsAt } from "./idle";
import type { Decode } from "./lockstep";
import type { SpeechModel } from "./model";
import type { WindowRequest, WindowResult } from "./windows";

/** What does not change from window to window. */
export interface DecodeSettings {
  /** Options of `generate`. */
  options: Readonly<Record<string, unknown>>;
  timestamps: boolean;
  /** Layer and head, where the times of words are wanted. */
  heads?: readonly (readonly number[])[];
  /** Whether the files name a token of silence. */
  tellsSilence: boolean;
  /** `max_new_tokens` where neither the call nor the files limit the length: fewer, where the decoder's `positions` leave no room. */
  defaultLength?: number;
  positions?: number;
  signal?: AbortSignal;
  /** Is told how many windows the encoder has read. */
  onEncoded?: (windows: number) => void;
}

export function windowDecoder(model: SpeechModel, settings: DecodeSettings): Decode {
  const { options, timestamps, heads, tellsSilence, defaultLength, positions = Infinity, signal, onEncoded } = settings;
  const ends = model.config.eos_token_id;
  return async (requests: readonly WindowRequest[]): Promise<WindowResult[]> => {
    const [{ temperature, beams, maxLength, again, prompt: first }] = requests;
    const out = await model.generate({
      input_features: requests.map(({ features }) => features),
      ...optionsAt(options, temperature, beams),
      ...(temperature > 0 ? { do_sample: true, temperature } : { do_sample: false }),
      ...(beams ? {} : { num_beams: 1 }),
      ...(maxLength === undefined ? {} : { max_length: maxLength }),
      ...(defaultLength && { max_new_tokens: Math.min(defaultLength, positions - first.length) }),
      decoder_input_ids: requests.map(({ prompt }) => prompt),
      return_timestamps: timestamps,
      ...(again ? { reuse_encoder_outputs: true } : {}),
      ...(tellsSilence ? { return_no_speech: true } : { return_avg_logprobs: true }),
      ...(heads ? { alignment_heads: heads, return_token_probs: true } : {}),
      signal,
    });
    onEncoded?.(out.stats?.encoded_rows ?? requests.length);
    return requests.map(({ prompt }, i) => {
      const tokens = out.sequences[i].slice(prompt.length);
      return {
        tokens,
        ended: ends.includes(tokens[tokens.length - 1]),
        avg_logprob: out.avg_logprobs?.[i] ?? 0,
        no_speech_prob: out.no_speech_probs?.[i] ?? 0,
        token_probs: out.token_probs?.[i],
        alignment: out.alignments?.[i],
      };
    });
  };
}
