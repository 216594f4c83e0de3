/** The public API of attendant. */

export type { Availability } from "./engine/availability";
export type { AsyncDisposing } from "./engine/disposing";
export type { CompileProgress, LoadOptions, LoadProgress } from "./engine/load-options";
export type { Limits, ModelConfig } from "./engine/model-config";
export type { ForwardInput, GenerateOutput, StreamStep } from "./engine/results";
export { Seq2Seq } from "./engine/seq2seq";
export type { GenerateTextOutput, TextOptions } from "./engine/text-calls";
export { Translator, type AlignedSegment, type TranslateOptions, type TranslatorOptions } from "./engine/translator";
export { checkSupport, type Support } from "./api/support";
export type { AdapterInfo } from "./backends/webgpu/adapter";
export { ModelError, type ErrorCode } from "./errors";
export type { Alignment } from "./generation/alignment";
export type { ForwardOptions, ForwardOutput } from "./generation/forward";
export type { GenerationConfig } from "./generation/options/generation-config";
export type { StateOutputs } from "./generation/outputs";
export type { Alternative } from "./generation/search/search";
export type { Stats } from "./generation/stats";
export type { DownloadProgress } from "./loading/sources/download";
export type { CustomReader } from "./loading/sources/local";
export type { HubSource } from "./loading/sources/remote";
export type { Source } from "./loading/sources/source";
export type { Memory } from "./ops/ops";
export type { HostTensor } from "./tensor/host-tensor";
export type { EncodeOptions, LanguagePair, Tokenizer } from "./text/tokenizer";
