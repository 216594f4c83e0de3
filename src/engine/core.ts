/** The part of the package that computes: loaded by a worker, or by a page that does without one. */

export { describe } from "./describe";
export { loadLocal } from "./local-model";
