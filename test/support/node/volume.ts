/** How much of a long list is tested: `npm run test:soak` takes all of it, `npm test` a part of every kind. */

/** All lines, sentences and characters of the goldens, which takes many minutes. */
export const EVERYTHING = process.env.ATTENDANT_ALL === "1";

/** One item of `every`, or all of them in `npm run test:soak`. */
export const some = <T>(list: readonly T[], every: number): T[] => list.filter((_, i) => EVERYTHING || i % every === 0);
