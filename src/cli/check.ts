/** `attendant check`: says in words what would run of a model, without reading its weights. */

import { readModel } from "../engine/load";
import { formatOf, openStored } from "../engine/model-files";
import { bytesOnDevice, plannedOps, TYPICAL_LENGTH, typicalCacheBytes } from "../engine/planned-ops";
import { openSource } from "../loading/sources/source";
import type { TensorInfo } from "../loading/formats/tensors";
import type { Tensor } from "../tensor/tensor";
import { WEIGHT_FORMATS, type WeightFormat } from "../tensor/weight-format";
import { ModelError, type ErrorCode } from "../errors";
import { describeError, listed, megabytes, type Command } from "./command";

/** What was found out, up to the first thing that does not fit. */
interface Report {
  source: string;
  runs: boolean;
  family?: string;
  decoderLayers?: number;
  vocabulary?: { source: number; target: number };
  /** The longest input and output, in tokens; of sound, frames. */
  longest?: { source: number; target: number };
  reads?: "text" | "sound";
  /** The file with the weights, or their index. */
  file?: string;
  tensors?: number;
  /** How many tensors of each dtype. */
  dtypes?: Record<string, number>;
  /** How the matrices are packed; absent where they are not. */
  packed?: string;
  /** Bytes of the weights on a device, by dtype. */
  memory?: Record<string, number>;
  /** Bytes of the decoder's caches for a text of `TYPICAL_LENGTH` tokens. */
  cache?: number;
  tokenizer?: boolean;
  languages?: readonly string[];
  warnings: string[];
  error?: { code: ErrorCode; message: string; hint?: string };
}

export const check: Command = {
  summary: "reads config, tokenizer and weight headers, and says in words what would run",
  usage: "MODEL",
  least: 1,
  most: 1,
  options: { json: { help: "the same as JSON" } },
  async run([source], values, { out }) {
    const report = await inspect(source);
    out(values.json === undefined ? describe(report) : `${JSON.stringify(report, null, 2)}\n`);
    return report.runs ? 0 : 1;
  },
};

async function inspect(source: string): Promise<Report> {
  const report: Report = { source, runs: false, warnings: [] };
  try {
    await fill(report);
    report.runs = true;
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    const { code, message, hint } = error;
    report.error = { code, message, ...(hint !== undefined && { hint }) };
  }
  return report;
}

async function fill(report: Report): Promise<void> {
  const onWarning = (message: string): void => void report.warnings.push(message);
  const files = await openStored(openSource(report.source), { cache: false, onWarning });
  const packed = (await files.manifest?.())?.dtype;
  if (packed !== undefined) report.packed = packed;
  const folder = await readModel(files, { onWarning });
  const { tokenizer, tokenizerProblem, config } = folder;
  report.family = String(config.model_type);
  report.tokenizer = tokenizer !== undefined;
  const pairs = tokenizer?.languagePairs?.map(({ source = "any", target = "any" }) => `${source} → ${target}`);
  const languages = pairs ?? tokenizer?.languages;
  if (languages) report.languages = languages;
  // Matrices are told from the rest by a format that nothing else has.
  const format = packed === undefined || packed === "f32" ? "q8" : await formatOf(files, "auto");
  const created: Tensor[] = [];
  const { model } = await folder.place(async () => plannedOps((tensor) => created.push(tensor)), {
    format,
    headerOnly: true,
    onWarning: (message) => message !== tokenizerProblem && onWarning(message),
    onTensors: (file, tensors) => Object.assign(report, { file, ...tensorFacts(tensors) }),
  });
  const { info } = model;
  const bytesIn = (wanted: WeightFormat): number =>
    created.reduce(
      (sum, { shape, dtype }) => sum + bytesOnDevice({ shape, dtype: dtype === format ? wanted : dtype }, false),
      0,
    );
  const possible = packed === undefined ? WEIGHT_FORMATS : WEIGHT_FORMATS.filter((name) => name === packed);
  Object.assign(report, {
    decoderLayers: info.numDecoderLayers,
    vocabulary: { source: info.sourceVocabSize, target: info.targetVocabSize },
    longest: { source: info.features?.most ?? info.maxSourceLength, target: info.maxTargetLength },
    reads: info.features ? "sound" : "text",
    memory: Object.fromEntries(possible.map((name) => [name, bytesIn(name)])),
    cache: typicalCacheBytes(info),
  } satisfies Partial<Report>);
  if (tokenizerProblem !== undefined) report.warnings.push(tokenizerProblem);
}

function tensorFacts(tensors: readonly TensorInfo[]): Pick<Report, "tensors" | "dtypes"> {
  const dtypes: Record<string, number> = {};
  for (const { dtype, packed } of tensors) dtypes[packed ?? dtype] = (dtypes[packed ?? dtype] ?? 0) + 1;
  return { tensors: tensors.length, dtypes };
}

function describe(report: Report): string {
  const { error, warnings, packed } = report;
  const lines: [name: string, text: string | undefined][] = [
    ["Family", report.family],
    ["Sizes", sizesLine(report)],
    ["Longest", longestLine(report)],
    ["Weights", weightsLine(report)],
    ["Packed", packed && `as ${packed}; attendant.json lists the files and their hashes`],
    ["Memory", memoryLine(report)],
    ["Tokenizer", tokenizerLine(report)],
    ...warnings.map((warning): [string, string] => ["Warning", warning]),
  ];
  const width = Math.max(...lines.map(([name]) => name.length));
  const list = lines.flatMap(([name, text]) => (text ? [`  ${name.padEnd(width)}  ${text}\n`] : []));
  const verdict = error ? "It does not run." : "It runs.";
  const why = error ? describeError(new ModelError(error.code, error.message, error.hint)) : "";
  return `${report.source}\n${list.join("")}${verdict}\n${why}`;
}

const number = (value: number): string => value.toLocaleString("en");

function sizesLine({ decoderLayers, vocabulary, reads }: Report): string | undefined {
  if (!vocabulary) return undefined;
  const { source, target } = vocabulary;
  const other = source === target || reads === "sound" ? "" : ` (source ${number(source)})`;
  return `${decoderLayers} decoder layers; vocabulary ${number(target)}${other}`;
}

function longestLine({ longest, reads }: Report): string | undefined {
  const unit = reads === "sound" ? "frames of sound" : "tokens";
  return longest && `${number(longest.source)} ${unit} in, ${number(longest.target)} tokens out`;
}

function weightsLine({ file, dtypes }: Report): string | undefined {
  if (!dtypes) return undefined;
  const counts = Object.entries(dtypes).map(([dtype, count]) => `${count} tensors in ${dtype}`);
  return `${file}: ${counts.join(", ")}`;
}

function memoryLine({ memory, cache = 0 }: Report): string | undefined {
  if (!memory) return undefined;
  const weights = Object.entries(memory).map(([dtype, bytes]) => `${dtype} ${megabytes(bytes)}`);
  return `${weights.join(", ")}; and ${megabytes(cache)} for a text of ${TYPICAL_LENGTH} tokens`;
}

function tokenizerLine({ tokenizer, languages, reads }: Report): string | undefined {
  if (tokenizer === undefined) return undefined;
  if (!tokenizer) return reads === undefined ? "none is read" : "none is read: token ids only";
  if (!languages) return "read";
  return `read; languages ${listed(languages, 12)}`;
}
