/**
 * The command `attendant` from the sources: `npm run translate -- "Hello."` and `npm run transcribe -- FILE --model FOLDER`. The package
 * has it as `npx attendant`.
 */

import process from "node:process";
import { model, withSources } from "./sources.js";

const [command, ...args] = process.argv.slice(2);
// The demo's model, unless another one is named.
const isNamed = args.some((arg) => /^(--model(=|$)|-m|--help$|-h$)/.test(arg));
const standard = command === "translate" && !isNamed ? ["--model", model] : [];
await withSources(({ main }) => main([command, ...args, ...standard]), "/src/cli/main.ts");
