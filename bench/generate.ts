/** Runs in a page: what a sentence costs, by the engine's own counters and the clock. */

import { Seq2Seq, type AdapterInfo, type Memory, type Stats } from "../src/index";

export interface Run {
  text: string;
  translation: string;
  stats: Stats;
}

export interface Report {
  adapter?: AdapterInfo;
  loadMs: number;
  memory: Memory;
  runs: Run[];
}

/** Translates each sentence `times` times and keeps its fastest run. */
export async function measure(
  source: string,
  device: Seq2Seq["device"],
  texts: string[],
  times: number,
): Promise<Report> {
  const started = performance.now();
  const model = await Seq2Seq.load(source, { device });
  const loadMs = performance.now() - started;
  const tokenizer = model.tokenizer;
  if (!tokenizer) throw new Error(`${source} has no tokenizer.json`);
  const runs: Run[] = [];
  for (const text of texts) {
    let best: Run | undefined;
    for (let i = 0; i < times; i++) {
      const { sequences, stats } = await model.generate(tokenizer.encode(text));
      if (!best || stats.decode_tokens_per_s > best.stats.decode_tokens_per_s) {
        best = { text, translation: tokenizer.decode(sequences[0]), stats };
      }
    }
    if (best) runs.push(best);
  }
  const memory = model.memory();
  await model.dispose();
  return { adapter: model.adapter, loadMs, memory, runs };
}
