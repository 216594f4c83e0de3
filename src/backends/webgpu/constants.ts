/** Constants that several kernels share with TypeScript; see kernel.ts for how they get into the WGSL. */

import { BANNED, LEAST, UNLIKELY } from "../../util/scores";

/** See util/scores.ts. */
export const SCORES = { LEAST, BANNED, UNLIKELY };

/** The widest head that the attention kernels take. */
export const MAX_HEAD = 256;

/** `named("SETTING", { maxLength: 0 })` is `{ SETTING_MAX_LENGTH: 0 }`. */
export function named(prefix: string, fields: Readonly<Record<string, number>>): Record<string, number> {
  const nameOf = (field: string): string => `${prefix}_${field.replace(/[A-Z]/g, "_$&").toUpperCase()}`;
  return Object.fromEntries(Object.entries(fields).map(([field, value]) => [nameOf(field), value]));
}
