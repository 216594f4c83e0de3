/** Models from everywhere that a page can load them from: a Hub, a plain host, picked files, a directory, a function. */

import { readFileSync } from "node:fs";
import type { Page } from "puppeteer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readSafetensors } from "../../src/loading/formats/safetensors";
import { readGolden, VANILLA, type Golden } from "../support/node/vanilla";
import { commitOf, serveHub, type HubServer, type Repositories } from "../support/node/hub-server";
import { closePage, openPage, runInPage } from "../support/node/pages";
import { makeSafetensors, openBytes, type TensorSpec } from "../support/shared/safetensors";
import type { Failure, Loaded } from "../support/page/sources";
import { makeLegacy, makeTorchZip, stateDictPickle, type ViewSpec } from "../support/shared/torch";

const MODULE = "/test/support/page/sources.ts";
const NAME = "pre-norm-learned-silu";
const FOLDER = `${VANILLA}/${NAME}`;
const REPO = "some-owner/tiny.model_1";

/** The same model in every form of weights. */
async function forms(config: string) {
  const whole = new Uint8Array(readFileSync(`${FOLDER}/model.safetensors`));
  const shards: Record<string, TensorSpec>[] = [{}, {}];
  const map: Record<string, string> = {};
  const views: Record<string, ViewSpec> = {};
  const storages: Record<string, Uint8Array> = {};
  for await (const { name, shape, data } of readSafetensors(openBytes(whole), "model.safetensors")) {
    const i = Object.keys(map).length;
    const bytes = data.slice();
    map[name] = `model-0000${i % 2}.safetensors`;
    shards[i % 2][name] = { dtype: "F32", shape, data: bytes };
    const strides = shape.map((_, d) => shape.slice(d + 1).reduce((product, n) => product * n, 1));
    views[name] = { key: String(i), elements: bytes.length / 4, shape, strides };
    storages[String(i)] = bytes;
  }
  const pickle = stateDictPickle(views);
  const common = { "config.json": config };
  return {
    main: { ...common, "model.safetensors": whole, "generation_config.json": '{"max_new_tokens": 3}' },
    "refs/pr/1": { ...common, "model.safetensors": whole },
    "v2.0": { ...common, "model.safetensors": whole, "README.md": "another commit" },
    sharded: {
      ...common,
      "model.safetensors.index.json": JSON.stringify({ metadata: {}, weight_map: map }),
      "model-00000.safetensors": makeSafetensors(shards[0]),
      "model-00001.safetensors": makeSafetensors(shards[1]),
    },
    "v1.0": { ...common, "pytorch_model.bin": makeTorchZip(pickle, storages) },
    old: { ...common, "pytorch_model.bin": makeLegacy(pickle, storages) },
    nothing: { ...common, "README.md": "no weights here" },
    unknown: { "config.json": '{"model_type": "gpt2"}' },
    activation: { "config.json": config.replace('"silu"', '"mish"') },
  };
}

describe("sources in a browser", () => {
  let page: Page;
  let hub: HubServer;
  let repositories: Repositories;
  let golden: Golden;
  let rows: number[][];
  /** Row by row, as PyTorch has them. */
  let expected: number[][];
  beforeAll(async () => {
    golden = await readGolden(NAME);
    rows = golden.input_ids.map((row, i) => row.filter((_, j) => golden.attention_mask[i][j] === 1));
    const config = JSON.parse(readFileSync(`${FOLDER}/config.json`, "utf8")) as Record<string, unknown>;
    config.max_length = golden.max_new_tokens + 1;
    repositories = { [REPO]: await forms(JSON.stringify(config)) };
    hub = await serveHub(repositories);
    expected = golden.sequences_alone;
    page = await openPage();
  });
  afterAll(async () => {
    await closePage(page);
    await hub.close();
  });

  const source = (revision?: string) => ({ repo: "some-owner/tiny.model_1", revision, endpoint: hub.endpoint });
  const load = (from: unknown, device = "cpu") => runInPage<Loaded>(page, MODULE, "fromPlain", from, rows, device);
  const failure = (from: unknown) => runInPage<Failure>(page, MODULE, "failureOf", from);

  it("refs/pr/1 of a repository, its weights redirected to another origin, on the GPU", async () => {
    const { sequences, progress, device } = await load(source("refs/pr/1"), "webgpu");
    expect([sequences, device]).toEqual([expected, "webgpu"]);
    const commit = commitOf(repositories, REPO, "refs/pr/1");
    // The list says which files there are, and all of them are of the commit that it names.
    expect(hub.takeLog()).toEqual([
      `hub /api/models/${REPO}/revision/refs%2Fpr%2F1?blobs=true 200`,
      `hub /${REPO}/resolve/${commit}/config.json 200`,
      `hub /${REPO}/resolve/${commit}/model.safetensors 302`,
      "cdn 200",
    ]);
    const size = readFileSync(`${FOLDER}/model.safetensors`).length;
    expect(progress["model.safetensors"]).toMatchObject({ loaded: size, total: size });
  });

  it("the same again, from the store: one request, which says that nothing has changed", async () => {
    expect((await load(source("refs/pr/1"))).sequences).toEqual(expected);
    expect(hub.takeLog()).toEqual([`hub /api/models/${REPO}/revision/refs%2Fpr%2F1?blobs=true 200`]);
    // A commit can't change.
    const commit = commitOf(repositories, REPO, "refs/pr/1");
    expect((await load(source(commit))).sequences).toEqual(expected);
    hub.takeLog();
    expect((await load(source(commit))).sequences).toEqual(expected);
    expect(hub.takeLog()).toEqual([]);
  });

  it("weights that are not what the list says are refused and not kept", async () => {
    hub.damaged.add("model.safetensors");
    const { code, message } = await failure(source("v2.0"));
    hub.damaged.clear();
    expect([code, message]).toEqual(["integrity", expect.stringMatching(/^model.safetensors: its SHA-256 is/)]);
    hub.takeLog();
    expect((await load(source("v2.0"))).sequences).toEqual(expected);
    expect(hub.takeLog().filter((line) => line.startsWith("cdn"))).toEqual(["cdn 200"]);
  });

  it("main, where generation_config.json shortens the output", async () => {
    const { sequences } = await load(source());
    expect(sequences).toEqual(expected.map((row) => row.slice(0, 4)));
    expect(hub.takeLog()[0]).toBe(`hub /api/models/${REPO}/revision/main?blobs=true 200`);
  });

  it.each([
    ["shards", "sharded", ["model-00000.safetensors", "model-00001.safetensors"]],
    ["pytorch_model.bin", "v1.0", ["pytorch_model.bin"]],
    ["pytorch_model.bin from before torch 1.6", "old", ["pytorch_model.bin"]],
  ])("%s", async (_, revision, names) => {
    const { sequences, progress } = await load(source(revision), revision === "sharded" ? "webgpu" : "cpu");
    expect(sequences).toEqual(expected);
    expect(progress[names[names.length - 1]].loaded).toBe(progress[names[0]].total);
    hub.takeLog();
  });

  it("the same folder by its plain address, from another origin", async () => {
    const { sequences } = await load(`${hub.endpoint}/some-owner/tiny.model_1/resolve/v1.0`);
    expect(sequences).toEqual(expected);
  });

  it("files that are picked, a directory handle, a function", async () => {
    const address = `${hub.endpoint}/some-owner/tiny.model_1/resolve/`;
    const sharded = ["model.safetensors.index.json", "model-00000.safetensors", "model-00001.safetensors"];
    const variants: [string, string, string[]][] = [
      ["fromFiles", "v1.0/", ["config.json", "pytorch_model.bin"]],
      ["fromDirectory", "sharded/", ["config.json", ...sharded]],
      ["fromReader", "refs%2Fpr%2F1/", ["config.json", "model.safetensors"]],
    ];
    for (const [name, revision, files] of variants) {
      const { sequences } = await runInPage<Loaded>(page, MODULE, name, address + revision, files, rows);
      expect([name, sequences]).toEqual([name, expected]);
    }
  });

  it("says what is wrong", async () => {
    const nothing = await failure(source("nothing"));
    expect([nothing.code, nothing.message]).toEqual([
      "file_not_found",
      `${hub.endpoint}/some-owner/tiny.model_1/resolve/nothing/: there are no weights; looked for model.safetensors, ` +
        "model.safetensors.index.json, pytorch_model.bin, pytorch_model.bin.index.json.",
    ]);
    expect(nothing.hint).toContain("refs/pr/1");

    const unknown = await failure({ repo: "no/such", endpoint: hub.endpoint });
    expect([unknown.code, unknown.message]).toEqual(["network", expect.stringContaining("answered 401")]);
    expect(unknown.hint).toBe("The model does not exist, or is private or gated.");
    const revision = await failure(source("refs/pr/9"));
    expect([revision.code, revision.message]).toEqual([
      "file_not_found",
      expect.stringContaining("there is no config.json"),
    ]);

    const type = await failure(source("unknown"));
    expect([type.code, type.message]).toEqual([
      "unsupported_model",
      expect.stringMatching(/"gpt2"; supported: .*transformer/),
    ]);
    const activation = await failure(source("activation"));
    expect([activation.code, activation.message]).toEqual([
      "unsupported_model",
      expect.stringMatching(/activation is "mish"; supported: relu, .*silu/),
    ]);
  });
});
