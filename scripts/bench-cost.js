/**
 * `npm run bench:cost`: what a step costs, counted on a GPU that computes nothing, and what it should take on GPUs that are not at
 * hand. Needs neither a GPU nor a browser.
 */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { withSources } from "./sources.js";

const root = fileURLToPath(new URL("..", import.meta.url));

const report = ({ costReport }, { FAMILIES, onePerFamily }) => {
  const configs = {};
  for (const name of onePerFamily()) {
    const config = JSON.parse(readFileSync(`${root}${FAMILIES}/${name}/config.json`, "utf8"));
    configs[config.model_type] = config;
  }
  return costReport(configs);
};
console.log(await withSources(report, "/bench/cost/run.ts", "/test/support/node/families.ts"));
