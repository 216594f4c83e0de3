/** Parts of this package that load when they are first needed: a page that never needs one does not download it. */

import { messageOf, ModelError } from "../errors";

/**
 * @param name what the part does, for the message
 * @param load an `import()` of it
 * @throws ModelError `network` where its file cannot be loaded
 */
export async function loadPart<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    throw new ModelError(
      "network",
      `The part of attendant that ${name} could not be loaded: ${messageOf(cause)}`,
      "Serve every file of attendant's dist folder, or use dist/attendant.js, which is all of it in one file.",
      { cause },
    );
  }
}
