/**
 * The device chooses its kernels: of each group of variants the one that a probe finds fastest, unless an earlier load has
 * kept that, or the caller says which; and none that computes something else than the CPU.
 */

import { messageOf, ModelError, quote } from "../../errors";
import type { Ops } from "../../ops/ops";
import type { WeightFormat } from "../../tensor/weight-format";
import type { AdapterInfo } from "./adapter";
import { choiceKey, type ChoiceStore } from "./choice-store";
import { deviceLost, type Gpu } from "./device";
import { PassTimer } from "./pass-timer";
import type { GpuPlan } from "./plan";
import { fastest, MOST_PASSES, PROBE_MS } from "./probe";
import { agree, run, Samples, type Group, type Variant } from "./self-test";
import type { Tuning } from "./tuning";

/** Longer waits for an empty submit say that the browser looks for results now and then: its clock tells no kernels apart. */
const COARSE_MS = 4;

export interface ChoiceOptions {
  gpu: Gpu;
  /** The operations with the kernels of a tuning. */
  opsWith(this: void, tuning: Tuning): Ops;
  /** What the kind of adapter suggests. */
  suggested: Tuning;
  groups: readonly Group[];
  /** What the caller wants, whatever a probe would find. */
  given: Partial<Tuning>;
  /** How the matrices of the model are stored. */
  format: WeightFormat;
  /** The specification, for the self-test. */
  reference(this: void): Promise<Ops>;
  store: ChoiceStore;
  /** Changes when the kernels do. */
  version: string;
  onWarning(this: void, message: string): void;
  /** GPU time of all probes, in milliseconds. */
  limit?: number;
}

/** @throws ModelError "unsupported_device" where no variant of a group computes what it should */
export async function chooseKernels(options: ChoiceOptions): Promise<Tuning> {
  const { gpu, given, store, version } = options;
  const { features } = gpu.device;
  const groups = options.groups.map((group): Group => {
    const variants = group.variants.filter(({ feature }) => feature === undefined || features.has(feature));
    return { ...group, variants };
  });
  const suggested = { ...options.suggested, ...given };
  const key = choiceKey(gpu.adapter, `${version}|${options.format}`);
  const kept = await store.get(key);
  const orders = new Map(groups.map((group): [Group, Variant[]] => [group, orderOf(group, given, kept?.[group.name])]));
  const open = groups
    .filter(({ name }) => kept?.[name] === undefined)
    .filter(({ fields }) => !fields.some((f) => f in given));
  const keep = (variants: ReadonlyMap<Group, Variant>): Promise<void> => {
    const names = [...variants].map(([group, { name }]): [string, string] => [group.name, name]);
    return store.set(key, { ...kept, ...Object.fromEntries(names) });
  };
  try {
    await probeAll(options, suggested, open, orders);
  } catch (error) {
    // Another device comes in the place of one that is lost. Probed in the same way, it might be lost, too.
    await keep(new Map(open.map((group) => [group, group.variants[0]])));
    throw error;
  }
  const tested = await testAll(options, suggested, orders);
  // Where the time was up it would be again, so the best guess is kept, too.
  if (open.length > 0) await keep(tested);
  return [...tested.values()].reduce((tuning, variant) => ({ ...tuning, ...variant.tuning }), suggested);
}

/** The variants, those to be tried first in front. */
function orderOf({ variants, fields }: Group, given: Partial<Tuning>, kept: string | undefined): Variant[] {
  const first = (name: string | undefined): Variant[] =>
    [...variants].sort((a, b) => Number(b.name === name) - Number(a.name === name));
  const mine = fields.filter((field) => field in given);
  if (mine.length === 0) return first(kept);
  const tuning = Object.fromEntries(mine.map((field) => [field, given[field]])) as Partial<Tuning>;
  return [{ name: mine.map((field) => `${field} ${given[field]}`).join(", "), tuning }, ...variants];
}

/** Puts the fastest variant of each group in front, as far as the time allows. */
async function probeAll(
  { gpu, opsWith, format, limit = PROBE_MS }: ChoiceOptions,
  suggested: Tuning,
  groups: readonly Group[],
  orders: Map<Group, Variant[]>,
): Promise<void> {
  const several = groups.filter(({ variants }) => variants.length > 1);
  if (several.length === 0) return;
  const timer = new PassTimer(gpu.device, MOST_PASSES);
  try {
    if (timer.clock === "wall clock" && (await timer.pass([], 1)) > COARSE_MS) return;
    for (const group of several) {
      const variants: Variant[] = [];
      const plans: GpuPlan[] = [];
      const samples = new Samples(opsWith(suggested), format);
      try {
        const work = group.work(samples);
        for (const variant of orders.get(group) ?? []) {
          const ops = opsWith({ ...suggested, ...variant.tuning });
          // One that does not compile is found by the self-test, which says so.
          const plan = await ops.record("probe", () => work(ops)).catch(() => undefined);
          if (!plan) continue;
          variants.push(variant);
          plans.push(plan as GpuPlan);
        }
        gpu.check();
        if (plans.length === 0) continue;
        const commands = plans.map(({ commands }) => commands);
        const best = await fastest(commands, timer, limit).catch((cause: unknown) =>
          gpu.rejected(deviceLost(`The kernels could not be timed: ${messageOf(cause)}`, cause), true),
        );
        if (best === undefined) return;
        orders.set(group, [variants[best], ...variants.filter((_, i) => i !== best)]);
      } finally {
        for (const { buffers } of plans) for (const buffer of buffers) gpu.destroyBuffer(buffer);
        samples.free();
      }
    }
  } finally {
    timer.destroy();
  }
}

/**
 * The first variant of each group that computes what the CPU computes, all of them together: kernels of one group go on with
 * results of another.
 */
async function testAll(options: ChoiceOptions, suggested: Tuning, orders: ReadonlyMap<Group, readonly Variant[]>) {
  const { gpu, opsWith, format, onWarning } = options;
  const cpu = await options.reference();
  const problemOf = async ({ tests }: Group, ops: Ops): Promise<string | undefined> => {
    const results = await Promise.all(
      tests.map(async ({ name, test }) => {
        try {
          const right = agree(await run(ops, format, test), await run(cpu, format, test));
          return right ? undefined : `computes ${name} wrongly`;
        } catch (error) {
          gpu.check();
          return `fails: ${messageOf(error)}`;
        }
      }),
    );
    return results.find((problem) => problem !== undefined);
  };
  const at = new Map([...orders.keys()].map((group) => [group, 0]));
  const variantOf = (group: Group): Variant => (orders.get(group) ?? group.variants)[at.get(group) ?? 0];
  try {
    for (;;) {
      const tuning = [...at.keys()].reduce((all, group) => ({ ...all, ...variantOf(group).tuning }), suggested);
      const ops = opsWith(tuning);
      const found = await Promise.all(
        [...at.keys()].map(async (group) => ({ group, problem: await problemOf(group, ops) })),
      );
      // Only the first: what comes after it may be wrong because of it.
      const wrong = found.find(({ problem }) => problem !== undefined);
      if (!wrong) return new Map([...at.keys()].map((group) => [group, variantOf(group)]));
      const { group, problem } = wrong;
      const before = variantOf(group);
      at.set(group, (at.get(group) ?? 0) + 1);
      const next = variantOf(group) as Variant | undefined;
      const place = next ? `; ${quote(next.name)} takes its place` : "";
      onWarning(`load: ${group.name} ${quote(before.name)} ${problem} on this GPU (${nameOf(gpu.adapter)})${place}.`);
      if (next) continue;
      throw new ModelError(
        "unsupported_device",
        `No variant of ${group.name} computes on this GPU what it should.`,
        'Load with device: "wasm", and report the name of your GPU.',
      );
    }
  } finally {
    cpu.dispose();
  }
}

const nameOf = ({ vendor, architecture, description }: AdapterInfo): string =>
  description || `${vendor} ${architecture}`.trim() || "of which the browser says nothing";
