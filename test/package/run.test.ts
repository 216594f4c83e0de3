/** The package at work in Node, installed: the documentation's code, both modules, and what an error still says. */

import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import ts from "typescript";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { codeBlocks, needsPage } from "../support/node/code-blocks";
import { EVERYTHING } from "../support/node/volume";
import { wavFile } from "../support/node/wav";
import { signal } from "../support/shared/signal";
import { tinyWhisper } from "../support/shared/tiny-whisper";

const consumer = inject("consumer");
const MODEL = resolve("demo/public/models/en-fr");
const golden = JSON.parse(readFileSync("test/goldens/en_fr.json", "utf8")) as {
  cases: { text: string; translation: string }[];
};
const [{ text, translation }] = golden.cases;

/** Runs a module in the project that has the package installed. */
function run(name: string, code: string) {
  const file = join(consumer, name);
  writeFileSync(file, code);
  const { status, stdout, stderr } = spawnSync(process.execPath, [file], { cwd: consumer, encoding: "utf8" });
  return { status, stdout, stderr };
}

/** A real Whisper and a recording, which are not in the repository. */
const SPEECH_MODEL = resolve("../shared/models/whisper-tiny.en");
const RECORDING = resolve("../shared/data/audio/jfk.wav");
const hasSpeech = existsSync(SPEECH_MODEL) && existsSync(RECORDING);
/** The documentation's code says the same to a tiny Whisper with random weights, in a tenth of the time. */
const inDocs = hasSpeech && EVERYTHING;

const MODULES = ["attendant", "attendant/attendant.js"];

/** What the names in the documentation stand for. */
const PATHS = {
  "/models/en-fr/": MODEL,
  "/models/en-fr-q8/": join(consumer, "en-fr-q8"),
  // A model of millions of words is not in the repository; the options are the same.
  "facebook/bart-large-cnn": MODEL,
  "/models/my-model/": resolve("test/goldens/vanilla/pre-norm-sinusoidal-tied"),
  "/models/whisper-tiny.en/": inDocs ? SPEECH_MODEL : join(consumer, "tiny-whisper"),
  "/models/whisper-tiny/": join(consumer, "tiny-whisper"),
  "/talk.wav": inDocs ? RECORDING : join(consumer, "tiny.wav"),
};

/** The command of the package, as `npx` starts it. */
function attendant(...args: string[]) {
  const bin = join(consumer, "node_modules/.bin/attendant");
  const { status, stdout, stderr } = spawnSync(bin, args, { cwd: consumer, encoding: "utf8" });
  return { status, stdout, stderr };
}

beforeAll(async () => {
  mkdirSync(join(consumer, "tiny-whisper"));
  const read = (file: string) => Promise.resolve(new Uint8Array(readFileSync(`test/goldens/speech/whisper/${file}`)));
  for (const file of await tinyWhisper(read))
    writeFileSync(join(consumer, "tiny-whisper", file.name), new Uint8Array(await file.arrayBuffer()));
  writeFileSync(join(consumer, "tiny.wav"), await wavFile(signal(2 * 16000, 7), 16000));
  expect(attendant("pack", MODEL, "--dtype", "q8", "-o", "en-fr-q8")).toMatchObject({ status: 0, stdout: "" });
});

describe("the documentation's code", () => {
  const blocks = codeBlocks().filter(({ code }) => !needsPage(code));

  // README.md with both modules, the others with one of them each.
  const runs = blocks.flatMap((block, i) => {
    const modules = block.name.startsWith("README") ? MODULES : [MODULES[i % MODULES.length]];
    return modules.map((module) => ({ ...block, module }));
  });

  it.each(runs)("$name runs with $module", ({ name, code, module }) => {
    const here = Object.entries(PATHS).reduce((text, [path, file]) => text.replaceAll(path, file), code);
    const source = here.replaceAll('"attendant"', `"${module}"`);
    const target = ts.ScriptTarget.ES2022;
    const { outputText } = ts.transpileModule(source, {
      compilerOptions: { target, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
    });
    const result = run(`${name.replace(/\W/g, "-")}.mjs`, outputText);
    expect(result).toMatchObject({ status: 0, stderr: "" });
    expect(result.stdout).not.toBe("");
  });

  it("is there to be run", () => {
    expect(blocks.length).toBeGreaterThan(0);
  });
});

describe.each(MODULES)("%s", (module) => {
  it("translates as PyTorch does", () => {
    const result = run(
      "translate.mjs",
      `import { Translator } from "${module}";
       const translator = await Translator.create({ model: ${JSON.stringify(MODEL)}, sourceLanguage: "en", targetLanguage: "fr" });
       console.log(await translator.translate(${JSON.stringify(text)}));`,
    );
    expect(result).toEqual({ status: 0, stdout: `${translation}\n`, stderr: "" });
  });

  it("keeps the names of classes and what errors say", () => {
    const result = run(
      "names.mjs",
      `import { ModelError, Seq2Seq, Translator } from "${module}";
       const error = await Seq2Seq.load("./none").catch((error) => error);
       console.log(JSON.stringify([ModelError, Seq2Seq, Translator].map(({ name }) => name)));
       console.log(error instanceof ModelError, error.code, String(error), /^ModelError: /.test(error.stack));
       console.log(Object.prototype.toString.call(error), Object.keys(error).sort().join());`,
    );
    expect(result.stderr).toBe("");
    expect(result.stdout.split("\n")).toEqual([
      '["ModelError","Seq2Seq","Translator"]',
      "true file_not_found ModelError: ./none: there is no config.json. true",
      "[object Error] code,hint,name",
      "",
    ]);
  });
});

describe("the command", () => {
  it("packs a model, checks it, and translates with it as in every q8", () => {
    const model = ["--model", "en-fr-q8"];
    expect(attendant("check", "en-fr-q8")).toMatchObject({
      status: 0,
      stdout: expect.stringContaining("It runs.") as string,
    });
    const answer = attendant("translate", text, ...model);
    expect(answer).toEqual(attendant("translate", text, "--model", MODEL, "--dtype", "q8"));
    expect(answer).toMatchObject({ status: 0, stderr: "" });
    expect(answer.stdout.trim()).not.toBe("");
  });

  it.runIf(hasSpeech)("transcribes, with a packed model, too", () => {
    expect(attendant("pack", SPEECH_MODEL, "--dtype", "q8", "-o", "whisper")).toMatchObject({ status: 0 });
    for (const model of [SPEECH_MODEL, "whisper"])
      expect(attendant("transcribe", RECORDING, "--model", model, "--format", "txt").stdout).toContain(
        "fellow Americans",
      );
  });

  it("says what is wrong in a line, with a hint", () => {
    expect(attendant("translate", "a", "--model", "./none")).toEqual({
      status: 1,
      stdout: "",
      stderr:
        "error (file_not_found): ./none: there is no config.json.\n" +
        "hint: A model is a folder with config.json and weights, such as model.safetensors.\n",
    });
  });
});

describe("a part whose file is not there", () => {
  // A copy of the modules, so that the other tests keep theirs.
  const without = (part: string, code: string) => {
    const copy = join(consumer, "copy");
    cpSync(join(consumer, "node_modules/attendant/dist"), copy, { recursive: true });
    rmSync(join(copy, part));
    try {
      return run("without.mjs", code);
    } finally {
      rmSync(copy, { recursive: true });
    }
  };
  const load = (model: string) => `
    import { Seq2Seq } from "./copy/index.js";
    const result = await Seq2Seq.load(${JSON.stringify(resolve(model))}, { device: "cpu" }).catch((error) => error);
    console.log(result.code, result.message, result.hint);`;

  it.each([
    ["text.js", "demo/public/models/en-fr", "reads tokenizers"],
    ["cpu.js", "demo/public/models/en-fr", "computes on the CPU"],
    ["torch.js", "test/goldens/families/marian-opus-bin", "reads .bin files"],
  ])("%s is named", (part, model, what) => {
    const { stdout } = without(part, load(model));
    expect(stdout).toContain(`network The part of attendant that ${what} could not be loaded: `);
    expect(stdout).toContain(part);
    expect(stdout).toContain("dist/attendant.js");
  });

  it("is not missed where it is not needed", () => {
    expect(without("torch.js", load("demo/public/models/en-fr")).stdout).toMatch(/^undefined undefined undefined/);
  });
});
