/** Locks by name, so that two tabs that want the same file download it once. */

import { untilAborted } from "../../util/abort";

export type Release = () => void;

/**
 * Waits until nobody else holds the lock, and takes it. With the Web Locks API it holds across tabs and workers, and ends with
 * the tab; elsewhere it holds within this page or process.
 * @throws `signal.reason` once aborted
 */
export function takeLock(name: string, signal?: AbortSignal): Promise<Release> {
  const locks: LockManager | undefined = (globalThis.navigator as Navigator | undefined)?.locks;
  if (!locks) return takeOwnLock(name, signal);
  return takeWebLock(locks, name, signal).catch((error: unknown) => {
    signal?.throwIfAborted();
    // Pages that may use no storage may use no locks either; then they share nothing with other tabs.
    if (error instanceof DOMException && error.name === "SecurityError") return takeOwnLock(name, signal);
    throw error;
  });
}

function takeWebLock(locks: LockManager, name: string, signal?: AbortSignal): Promise<Release> {
  return new Promise((resolve, reject) => {
    const held = () => new Promise<void>((release) => resolve(release));
    locks.request(name, signal ? { signal } : {}, held).catch(reject);
  });
}

/** The end of the last one in line, by name. */
const lines = new Map<string, Promise<void>>();

async function takeOwnLock(name: string, signal?: AbortSignal): Promise<Release> {
  const before = lines.get(name) ?? Promise.resolve();
  let release: Release = () => undefined;
  const mine = new Promise<void>((resolve) => (release = resolve));
  const line = before.then(() => mine);
  lines.set(name, line);
  void line.then(() => lines.get(name) === line && lines.delete(name));
  try {
    await untilAborted(before, signal);
  } catch (error) {
    release();
    throw error;
  }
  return release;
}
