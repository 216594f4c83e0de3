/**
 * The declarations of the package in the hands of strict users: the documentation's code and `USES` compile with every
 * library checked, for each way of resolving modules, each `lib`, and with and without the types of WebGPU.
 */

import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import ts from "typescript";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { codeBlocks } from "../support/node/code-blocks";
import { compile } from "../support/node/compile";

const consumer = inject("consumer");

/** Code that compiles only where types are what they should be; a missing declaration would be `any` and let it all pass. */
const USES = `
import { ModelError, Seq2Seq, Translator, checkSupport, models, type GenerationConfig, type HostTensor, type Source } from "attendant";
import { Seq2Seq as Single } from "attendant/attendant.js";

type Is<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const is = <A, B>(same: Is<A, B>): void => void same;

export async function uses(model: Seq2Seq, translator: Translator, folder: FileSystemDirectoryHandle): Promise<void> {
  is<Awaited<ReturnType<Seq2Seq["generate"]>>["sequences"], number[][]>(true);
  is<typeof Single, typeof Seq2Seq>(true);
  for await (const piece of translator.translateStreaming("a")) is<typeof piece, string>(true);
  const stream: ReadableStream<string> = translator.translateStreaming("a");
  await stream.cancel();
  for await (const step of model.stream([1, 2])) is<typeof step.token, number>(true);
  const sources: Source[] = ["a", new URL("https://a.example"), { repo: "a/b" }, folder, { read: () => undefined }];
  const config: GenerationConfig = { num_beams: 4, early_stopping: "never", stop_strings: ["."] };
  await Seq2Seq.load(sources[0], {
    onProgress: ({ phase, file, loaded, total = loaded }) => void [phase === "compile", file.trim(), total.toFixed()],
    integrity: { "model.safetensors": "sha256-..." },
  });
  const out = await model.generate([[1]], config);
  is<typeof out.cross_attentions, HostTensor[][][] | undefined>(true);
  const floats: Float32Array[][][] | undefined = out.cross_attentions;
  floats?.[0]?.[0]?.[0]?.subarray(0, out.cross_attentions?.[0]?.[0]?.[0]?.shape[1]);
  const pass = await model.forward({ input_ids: [1], decoder_input_ids: [1] }, { output_attentions: true });
  is<typeof pass.cross_attentions, HostTensor[] | undefined>(true);
  is<typeof out.stats.time_to_first_token_ms, number>(true);
  const { texts, input_ids, truncated, sequences } = await model.generateText(["a", "b"], { num_beams: 2, truncation: true });
  is<[typeof texts, typeof input_ids, typeof truncated, typeof sequences], [string[], number[][], number[], number[][]]>(
    true,
  );
  for await (const piece of model.streamText("a", { stop_strings: ".", sourceLanguage: "en" })) is<typeof piece, string>(true);
  is<typeof model.config.decoder_start_token_id, number | undefined>(true);
  // @ts-expect-error It is frozen.
  model.config.pad_token_id = 0;
  const languages = { sourceLanguage: "en", targetLanguage: "fr" };
  await Translator.create({ model, ...languages, dtype: "q8", worker: false, generation: { num_beams: 4 } });
  await translator.translate("a", { num_beams: 2, signal: AbortSignal.timeout(1000) });
  // @ts-expect-error The language decides it.
  await translator.translate("a", { forced_bos_token_id: 2 });
  const { adapter, webgpu } = await checkSupport();
  is<typeof webgpu, boolean>(true);
  is<NonNullable<typeof adapter>["vendor"], string>(true);
  const [stored] = await models.list();
  is<typeof stored.lastUsed, Date>(true);
  is<Awaited<ReturnType<typeof models.delete>>, boolean>(true);
  const { model: forecast } = await checkSupport(sources[0], { device: "auto" });
  is<typeof forecast extends { bytesToFetch?: number } | undefined ? true : false, true>(true);
  try {
    // @ts-expect-error There is no such option.
    await model.generate([1], { beams: 4 });
  } catch (error) {
    if (error instanceof ModelError && error.code === "unsupported_option") error.hint?.trim();
    // @ts-expect-error There is no such code.
    if (error instanceof ModelError && error.code === "unsupported") return;
  }
}
`;

/** Compiles only with ESNext.Disposable in `lib`. */
const USING = `
import { Seq2Seq } from "attendant";
export async function uses(): Promise<void> {
  await using model = await Seq2Seq.load("a");
  model.memory();
}
`;

const LIBS: Record<string, string[]> = {
  ES2022: ["es2022", "dom", "dom.iterable"],
  ES2023: ["es2023", "dom", "dom.iterable"],
  "ESNext with all of DOM": ["esnext", "dom", "dom.iterable", "dom.asynciterable"],
};
const RESOLUTIONS: Record<string, ts.CompilerOptions> = {
  bundler: { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler },
  nodenext: { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext },
};
const cases = Object.keys(RESOLUTIONS).flatMap((resolution) =>
  Object.keys(LIBS).flatMap((lib) => [[], ["@webgpu/types"]].map((types) => ({ resolution, lib, types }))),
);

function write(name: string, code: string): string {
  const file = join(consumer, name);
  writeFileSync(file, code);
  return file;
}

describe("the declarations of the package", () => {
  const shown = codeBlocks();
  let files: string[];
  beforeAll(() => {
    files = [
      write("uses.ts", USES),
      ...shown.map(({ name, code }) => write(`${name.replace(/\W/g, "-")}.ts`, `${code}\nexport {};\n`)),
    ];
    mkdirSync(join(consumer, "node_modules/@webgpu"), { recursive: true });
    const types = join(consumer, "node_modules/@webgpu/types");
    if (!existsSync(types)) symlinkSync(resolve("node_modules/@webgpu/types"), types, "junction");
  });

  it("are used by the documentation", () => {
    expect(shown.map(({ name }) => name.replace(/:.*/, ""))).toContain("README.md");
    for (const { name, code } of shown) expect(code, name).toContain('from "attendant"');
  });

  it.each(cases)("compile: $resolution, $lib, types $types", ({ resolution, lib, types }) => {
    const options = { ...RESOLUTIONS[resolution], lib: LIBS[lib].map((name) => `lib.${name}.d.ts`), types };
    expect(compile(consumer, files, options)).toEqual([]);
  });

  it("have Symbol.asyncDispose where the compiler knows it, and only there", () => {
    const file = write("using.ts", USING);
    const options = { ...RESOLUTIONS.bundler, types: [] };
    expect(compile(consumer, [file], { ...options, lib: ["lib.esnext.d.ts", "lib.dom.d.ts"] })).toEqual([]);
    const without = compile(consumer, [file], { ...options, lib: ["lib.es2023.d.ts", "lib.dom.d.ts"] });
    expect(without.join("\n")).toContain("AsyncDisposable");
    expect(without.filter((line) => line.includes("node_modules"))).toEqual([]);
  });

  it("are refused where they are wrong", () => {
    const file = write("wrong.ts", USES.replace('["."]', "[1]"));
    const options = { ...RESOLUTIONS.nodenext, lib: ["lib.es2022.d.ts", "lib.dom.d.ts"], types: [] };
    expect(compile(consumer, [file], options).join()).toMatch(
      /wrong.ts:\d+: Type 'number' is not assignable to type 'string'/,
    );
  });
});
