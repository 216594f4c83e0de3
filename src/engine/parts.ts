/** Parts of the package that not every call needs: each is fetched once. */

import { loadPart } from "../util/part";

export type TextPart = typeof import("./text-part");

export const textPart = (): Promise<TextPart> => loadPart("reads tokenizers", () => import("./text-part"));

/** `forward`, and what `generate` computes by it: attentions and hidden states. */
export const wholePasses = () => loadPart("computes whole passes", () => import("../generation/outputs"));

/** Where the time goes. */
export const profiling = () => loadPart("measures a model", () => import("./profile"));

/** Families that read sound, with their operations. */
export const speechPart = () => loadPart("reads sound", () => import("./speech-part"));

/** What makes text of sound with a model that reads it. */
export const transcribing = () => loadPart("transcribes", () => import("./transcriber"));
