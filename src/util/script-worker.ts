/** Workers of scripts that this package brings. */

import { trusted } from "./trusted";

/**
 * A module worker. A script of another origin is imported by one of this origin, since a worker must be of the page's own.
 * @throws where the page's policy refuses one already now; else the worker gets an `error` event
 */
export function scriptWorker(url: URL, name: string): Worker {
  const { location } = globalThis as { location?: Location };
  if (url.origin === location?.origin) return new Worker(trusted(url.href), { type: "module", name });
  const script = new Blob([`import ${JSON.stringify(url.href)};`], { type: "text/javascript" });
  const address = URL.createObjectURL(script);
  const worker = new Worker(trusted(address), { type: "module", name });
  // It has been read when the script speaks, or never will be.
  const forget = (): void => URL.revokeObjectURL(address);
  worker.addEventListener("message", forget, { once: true });
  worker.addEventListener("error", forget, { once: true });
  return worker;
}
