/**
 * Where the script of a thread is. In the files that are whole, `attendant-worker.js` and `attendant.js`, it is in the file
 * itself: scripts/thread-script.js puts another function in the place of this one.
 */

/**
 * Starts it. Bundlers find the script by this expression, whatever `Worker` is.
 * @param Worker of the page, or of Node
 */
export const startThread = <T>(Worker: new (url: URL, options: WorkerOptions) => T): T =>
  new Worker(new URL("./thread.js", import.meta.url), { type: "module" });
