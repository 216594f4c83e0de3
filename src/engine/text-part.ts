/** What text needs: tokenizers, the calls with text, translators. The entry of a part of the package, which `Seq2Seq.load` fetches. */

export { checkedTokenizer } from "../text/checked";
export { contradicts, loadTokenizer } from "../text/families/registry";
export { createTextStream, textOf } from "../text/stream";
export { checkTextStream, textCall } from "./text-calls";
export { createTranslator } from "./translator";
