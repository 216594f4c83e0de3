#!/usr/bin/env node
/** What `npx attendant` runs: `bin` of package.json, dist/attendant-cli.js. */

import { main } from "./main";

await main();
