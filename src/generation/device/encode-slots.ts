/** Encodes what the slots of a session hold, or takes it from where the same sound was encoded before. */

import type { Ops, Plan } from "../../ops/ops";
import type { Session } from "./session";
import { isSameSound, writeSource, type SourceRow } from "./source";

/**
 * Encodes the source of each slot and runs `then` after it. Where `reuses` says so, the keys and values of sound that this session or
 * an idle one has encoded last are taken from there: those of a window that is decoded again.
 * @returns how many rows were encoded
 */
export async function encodeSlots(
  ops: Ops,
  session: Session,
  slots: readonly (SourceRow | undefined)[],
  { reuses = false, then = [] }: { reuses?: boolean; then?: readonly Plan[] } = {},
): Promise<number> {
  const rows = Array.from({ length: session.batchSize }, (_, slot) => slots[slot]);
  const known = reuses ? findEncoded(session, rows) : undefined;
  session.encoded = undefined;
  writeInputs(ops, session, rows);
  if (known) takeEncoded(ops, session, known);
  await ops.submit(known ? then : [session.encode, ...then]);
  if (session.source.lengths) session.encoded = rows;
  return known ? 0 : rows.filter((row) => row !== undefined).length;
}

interface Place {
  from: Session;
  slot: number;
}

/** Where the states of each row are, if all of them are somewhere. An empty slot may hold anything. */
function findEncoded(session: Session, rows: readonly (SourceRow | undefined)[]): (Place | undefined)[] | undefined {
  const isKept = rows.every((row, slot) => !row || isSameSound(row, session.encoded?.[slot]));
  if (isKept) return rows.map(() => undefined);
  const sources = session.others().filter(({ cross: [first] }) => first.shape[1] === session.cross[0].shape[1]);
  const places = rows.map((row) => {
    if (!row) return undefined;
    for (const from of sources) {
      const slot = from.encoded?.findIndex((other) => isSameSound(row, other)) ?? -1;
      if (slot >= 0) return { from, slot };
    }
    return undefined;
  });
  return places.every((place, slot) => place || !rows[slot]) ? places : undefined;
}

function takeEncoded(ops: Ops, session: Session, places: readonly (Place | undefined)[]): void {
  session.cross.forEach((to, layer) => {
    const count = to.shape[1] * to.shape[2];
    places.forEach((place, slot) => {
      if (!place) return;
      ops.copy({ tensor: place.from.cross[layer], start: place.slot * count, count }, to, slot * count);
    });
  });
}

/** Writes the source of each slot. */
export function writeInputs(ops: Ops, session: Session, slots: readonly (SourceRow | undefined)[]): void {
  const { source, processors } = session;
  writeSource(ops, source, slots);
  if (!processors) return;
  ops.write(
    processors.sourceLength,
    Uint32Array.from(slots, (sentence) => sentence?.inputIds.length ?? 0),
  );
}
