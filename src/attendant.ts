/** `attendant.js`: the public API and the script of its worker in one file. */

export * from "./index";
import "./worker/entry";
