/** An app that imports the package, as each bundler builds it. */

import { copyFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { rollup } from "rollup";
import webpack from "webpack";
import { runVite } from "./built-package";

/** @param folder has index.html with page.js, and attendant under node_modules; the app is in its dist/ afterwards */
export const BUNDLERS: Record<string, (folder: string) => Promise<void>> = {
  async vite(folder) {
    runVite(["build", "--base", "./"], folder);
  },

  async webpack(folder) {
    const options: webpack.Configuration = {
      mode: "production",
      context: resolve(folder),
      entry: "./page.js",
      output: { path: resolve(folder, "dist"), filename: "page.js" },
      // The package is minified already.
      optimization: { minimize: false },
    };
    await new Promise<void>((done, fail) => {
      webpack(options, (error, stats) => {
        if (error || stats?.hasErrors()) fail(error ?? new Error(stats?.toString({ all: false, errors: true })));
        else done();
      });
    });
    copyFileSync(join(folder, "index.html"), join(folder, "dist/index.html"));
  },

  async esbuild(folder) {
    await build({
      absWorkingDir: resolve(folder),
      entryPoints: ["page.js"],
      bundle: true,
      format: "esm",
      splitting: true,
      minify: true,
      outdir: "dist",
    });
    copyWorker(folder);
  },

  async rollup(folder) {
    const attendant = resolve(folder, "node_modules/attendant/dist/index.js");
    const resolveId = (id: string): string | undefined => (id === "attendant" ? attendant : undefined);
    const bundle = await rollup({ input: join(folder, "page.js"), plugins: [{ name: "find", resolveId }] });
    await bundle.write({ dir: join(folder, "dist"), format: "es" });
    await bundle.close();
    copyWorker(folder);
  },
};

/** These two leave `new URL(..., import.meta.url)` as it is, so the file has to lie beside the bundle. */
function copyWorker(folder: string): void {
  const name = "attendant-worker.js";
  copyFileSync(join(folder, "node_modules/attendant/dist", name), join(folder, "dist", name));
  copyFileSync(join(folder, "index.html"), join(folder, "dist/index.html"));
}
