/** `attendant pack`: a folder in, a smaller one out that loads without conversion. */

import { listed, megabytes, showProgress, UsageError, warner, wholeNumber, type Command } from "./command";
import { openSource } from "../loading/sources/source";
import { writeFolder } from "./disk";
import { packFolder } from "./pack-folder";
import type { WeightFormat } from "../tensor/weight-format";

export const pack: Command = {
  summary: "writes a model's weights quantised and in pieces, with a manifest of hashes",
  usage: "MODEL --dtype q8 -o FOLDER",
  least: 1,
  most: 1,
  options: {
    dtype: { value: "NAME", choices: ["q8", "q4", "f16", "f32"], default: "q8", help: "how matrices are stored" },
    out: { short: "o", value: "FOLDER", help: "what is written; a new or empty folder" },
    "shard-size": {
      value: "MB",
      default: "90",
      help: "the most of one file of weights; some hosts refuse files over 100 MB",
    },
  },
  async run([source], values, output) {
    if (values.out === undefined) throw new UsageError("--out is missing.");
    const shardBytes = 1e6 * (wholeNumber("shard-size", values["shard-size"]) ?? 90);
    const folder = openSource(source);
    const writer = await writeFolder(values.out);
    try {
      const format = values.dtype as WeightFormat;
      const {
        files,
        shards,
        unread,
        source: from,
      } = await packFolder(folder, writer, {
        format,
        shardBytes,
        onWarning: warner(output),
        onProgress: (bytes, total) => showProgress(output, bytes / total, `${megabytes(bytes)} of ${megabytes(total)}`),
      });
      const weights = shards.reduce((sum, { bytes }) => sum + bytes, 0);
      const all = [...files.values()].reduce((sum, { size }) => sum + size, 0);
      const pieces = shards.length === 1 ? "one file" : `${shards.length} files`;
      output.say(
        `${values.out}: ${megabytes(weights)} of weights in ${pieces}, as ${format}; ${megabytes(all)} in all.\n`,
      );
      if (unread.length > 0)
        output.say(`Left out, because the model does not read them (${from}): ${listed(unread, 20)}.\n`);
    } finally {
      await writer.close();
    }
    return 0;
  },
};
