/**
 * Where the script of the worker is. Vite makes it of entry.ts for the demo and the tests; scripts/build.js puts another
 * address in the place of this module, for the files of the package.
 */

import url from "./entry.ts?worker&url";

/** @throws where there is none, as in a bundle without `import.meta.url` */
export const workerAddress = (): string | URL => url;
