/**
 * Runs one operation: `npm run test:op -- linear`. First on the CPU, against what PyTorch or Hugging Face answered where there
 * is a golden, then in every weight format against the CPU: on the kernels for GPUs, on those for software adapters, and in
 * both modules of WebAssembly.
 * Prints the largest difference of each, in units of the tolerance; the exit code is 1 if one is over it.
 *
 * The sources are TypeScript with shader imports, which Node cannot load by itself, so Vite loads them and serves the page.
 */

import { serveSources } from "./sources.js";

/** One line about some cases; whether all are within the tolerance. */
function report(title, cases) {
  if (cases.length === 0) {
    console.log(`${title.padEnd(36)}   no cases`);
    return true;
  }
  const worst = cases.reduce((most, { worst }) => (worst > most.worst ? { worst } : most), { worst: 0 }).worst;
  const failed = cases.filter((result) => !(result.worst <= 1));
  console.log(
    `${title.padEnd(36)} ${String(cases.length).padStart(4)} cases, worst ${worst.toFixed(3)} of the tolerance`,
  );
  for (const { name, worst, detail } of failed) console.log(`  FAILED ${name}: ${worst} of the tolerance, ${detail}`);
  return failed.length === 0;
}

async function testOperation(server, name) {
  const { operationNames } = await server.ssrLoadModule("/test/support/shared/op-bench.ts");
  if (!operationNames.includes(name)) {
    console.log(`${name ? `There is no operation "${name}". ` : ""}usage: npm run test:op -- NAME, with one of`);
    console.log(operationNames.map((operation) => `  ${operation}`).join("\n"));
    return false;
  }
  const { goldenResults } = await server.ssrLoadModule("/test/support/node/op-goldens.ts");
  const { opCases } = await server.ssrLoadModule("/test/support/shared/op-cases.ts");
  if (!opCases.some(({ operations }) => operations.includes(name))) {
    console.log(`${name} has no case in test/support/shared/op-cases-*.ts.`);
    return false;
  }
  const goldens = (await goldenResults()).filter(({ operations }) => operations.includes(name));
  let passed = report("CPU against PyTorch and transformers", goldens);

  const { launchBrowser } = await server.ssrLoadModule("/test/support/node/browser.ts");
  const { fromJson, toJson } = await server.ssrLoadModule("/test/support/shared/json.ts");
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage();
    page.on("pageerror", (error) => console.log(error));
    await page.goto(new URL("test/browser/blank.html", server.resolvedUrls.local[0]).href);
    const inPage = async (module, fn, ...args) => {
      const call = [`/test/support/page/${module}.ts`, fn, toJson(args)].map((text) => JSON.stringify(text)).join();
      return fromJson(
        await page.evaluate(`import("/test/support/page/in-page.ts").then((page) => page.call(${call}))`),
      );
    };
    const reportFormats = (title, comparisons) => {
      for (const format of new Set(comparisons.map((comparison) => comparison.format))) {
        const cases = comparisons.filter((comparison) => comparison.format === format);
        passed = report(`${title}, ${format} weights`, cases) && passed;
      }
    };
    for (const variant of ["gpu", "software"]) {
      const { comparisons, kernels } = await inPage("op-compare", "compareOps", variant, name);
      reportFormats(`${variant} kernels`, comparisons);
      console.log(`  compiled: ${kernels.sort().join(", ")}`);
    }
    for (const module of ["simd", "relaxed"]) {
      reportFormats(`wasm, ${module}`, await inPage("wasm", "compareWasm", module, name));
    }
  } finally {
    await browser.close();
  }
  return passed;
}

const server = await serveSources();
try {
  if (!(await testOperation(server, process.argv[2]))) process.exitCode = 1;
} finally {
  await server.close();
}
