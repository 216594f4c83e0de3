/** `stop_strings`: a sequence ends as soon as one of them is in its text. */

import type { Request } from "./request";

/** What tells whether a sequence ends with its last token; undefined if the request has no stop strings. */
export function stopCriterion({ config, decode }: Request): ((sequence: readonly number[]) => boolean) | undefined {
  const { stopStrings } = config;
  if (stopStrings.length === 0 || !decode) return undefined;
  return (sequence) => endsWithStop(sequence, stopStrings, decode);
}

/**
 * Whether the text contains a stop string that the last token is a part of. `StopStringCriteria` of Hugging Face looks at the
 * texts of single tokens; here the text of the whole sequence decides.
 */
function endsWithStop(
  sequence: readonly number[],
  stops: readonly string[],
  decode: (ids: readonly number[]) => string,
): boolean {
  const text = decode(sequence);
  const before = decode(sequence.slice(0, -1));
  let known = 0;
  while (known < before.length && text[known] === before[known]) known++;
  return stops.some((stop) => {
    const at = text.lastIndexOf(stop);
    return at >= 0 && at + stop.length > known;
  });
}
