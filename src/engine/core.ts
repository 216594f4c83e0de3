/** The part of the package that computes: loaded by a worker, or by a page that does without one. */

export { loadLocal } from "./local-model";
