/**
 * The code of the documentation that is neither TypeScript nor an excerpt of an example: commands, JSON and Python. A block in any other
 * language fails, so that no code is shown which nothing checks. TypeScript runs in test/package/run.test.ts and, where it needs a page,
 * in test/browser/microphone.test.ts; excerpts are compared with their files in test/package/examples.test.ts.
 */

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readArguments } from "../src/cli/command";
import { COMMANDS } from "../src/cli/main";
import { Seq2Seq } from "../src/index";
import { allBlocks, allPages, excerpts } from "./support/node/code-blocks";
import { commandLines, wordsOf } from "./support/node/shell";

const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: Record<string, string> };
const config = readFileSync("vite.config.ts", "utf8");
/** Python with PyTorch and safetensors. */
const PYTHON = process.env.ATTENDANT_PYTHON ?? "python3";
const hasTorch = spawnSync(PYTHON, ["-c", "import torch, safetensors.torch"]).status === 0;
if (!hasTorch)
  console.log(
    `${PYTHON} has no PyTorch (ATTENDANT_PYTHON names another): the documentation's Python is compiled, not run.`,
  );

const blocks = allBlocks();
const inLanguage = (language: string) => blocks.filter((block) => block.language === language);

describe("every block of code is checked", () => {
  it("is in a language that a test runs, compiles or reads", () => {
    // `typescript`: the report of the API, which test/package/api-report.test.ts makes again.
    const known = ["ts", "typescript", "sh", "json", "python"];
    const shown = new Set(excerpts().map(({ name }) => name));
    const unknown = blocks.filter(({ language, name }) => !known.includes(language) && !shown.has(name));
    expect(unknown.map(({ name, language }) => `${name}: ${language}`)).toEqual([]);
    expect(inLanguage("typescript").every(({ name }) => name.startsWith("docs/api-report.md"))).toBe(true);
    expect(inLanguage("ts").length).toBeGreaterThan(15);
  });
});

/** What is wrong with a command, or undefined. @param folder where it is run, from the root of the repository */
function wrong(words: readonly string[], folder: string): string | undefined {
  const there = (path: string) => existsSync(join(folder, path));
  const [path, ...args] = words;
  // As in `.venv/bin/python`.
  const program = path.split("/").at(-1);
  switch (program) {
    case "npm": {
      const name = args[0] === "run" ? args.find((word, i) => i > 0 && !word.startsWith("-")) : args[0];
      const built = ["install", "ci", "pack", "init"];
      return (args[0] !== "run" && built.includes(name ?? "")) || (name ?? "") in scripts
        ? undefined
        : "no such script";
    }
    case "npx": {
      if (args[0] === "attendant") return wrongAttendant(args.slice(1));
      if (!existsSync(join("node_modules/.bin", args[0]))) return "not among the dependencies";
      const project = args.indexOf("--project");
      if (project >= 0 && !config.includes(`name: "${args[project + 1]}"`)) return "no such project";
      const files = args.slice(1).filter((word, i) => word.includes("/") && args[i] !== "--project");
      return files.find((file) => !there(file) && !there(`${file}.ts`));
    }
    case "attendant":
      return wrongAttendant(args);
    case "node":
    case "python": {
      if (args[0] === "-m") return undefined;
      const script = args.findIndex((word) => !word.startsWith("-"));
      const file = args[script];
      if (!there(file)) return `${file} is not there`;
      const source = readFileSync(join(folder, file), "utf8");
      const options = args.slice(script + 1).filter((word) => word.startsWith("--"));
      return options.find((option) => !source.includes(option.slice(2)));
    }
    case "cd":
    case "export":
    case "mkdir":
    case "pip":
      return undefined;
    case "cp": {
      const from = args.filter((word) => !word.startsWith("-"))[0];
      // What the build makes.
      return from === "dist" || there(from) ? undefined : `${from} is not there`;
    }
    default:
      return "a command that no test knows";
  }
}

function wrongAttendant([name, ...args]: readonly string[]): string | undefined {
  if (name === "COMMAND") return undefined;
  if (!Object.hasOwn(COMMANDS, name)) return "no such command";
  try {
    readArguments(COMMANDS[name], args);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

describe("commands", () => {
  it.each(inLanguage("sh"))("of $name are there", ({ code }) => {
    let folder = ".";
    const bad = commandLines(code).flatMap((words) => {
      if (words[0] === "cd") folder = join(folder, words[1]);
      const reason = wrong(words, folder);
      return reason === undefined ? [] : [`${words.join(" ")}: ${reason}`];
    });
    expect(bad).toEqual([]);
  });

  it("in the lines of text are there", () => {
    const found = allPages().flatMap((page) =>
      [...readFileSync(page, "utf8").matchAll(/`((?:npm (?:run )?|npx (?:attendant|vitest) )[^`\n]+)`/g)].map(
        ([, text]) => ({ page, text }),
      ),
    );
    const bad = found.flatMap(({ page, text }) => {
      // `npx attendant pack` alone is the command's name.
      const words = wordsOf(text);
      const reason = words.length === 3 && words[2] in COMMANDS ? undefined : wrong(words, ".");
      return reason === undefined ? [] : [`${page}: ${text}: ${reason}`];
    });
    expect(bad).toEqual([]);
    expect(found.length).toBeGreaterThan(20);
  });

  it("that are not there are found", () => {
    for (const line of [
      "npm run none",
      "npx attendant pack FOLDER --none x -o OUT",
      "npx vitest run --project none",
      "python none.py",
      "curl x",
    ])
      expect(wrong(wordsOf(line), "."), line).toBeDefined();
  });
});

it.each(inLanguage("json"))("$name is JSON", ({ code }) => {
  expect(Object.keys(JSON.parse(code) as object).length).toBeGreaterThan(1);
});

describe("Python", () => {
  const folder = mkdtempSync(join(tmpdir(), "attendant-docs-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const run = (args: string[]) => {
    const { status, stderr } = spawnSync(PYTHON, args, { cwd: folder, encoding: "utf8" });
    return { status, stderr };
  };

  it.each(inLanguage("python"))("of $name compiles", ({ code }) => {
    writeFileSync(join(folder, "block.py"), code);
    expect(run(["-m", "py_compile", "block.py"])).toEqual({ status: 0, stderr: "" });
  });

  it.runIf(hasTorch)("of the guide writes a model that loads with the config.json beside it", async () => {
    const own = (language: string) =>
      blocks.find((block) => block.name.startsWith("docs/guides/pytorch.md") && block.language === language)!.code;
    const config = own("json");
    // A model as the guide's reader has it: of the sizes that config.json says.
    const before = `
import json, torch
c = json.loads(${JSON.stringify(config)})
class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.transformer = torch.nn.Transformer(c["d_model"], c["nhead"], c["num_encoder_layers"], c["num_decoder_layers"],
            c["dim_feedforward"], activation=c["activation"], norm_first=c["norm_first"], batch_first=True)
embedding = torch.nn.Embedding(c["src_vocab_size"], c["d_model"])
model = Model()
`;
    writeFileSync(join(folder, "whole.py"), before + own("python"));
    writeFileSync(join(folder, "config.json"), config);
    expect(run(["whole.py"])).toMatchObject({ status: 0 });
    const model = await Seq2Seq.load(folder, { device: "cpu" });
    const { sequences } = await model.generate([5, 6, 2], { max_new_tokens: 2 });
    expect(sequences[0].length).toBeGreaterThan(1);
    await model.dispose();
  });
});
