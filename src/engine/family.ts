/** From config.json to the family of a model, with the part of the package that has it. */

import type { SpeechOperations } from "./device";
import { familyOf, modelTypeOf, speechTypes } from "../models/families/registry";
import type { Fields } from "../generation/options/option-reader";
import type { Family } from "../models/model";
import { speechPart } from "./parts";

export interface FoundFamily {
  family: Family;
  more?: SpeechOperations;
  /** Fields of generation_config.json that no other family has. */
  ownFields: readonly string[];
  /** What counts of them, and which are read over. */
  readOwnFields: (file: Fields | undefined, config: Fields) => { fields: Fields; unread: readonly string[] };
}

/** @throws ModelError for a `model_type` that is missing or not supported */
export async function findFamily(config: Record<string, unknown>): Promise<FoundFamily> {
  if (!speechTypes.includes(modelTypeOf(config) as string)) {
    return { family: familyOf(config), ownFields: [], readOwnFields: () => ({ fields: {}, unread: [] }) };
  }
  const { families, operations, generationFields, readOwnFields } = await speechPart();
  return { family: familyOf(config, families), more: operations, ownFields: generationFields, readOwnFields };
}
