/**
 * The tables of README.md, of what run.js kept: `node bench/compare/tables.js FOLDER`. One for each device, arithmetic and number of threads, with
 * the models side by side. "x" is the rival's figure over ours: above 1 we are ahead. Where it is below 1 the row is bold.
 */

import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const results = JSON.parse(readFileSync(join(resolve(process.argv[2] ?? ""), "results.json"), "utf8"));
const show = (value) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));

/** Settings to models to rows. */
const groups = {};
for (const [name, rows] of Object.entries(results)) {
  const [model, ...setting] = name.split(", ");
  (groups[setting.join(", ")] ??= {})[model] = rows;
}

for (const [setting, models] of Object.entries(groups)) {
  const names = Object.keys(models);
  console.log(`\n### ${setting}\n`);
  console.log(`| | ${names.map((name) => `${name}: Attendant | transformers.js | x`).join(" | ")} |`);
  console.log(`| --- | ${names.map(() => "---: | ---: | ---:").join(" | ")} |`);
  for (const row of Object.keys(models[names[0]])) {
    if (row.includes("GPU") && !setting.startsWith("webgpu")) continue;
    const cells = names.map((name) => {
      const [ours, theirs] = (models[name][row] ?? []).map((value) => value ?? undefined);
      const ratio = ours && theirs ? theirs / ours : undefined;
      const shown = [ours, theirs].map((value) => (value === undefined ? "-" : show(value)));
      return [...shown, ratio === undefined ? "-" : ratio < 1 ? `**${ratio.toFixed(2)}**` : ratio.toFixed(2)].join(
        " | ",
      );
    });
    const behind = cells.some((cell) => cell.includes("**"));
    console.log(`| ${behind ? `**${row}**` : row} | ${cells.join(" | ")} |`);
  }
}
