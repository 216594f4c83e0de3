/** What models of speech need: their families and operations. The entry of a part of the package that loads with such a model. */

import { moonshine } from "../models/families/moonshine";
import { moonshineStreaming } from "../models/families/moonshine-streaming";
import { whisper } from "../models/families/whisper";
import type { Family } from "../models/model";
import { audio } from "../ops/audio";
import { loadPart } from "../util/part";
import type { SpeechOperations } from "./device";

export { prepareSpeech } from "../generation/speech/call";
export { speechBatch } from "../generation/speech/features";
export { languageProbabilities } from "../generation/speech/languages";
export { createReviews } from "../generation/speech/review";
export { WHISPER_FIELDS as generationFields, readOwnFields } from "../generation/speech/whisper-fields";
export { timestampRules } from "../generation/speech/whisper-request";

/** The operations that these families need beside those of every backend; the GPU's kernels load where there is a GPU. */
export const operations: SpeechOperations = {
  contract: audio,
  gpu: () => loadPart("computes sound on a GPU", () => import("../backends/webgpu/audio")),
};

/** By `model_type`. */
export const families: Readonly<Record<string, Family>> = {
  whisper,
  moonshine,
  moonshine_streaming: moonshineStreaming,
};
