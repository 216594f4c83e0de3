/** Faults of downloads and of the store. */

import { answers } from "./answers";
import type { Fault } from "./fault";
import { aborts, interruptions } from "./interruptions";
import { store } from "./store";
import { transfers } from "./transfers";

const rows: readonly Fault[] = [...answers, ...transfers, ...interruptions, ...aborts, ...store];

/** These once more where the load starts its own worker: what ends, waits or is shared there is a worker for each load. */
const AS_USERS_LOAD = [
  "500 for ever",
  "the connection is reset at 50%",
  "the load fails at 30%, and the next one fetches the rest",
  "the file changes between a broken load and the next",
  "the wrong hash",
  "the page is reloaded at 60%",
  "two tabs load the same model",
  "two tabs, and the one that downloads is closed",
  "abort at the half of the weights",
  "abort while the model is read from the store",
  "a second visit",
  "a second visit without a network",
];

function asUsersLoad(name: string): Fault {
  const row = rows.find((candidate) => candidate.name === name);
  if (!row) throw new Error(`There is no row "${name}".`);
  return { ...row, name: `in the engine's own worker: ${name}`, where: "engine" };
}

export const downloadFaults: readonly Fault[] = [...rows, ...AS_USERS_LOAD.map(asUsersLoad)];
