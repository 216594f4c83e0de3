/** The store of models of this origin. */

import type { HubSource } from "../loading/sources/remote";
import type { StoredModel } from "../loading/store/models";
import { loadPart } from "../util/part";

const store = () => loadPart("keeps models", () => import("../loading/store/models"));

/** The store of models of this origin: what `load` has kept of models that came from a server. */
export const models = {
  /** The models that are stored, as a whole or in part, the one used last first. */
  async list(): Promise<StoredModel[]> {
    return (await store()).listModels();
  },

  /**
   * Deletes a model from the store; loaded models stay as they are.
   * @param name as in `list()`, or the source that the model was loaded from. "owner/name" is every revision of it.
   * @returns whether there was such a model
   * @throws ModelError `storage` where it is being loaded; `invalid_source`
   */
  async delete(name: string | URL | HubSource): Promise<boolean> {
    return (await store()).deleteModel(name);
  },

  /** Bytes of all stored models. */
  async size(): Promise<number> {
    return (await models.list()).reduce((sum, { bytes }) => sum + bytes, 0);
  },

  /**
   * Asks the browser not to delete what this origin stores when it needs room. Some browsers ask their user.
   * @returns whether it will keep it
   */
  async persist(): Promise<boolean> {
    const storage: StorageManager | undefined = (globalThis.navigator as Navigator | undefined)?.storage;
    return (await storage?.persist?.()) ?? false;
  },
};
