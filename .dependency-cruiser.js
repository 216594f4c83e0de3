/** The import check of `npm run lint`; the rules are in scripts/layers.js. */

import { rules } from "./scripts/layers.js";

export default {
  forbidden: rules,
  options: {
    tsConfig: { fileName: "tsconfig.json" },
    // Imports that TypeScript takes out count, too: `import type` can close a cycle.
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
  },
};
