/**
 * Lint rules. Beside the usual ones they enforce the layers of the engine: `layers` is the import table of
 * docs/architecture.md, and an import against it, a cycle included, fails `npm run lint`.
 */

import js from "@eslint/js";
import { createNodeResolver, importX } from "eslint-plugin-import-x";
import tseslint from "typescript-eslint";

/** What each part of src/ may import from src/, itself always included. */
const layers = {
  "errors.ts": [],
  "tensor.ts": ["errors.ts"],
  "half.ts": [],
  "heap.ts": [],
  "storage.ts": ["half.ts", "tensor.ts", "errors.ts"],
  "beams.ts": ["tensor.ts", "errors.ts"],
  "rules.ts": ["beams.ts", "tensor.ts", "errors.ts"],
  "ops.ts": ["beams.ts", "rules.ts", "tensor.ts", "errors.ts"],
  "shapes.ts": ["ops.ts", "tensor.ts", "errors.ts"],
  "backends/cpu": ["ops.ts", "shapes.ts", "beams.ts", "rules.ts", "storage.ts", "tensor.ts", "errors.ts"],
  "backends/webgpu": ["ops.ts", "shapes.ts", "beams.ts", "rules.ts", "storage.ts", "tensor.ts", "errors.ts"],
  models: ["ops.ts", "storage.ts", "half.ts", "tensor.ts", "errors.ts"],
  generation: ["models", "ops.ts", "beams.ts", "rules.ts", "tensor.ts", "heap.ts", "errors.ts"],
  loading: ["half.ts", "errors.ts"],
  text: ["heap.ts", "errors.ts"],
};

const layerZones = Object.entries(layers).map(([part, allowed]) => ({
  target: `./src/${part}`,
  from: "./src",
  except: [part, ...allowed].map((path) => `./${path}`),
  message: `src/${part} may import only ${allowed.join(", ") || "nothing"} (see the layers in eslint.config.js).`,
}));

const zones = [
  ...layerZones,
  {
    target: "./src",
    from: "./src/index.ts",
    message: "src/index.ts is for users of the package; import the module that defines the name.",
  },
  {
    target: "./src",
    from: ".",
    except: ["./src", "./shaders", "./node_modules"],
    message: "The engine must not depend on its demo, tests, benchmarks or scripts.",
  },
  {
    target: "./src/!(backends)/**/*",
    from: "./shaders",
    message: "Only src/backends/webgpu knows the shaders.",
  },
  { target: "./src/*.ts", from: "./shaders", message: "Only src/backends/webgpu knows the shaders." },
  { target: "./src/backends/cpu", from: "./shaders", message: "Only src/backends/webgpu knows the shaders." },
];

export default tseslint.config(
  { ignores: ["**/dist/", "node_modules/", "test-results/", "training/", "demo/public/", "test/goldens/"] },
  js.configs.recommended,
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/consistent-type-imports": ["error", { disallowTypeAnnotations: false }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      // An aborted call rejects with `signal.reason`, which may be anything.
      "@typescript-eslint/prefer-promise-reject-errors": ["error", { allowThrowingAny: true }],
      "@typescript-eslint/only-throw-error": ["error", { allowThrowingAny: true }],
      // A backend implements an asynchronous interface even where it has nothing to wait for.
      "@typescript-eslint/require-await": "off",
    },
  },
  {
    files: ["test/**/*.ts"],
    // Tests take browser functions off their objects in order to put broken ones in their place.
    rules: { "@typescript-eslint/unbound-method": "off" },
  },
  {
    files: ["**/*.{ts,js}"],
    plugins: { "import-x": importX },
    settings: {
      "import-x/extensions": [".ts", ".js"],
      "import-x/resolver-next": [createNodeResolver({ extensions: [".ts", ".js", ".json"] })],
    },
    rules: {
      "import-x/no-cycle": "error",
      "import-x/no-restricted-paths": ["error", { basePath: import.meta.dirname, zones }],
      "max-lines": ["warn", 400],
    },
  },
  {
    files: ["**/*.js"],
    languageOptions: {
      globals: { console: "readonly", performance: "readonly", process: "readonly", URL: "readonly" },
    },
  },
);
