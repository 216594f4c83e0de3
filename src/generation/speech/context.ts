/** What a call of a model that reads sound takes from the model, and what is made of it. */

import type { ModelInfo } from "../../models/model";
import type { Batch } from "../batch";
import type { GenerationConfig } from "../options/generation-config";
import type { Fields } from "../options/option-reader";
import type { Wanted } from "./wanted";
import type { WhisperFields } from "./whisper-fields";

export interface SpeechContext {
  info: ModelInfo;
  /** The fields of the model's file that only its family reads. */
  fields: Fields;
  file: string;
  /** The token that a sequence begins with, where the files name one. */
  start?: number;
  /** `max_length` and `max_new_tokens` of the files. */
  maxLength?: unknown;
  maxNewTokens?: unknown;
  /** The logits after the start token alone, for each row of the batch. */
  scores: (batch: Batch, start: number) => Promise<Float32Array[]>;
}

export interface PreparedCall {
  batch: Batch;
  options: GenerationConfig;
  /** Of Whisper: how sequences begin. */
  prompts?: number[][];
  /** Of Whisper, with timestamps: what the files say of them. */
  whisper?: WhisperFields;
  /** Of Whisper: what is to be found out of the finished sequences. */
  wanted?: Wanted;
  /** Whether the encoder's states of an earlier call may be taken. */
  reusesEncoder?: boolean;
}
