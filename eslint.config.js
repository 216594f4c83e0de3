/** Lint rules for the code itself; which folder may import which is checked by .dependency-cruiser.js. */

import js from "@eslint/js";
import tseslint from "typescript-eslint";

export default tseslint.config(
  {
    ignores: ["**/dist/", "node_modules/", "test-results/", "docs-api/", "training/", "demo/public/", "test/goldens/"],
  },
  js.configs.recommended,
  {
    files: ["**/*.ts", "**/*.tsx"],
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
    files: ["test/**/*.ts", "bench/gpu/*.ts"],
    // Tests, and the benchmark of GPUs, take browser functions off their objects in order to put broken ones in their place.
    rules: { "@typescript-eslint/unbound-method": "off" },
  },
  {
    files: ["wasm/**/*.ts"],
    // To TypeScript all of AssemblyScript's numbers are one type, so it takes every conversion for idle.
    rules: { "@typescript-eslint/no-unnecessary-type-assertion": "off" },
  },
  {
    files: ["**/*.{ts,js}"],
    rules: {
      "max-lines": ["warn", 400],
    },
  },
  {
    files: ["examples/**/*.js"],
    languageOptions: {
      globals: Object.fromEntries(
        ["Worker", "addEventListener", "caches", "document", "fetch", "navigator", "postMessage"].map((name) => [
          name,
          "readonly",
        ]),
      ),
    },
  },
  {
    files: ["src/backends/wasm/thread.js"],
    languageOptions: { globals: { WebAssembly: "readonly", WorkerGlobalScope: "readonly", self: "readonly" } },
  },
  {
    files: ["**/*.js", "**/*.mjs"],
    languageOptions: {
      globals: { console: "readonly", performance: "readonly", process: "readonly", URL: "readonly" },
    },
  },
);
