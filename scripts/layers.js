/**
 * The layers of the engine, from the ground up: what each folder of src/ may import from src/. A folder may always
 * import from itself and from `errors.ts`. The table in docs/architecture.md says the same in words, and
 * test/layers.test.ts compares the two.
 */

/** @type {Record<string, string[]>} */
export const layers = {
  util: [],
  tensor: [],
  ops: ["tensor", "util"],
  "backends/cpu": ["ops", "tensor", "util"],
  "backends/wasm": ["backends/cpu", "ops", "tensor", "util"],
  "backends/webgpu": ["ops", "tensor", "util"],
  models: ["ops", "tensor", "util"],
  "models/families": ["models", "ops", "tensor"],
  "generation/options": ["models", "ops", "util"],
  "generation/search/processors": ["generation/options", "util"],
  "generation/search": ["generation/options", "generation/search/processors", "util"],
  "generation/device": ["generation/search", "generation/options", "models", "ops", "tensor", "util"],
  generation: [
    "generation/device",
    "generation/search",
    "generation/search/processors",
    "generation/options",
    "models",
    "ops",
    "tensor",
    "util",
  ],
  "generation/speech": [
    "generation",
    "generation/device",
    "generation/options",
    "generation/search/processors",
    "models",
    "ops",
    "speech",
    "tensor",
    "util",
  ],
  "loading/sources": ["util"],
  "loading/store": ["loading/sources", "util"],
  "loading/formats": ["loading/sources", "tensor", "util"],
  "loading/formats/torch": ["loading/formats", "loading/sources", "util"],
  loading: ["loading/formats", "loading/formats/torch", "loading/sources", "util"],
  audio: ["util"],
  text: ["util"],
  "text/sentencepiece": ["text", "util"],
  "text/pipeline": ["text", "text/sentencepiece", "util"],
  "text/families": ["text", "text/pipeline", "text/sentencepiece", "util"],
  speech: ["audio", "generation", "generation/options", "generation/speech", "text", "util"],
  worker: ["engine", "backends/wasm", "loading/sources", "ops", "tensor", "util"],
  engine: ["*"],
  api: ["*"],
  cli: ["*"],
};

/** A pattern for the files of one folder of src/, without its subfolders. */
const filesOf = (folder) => `^src/${folder}/[^/]+$`;

/** The rules that `npm run lint` holds every import to, those of types only included. */
export const rules = [
  { name: "no-cycle", severity: "error", from: {}, to: { circular: true } },
  ...Object.entries(layers)
    .filter(([, allowed]) => !allowed.includes("*"))
    .map(([folder, allowed]) => ({
      name: `${folder} imports only ${allowed.join(", ") || "errors.ts"}`,
      severity: "error",
      from: { path: filesOf(folder) },
      to: { path: "^src/", pathNot: [folder, ...allowed].map(filesOf).concat("^src/errors\\.ts$") },
    })),
  {
    name: "the engine does not know who calls it",
    severity: "error",
    from: { path: "^src/engine/" },
    to: { path: "^src/(api|worker|cli)/" },
  },
  {
    name: "src/index.ts is for users of the package",
    severity: "error",
    from: { path: "^src/", pathNot: "^src/(attendant\\.ts$|cli/)" },
    to: { path: "^src/index\\.ts$" },
  },
  {
    name: "the engine does not depend on its demo, tests, benchmarks or scripts",
    severity: "error",
    from: { path: "^src/" },
    to: { path: "^(demo|test|bench|scripts|training|docs)/" },
  },
  {
    name: "only backends/webgpu knows the shaders",
    severity: "error",
    from: { path: "^src/", pathNot: "^src/backends/webgpu/" },
    to: { path: "^shaders/" },
  },
  {
    name: "only backends/wasm knows the kernels of wasm/",
    severity: "error",
    from: { path: "^src/", pathNot: "^src/backends/wasm/" },
    to: { path: "^wasm/" },
  },
  {
    name: "the demo uses the public API",
    severity: "error",
    from: { path: "^demo/" },
    to: { path: "^src/", pathNot: "^src/index\\.ts$" },
  },
  {
    name: "what runs in a page uses neither Node nor vitest",
    severity: "error",
    from: { path: "^test/support/(page|shared)/" },
    to: { path: ["^test/support/node/", "^node_modules/vitest"] },
  },
  {
    name: "what runs in a page uses no module of Node",
    severity: "error",
    from: { path: "^test/support/(page|shared)/" },
    to: { dependencyTypes: ["core"] },
  },
  {
    name: "what runs on both sides uses nothing of a page",
    severity: "error",
    from: { path: "^test/support/shared/" },
    to: { path: "^test/support/page/" },
  },
];
