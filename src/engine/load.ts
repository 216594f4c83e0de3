/** What the files of a model say of it: configuration, generation options, tokenizer; and the way of its weights to a device. */

import { ModelError } from "../errors";
import { checkGenerationFile, legacyFields, LEGACY_NAMES } from "../generation/options/config-file";
import { NO_START, openTokens, readFileFields } from "../generation/options/file-fields";
import { FILE } from "../generation/options/resolve";
import { readBytes, readJson, readText, type DownloadOptions } from "../loading/sources/download";
import type { ModelFiles } from "../loading/sources/files";
import { Unread } from "../loading/unread";
import { ConfigFields, refuseQuantization } from "../models/config-fields";
import type { Model, ModelInfo } from "../models/model";
import type { Tokenizer } from "../text/tokenizer";
import { findFamily } from "./family";
import { readConfig, readFields } from "./json-files";
import { textPart, type TextPart } from "./parts";
import { placeModel, type CreateOps, type PlacedModel, type PlaceOptions } from "./place-weights";

/** What the folder of a model says of it, and the way of its weights to a device. */
export interface ModelFolder {
  /** What generation reads of the model: the tokens that its files name. */
  infoOf(model: Model): ModelInfo;
  generationConfig: Record<string, unknown>;
  /** Fields of the same file that only the family of the model has. */
  familyFields: Record<string, unknown>;
  /** config.json as it stands. */
  config: Record<string, unknown>;
  /** Name of the file that it was read from. */
  generationFile: string;
  tokenizer?: Tokenizer;
  /** What of the tokenizer files is not read, or is read in another way than by transformers, and why. */
  tokenizerProblem?: string;
  /** What turns text into calls. */
  text: TextPart;
  /**
   * Reads the weights into a new backend, tensor by tensor as their bytes arrive: no file is ever held as a whole. May be called
   * again, for another device.
   */
  place(createOps: CreateOps, options: PlaceOptions): Promise<PlacedModel>;
}

/** Reads config.json first; the weights come last, so that most errors are found before the largest file is read. */
export async function readModel(
  files: ModelFiles,
  options: DownloadOptions & { onWarning?: (message: string) => void } = {},
): Promise<ModelFolder> {
  const config = await readConfig(files, options);
  const { family, more, ownFields, readOwnFields } = await findFamily(config);
  refuseQuantization(config);
  const configFields = new ConfigFields(config);
  const own = family.info(configFields.fields);
  const ownFile = await readFields(files, FILE, options);
  const generationFile = ownFile ? FILE : "config.json";
  const { fields: generationConfig, unread: idle } = readFileFields(
    without(ownFile ?? legacyFields(config), ownFields),
    generationFile,
    own,
  );
  const { fields: familyFields, unread: passedOver } = readOwnFields(ownFile, config);
  checkGenerationFile(generationConfig, own, generationFile);
  if (!family.strict) for (const text of openTokens(generationConfig, generationFile, own)) options.onWarning?.(text);
  const { tokenizer, tokenizerProblem, text } = await readTokenizer(files, config, options);

  const unread = new Unread();
  unread.add(generationFile, [...idle, ...passedOver]);
  return {
    config,
    generationConfig,
    familyFields,
    generationFile,
    tokenizer,
    tokenizerProblem,
    text,
    // A vanilla checkpoint is not transformers': its tokens are those of config.json.
    infoOf: ({ info }) => (family.strict ? info : { ...info, eosTokenIds: [], decoderStartTokenId: NO_START }),
    async place(createOps, options) {
      const description = { family, more, fields: configFields.fields, unread };
      const placed = await placeModel(files, createOps, options, description);
      unread.add("config.json", configFields.unread(own.modelType, LEGACY_NAMES));
      const message = unread.message();
      if (message !== undefined) options.onWarning?.(message);
      if (tokenizerProblem !== undefined) options.onWarning?.(tokenizerProblem);
      return placed;
    },
  };
}

const without = (fields: Record<string, unknown>, names: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));

async function readTokenizer(files: ModelFiles, modelConfig: Record<string, unknown>, given: DownloadOptions) {
  const text = await textPart();
  const options = { ...given, errorCode: "invalid_tokenizer" as const };
  let tokenizerProblem: string | undefined;
  const folder = {
    modelConfig,
    json: (file: string) => readJson(files, file, options),
    text: (file: string) => readText(files, file, options),
    bytes: (file: string) => readBytes(files, file, options),
  };
  const onProblem = (message: string): void => void (tokenizerProblem = `${files.name}: ${message}`);
  let tokenizer: Tokenizer | undefined;
  try {
    tokenizer = await text.loadTokenizer(folder, onProblem);
  } catch (error) {
    // The model works without text. What breaks the connection, or ends the load, is not the tokenizer's.
    const isOfFiles =
      error instanceof ModelError && (error.code === "invalid_tokenizer" || error.code === "file_not_found");
    if (!isOfFiles) throw error;
    onProblem(`The tokenizer cannot be read, so the model takes and gives token ids only. ${error.message}`);
  }
  return { tokenizer: tokenizer && text.checkedTokenizer(tokenizer), tokenizerProblem, text };
}
