/** The public API of attendant. */

export type { Availability } from "./api/availability";
export type { AsyncDisposing } from "./api/disposing";
export type { CompileProgress, LoadOptions, LoadProgress } from "./engine/load-options";
export type { Limits, ModelConfig } from "./engine/model-config";
export type { ForwardInput, GenerateOutput, StreamStep } from "./engine/results";
export type { GenerateTextOutput, TextOptions } from "./engine/text-calls";
export type { TranslateOptions } from "./engine/translate-options";
export type { AlignedSegment } from "./engine/translator";
export { Seq2Seq } from "./api/seq2seq";
export type { Tokenizer } from "./api/tokenizer";
export { Translator, type TranslatorOptions } from "./api/translator";
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
export type { EncodeOptions, LanguagePair } from "./text/tokenizer";
