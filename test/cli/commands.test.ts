/** The command `attendant`: what it prints, where, and with which exit code. */

import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { COMMANDS, run } from "../../src/cli/main";

const MODEL = "demo/public/models/en-fr";
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "attendant-cli-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function attendant(args: string[], input = "", isTerminal = false) {
  let [out, said] = ["", ""];
  const code = await run(args, {
    out: (text) => void (out += text),
    say: (text) => void (said += text),
    isTerminal,
    input: async () => input,
  });
  return { code, out, said };
}

test("a folder that is there is the model, even if a repository of the Hub may have its name", async () => {
  const { code, out } = await attendant(["check", "test/cli"]);
  expect(code).toBe(1);
  expect(out).toContain("error (file_not_found): test/cli: there is no config.json.");
});

describe("help", () => {
  test("names every command", async () => {
    for (const args of [["--help"], ["-h"], ["help"]]) {
      const { code, out, said } = await attendant(args);
      expect([code, said]).toEqual([0, ""]);
      for (const name of Object.keys(COMMANDS)) expect(out).toContain(`\n  ${name} `);
    }
  });

  test.each(Object.entries(COMMANDS))("of %s names every option", async (name, { options }) => {
    const { code, out, said } = await attendant([name, "--help"]);
    expect([code, said]).toEqual([0, ""]);
    expect(out).toContain(`usage: attendant ${name} `);
    for (const [option, { help }] of Object.entries(options)) {
      expect(out).toContain(`--${option}`);
      expect(out).toContain(help);
    }
    expect(out.split("\n").filter((line) => line.length > 120)).toEqual([]);
  });
});

test.each([
  [[], "usage: attendant COMMAND"],
  [["pakc"], 'there is no command "pakc".'],
  [["toString"], 'there is no command "toString".'],
  [["pack"], "attendant pack: An argument is missing."],
  [["pack", "a", "b", "-o", "c"], "attendant pack: There are too many arguments."],
  [["pack", "a"], "attendant pack: --out is missing."],
  [["pack", "a", "-o", "b", "--dtype", "q5"], '--dtype must be q8, q4, f16, f32, not "q5".'],
  [["pack", "a", "-o", "b", "--shard-size", "0"], '--shard-size must be a whole number from 1, not "0".'],
  [["pack", "a", "--otu", "b"], "attendant pack: Unknown option '--otu'"],
  [["translate", "Hello."], "attendant translate: --model is missing."],
  [["translate", "Hello.", "-m", MODEL, "--beams", "many"], '--beams must be a whole number from 1, not "many".'],
  [["transcribe", "a.wav"], "attendant transcribe: --model is missing."],
])("arguments that make no sense, %j, are 2", async (args, message) => {
  const { code, out, said } = await attendant(args);
  expect([code, out]).toEqual([2, ""]);
  expect(said).toContain(message);
  expect(said).toContain("usage: attendant ");
});

describe("an error has its code and a hint, and no stack", () => {
  test.each([
    ["check", ["check", "./src"], "out"],
    ["pack", ["pack", "./src", "-o", "OUT"], "said"],
    ["translate", ["translate", "a", "-m", "./src"], "said"],
  ] as const)("%s", async (_name, args, where) => {
    const result = await attendant(args.map((arg) => (arg === "OUT" ? join(folder, "none") : arg)));
    expect(result.code).toBe(1);
    expect(result[where]).toContain(
      "error (file_not_found): ./src: there is no config.json.\nhint: A model is a folder",
    );
    expect(result.out + result.said).not.toMatch(/^ +at /m);
  });

  test("a file that is not there", async () => {
    const { code, said } = await attendant(["manifest", join(folder, "nowhere")]);
    expect([code, said]).toEqual([
      1,
      expect.stringMatching(/^error \(file_not_found\): .*nowhere: cannot be read\.\n$/),
    ]);
  });
});

describe("pack", () => {
  test("writes a folder that translate and check read", async () => {
    const out = join(folder, "q8");
    const packed = await attendant(["pack", MODEL, "--dtype", "q8", "-o", out, "--shard-size", "4"], "", true);
    expect([packed.code, packed.out]).toEqual([0, ""]);
    expect(packed.said).toMatch(
      /\] 11\.2 MB of 11\.2 MB\n.*q8: 11\.2 MB of weights in 3 files, as q8; 11\.5 MB in all\.\n$/,
    );
    expect(readdirSync(out).sort()).toEqual(
      [
        ...["CREDITS.txt", "README.md", "attendant.json", "config.json", "generation_config.json"],
        ...[1, 2, 3].map((i) => `model-0000${i}-of-00003.safetensors`),
        ...["model.safetensors.index.json", "tokenizer.json", "tokenizer_config.json"],
      ].sort(),
    );
    expect(await attendant(["translate", "How are you?", "--model", out])).toEqual(
      await attendant(["translate", "How are you?", "--model", MODEL, "--dtype", "q8"]),
    );
    const { out: report, code } = await attendant(["check", out]);
    expect(code).toBe(0);
    expect(report).toContain("  Packed     as q8; attendant.json lists the files and their hashes\n");
    expect(report).toMatch(/ {2}Memory {5}q8 11\.6 MB; /);
    expect(await attendant(["manifest", out, "--check"])).toEqual({ code: 0, out: "", said: "" });
    const again = await attendant(["pack", MODEL, "-o", out]);
    expect([again.code, again.said]).toEqual([1, expect.stringContaining("exists, and is not an empty folder.")]);
  });

  test("says what it left out", async () => {
    const out = join(folder, "bart");
    const { said } = await attendant(["pack", "./test/goldens/families/bart-large-cnn", "-o", out]);
    expect(said).toMatch(/of weights in one file, as q8; .* in all\.\n/);
  });
});

describe("check", () => {
  test("says in words what would run", async () => {
    const { code, out, said } = await attendant(["check", MODEL]);
    expect([code, said]).toEqual([0, ""]);
    expect(out).toBe(
      [
        MODEL,
        "  Family     transformer",
        "  Sizes      3 decoder layers; vocabulary 8,000",
        "  Longest    256 tokens in, 256 tokens out",
        "  Weights    model.safetensors: 131 tensors in F16",
        "  Memory     f32 40.1 MB, f16 20.3 MB, q8 11.6 MB, q4 6.6 MB; and 3.1 MB for a text of 256 tokens",
        "  Tokenizer  read; languages en → fr",
        "It runs.",
        "",
      ].join("\n"),
    );
  });

  test("counts bytes as a loaded model does", async () => {
    const { Seq2Seq } = await import("../../src/index");
    for (const name of ["families/t5-v1.1-gated-gelu", "vanilla/heads-3x7", "speech/whisper"]) {
      const source = `./test/goldens/${name}`;
      const { memory } = JSON.parse((await attendant(["check", source, "--json"])).out) as {
        memory: Record<string, number>;
      };
      for (const dtype of ["f32", "f16", "q8", "q4"] as const) {
        const model = await Seq2Seq.load(source, { device: "cpu", dtype, onWarning: () => undefined });
        expect(memory[dtype], `${name} in ${dtype}`).toBe(model.memory().weights);
        await model.dispose();
      }
    }
  });

  test("a model that reads sound", async () => {
    const { out } = await attendant(["check", "./test/goldens/speech/whisper"]);
    expect(out).toMatch(/Longest {4}[\d,]+ frames of sound in, [\d,]+ tokens out/);
  });

  test("says what is read over, and what is refused", async () => {
    const broken = join(folder, "broken");
    cpSync("test/goldens/families/bart-gelu", broken, { recursive: true });
    const config = JSON.parse(readFileSync(join(broken, "config.json"), "utf8")) as object;
    writeFileSync(join(broken, "config.json"), JSON.stringify({ ...config, surprise: 1 }));
    const { code, out } = await attendant(["check", broken]);
    expect(code).toBe(0);
    expect(out).toContain("Warning    Not read, because nothing here depends on it: config.json: surprise");
    writeFileSync(join(broken, "config.json"), JSON.stringify({ ...config, model_type: "gpt2" }));
    const refused = await attendant(["check", broken]);
    expect(refused.code).toBe(1);
    expect(refused.out).toMatch(/It does not run\.\nerror \(unsupported_model\): .*gpt2/);
  });
});

describe("manifest", () => {
  test("lists a folder as it is, and notices a change", async () => {
    const copy = join(folder, "manifest");
    cpSync("test/goldens/vanilla/f16", copy, { recursive: true });
    expect(await attendant(["manifest", copy, "--check"])).toMatchObject({ code: 1 });
    expect(existsSync(join(copy, "attendant.json"))).toBe(false);
    const { code, said } = await attendant(["manifest", copy]);
    expect([code, said]).toEqual([0, `${join(copy, "attendant.json")}: 4 files.\n`]);
    expect(await attendant(["manifest", copy, "--check"])).toMatchObject({ code: 0, said: "" });
    writeFileSync(join(copy, "golden.json"), "{}");
    const changed = await attendant(["manifest", copy, "--check"]);
    expect([changed.code, changed.said]).toEqual([1, `${copy}: attendant.json differs from the files.\n`]);
    expect((await attendant(["check", copy])).out).toContain("It runs.");
    writeFileSync(join(copy, "config.json"), "{}");
    expect((await attendant(["check", copy])).out).toContain("error (integrity): config.json");
  });
});

describe("translate", () => {
  test("translates each line of the standard input", async () => {
    const { code, out, said } = await attendant(
      ["translate", "-m", MODEL, "--beams", "2"],
      "How are you?\n\nIt is late.\n",
    );
    expect([code, said]).toEqual([0, ""]);
    expect(out.split("\n")).toEqual([expect.stringContaining("?"), "", expect.stringContaining("tard"), ""]);
  });

  test("asks for languages that the files do not name", async () => {
    const { code, said } = await attendant(["translate", "a", "-m", "./test/goldens/vanilla/f16"]);
    expect([code, said]).toEqual([
      1,
      "error (invalid_option): translate: --from and --to are needed for this model.\nhint: Such as --from en --to fr.\n",
    ]);
  });
});

describe("transcribe", () => {
  test("says what a model lacks", async () => {
    const { code, out, said } = await attendant(["transcribe", "a.wav", "-m", "./test/goldens/speech/whisper"]);
    expect([code, out]).toEqual([1, ""]);
    expect(said).toMatch(/error \(file_not_found\): .*tokenizer/);
  });
});
