/** The part of the package that has to do with text; it is fetched once. */

import { loadPart } from "../util/part";

export type TextPart = typeof import("./text-part");

export const textPart = (): Promise<TextPart> => loadPart("reads tokenizers", () => import("./text-part"));
