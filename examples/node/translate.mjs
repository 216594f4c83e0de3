/** node translate.mjs path/to/model "A text." */

import { Seq2Seq } from "attendant";

const [path, text] = process.argv.slice(2);
if (path === undefined || text === undefined) {
  console.error('usage: node translate.mjs path/to/model "A text."');
  process.exit(2);
}
const model = await Seq2Seq.load(path);
for await (const piece of model.streamText(text, { num_beams: 4 })) process.stdout.write(piece);
process.stdout.write("\n");
await model.dispose();
