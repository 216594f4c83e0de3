/** The public API of attendant. */

export type { Availability } from "./api/availability";
export { checkSupport, type AdapterInfo, type Support } from "./backends/webgpu/adapter";
export { ModelError, type ErrorCode } from "./errors";
export type { Alignment } from "./generation/alignment";
export type { GenerationConfig } from "./generation/options/generation-config";
export type { ForwardOptions, ForwardOutput, HostTensor } from "./generation/forward";
export type { Alternative } from "./generation/search/search";
export type { Stats } from "./generation/stats";
export type { LoadOptions, LoadProgress } from "./api/load-options";
export type { Source } from "./loading/sources/source";
export type { Memory } from "./ops/ops";
export { Seq2Seq, type ForwardInput, type GenerateOutput, type StreamStep } from "./api/seq2seq";
export type { EncodeOptions, Tokenizer } from "./text/tokenizer";
export { Translator, type AlignedSegment, type TranslatorOptions } from "./api/translator";
