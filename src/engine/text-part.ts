/** What text needs: tokenizers and the calls with text. The entry of a part of the package, which `Seq2Seq.load` fetches. */

export { checkedTokenizer } from "../text/checked";
export { contradicts, loadTokenizer } from "../text/families/registry";
export { splitText } from "../text/segments";
export { createTextStream, textOf } from "../text/stream";
export { languagePlan } from "../text/tokenizer";
export { checkTextStream, requireTokenizer, textCall, warnOfUnchecked } from "./text-calls";
