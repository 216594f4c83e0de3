/**
 * What a dispatch costs, by its shader: bytes of weights and caches that its workgroups read, each workgroup's reads counted, and
 * floating point operations that its threads do, idle and padded ones among them; beside what is needed at least. Activations
 * are left out: they are small and in the cache of the GPU.
 */

import type { Kernel } from "../../src/backends/webgpu/kernel";
import type { Dispatched } from "./dispatches";

export interface Cost {
  /** Bytes of weights and caches, read by all workgroups and needed. */
  read: number;
  needed: number;
  /** Floating point operations of products and of attention, done and needed. */
  flop: number;
  flopNeeded: number;
}

const nothing: Cost = { read: 0, needed: 0, flop: 0, flopNeeded: 0 };

/** @param reads how often w is read @param rows @param columns that are computed, padded ones among them, without their gates */
function product(dispatched: Dispatched, reads: number, rows: number, columns: number): Cost {
  const { params, bytes } = dispatched;
  // A product with a row of w.
  const flop = 8 * params.inner * constant(dispatched, "HALVES");
  return {
    read: reads * bytes.w,
    needed: bytes.w,
    flop: flop * rows * columns,
    // Of the parts of a large w, each a dispatch: its share of the columns.
    flopNeeded: flop * params.rows * 4 * params.count,
  };
}

/** @param queries that share what a workgroup reads @param launched queries that are computed, idle ones among them */
function attention({ params }: Dispatched, queries: number, launched: number): Cost {
  const { length, rows, group, capacity, width } = params;
  const keys = 8 * capacity * width;
  return {
    read: rows * Math.ceil(length / queries) * keys,
    needed: (rows / group) * keys,
    flop: 4 * rows * launched * capacity * width,
    flopNeeded: 4 * rows * length * capacity * width,
  };
}

const constant = ({ kernel }: Dispatched, name: string): number => {
  const value = kernel.constants?.[name];
  if (value === undefined) throw new Error(`${kernel.name} has no constant ${name}`);
  return value;
};

/** Four rows or columns of a block of the tile of a thread. */
const BLOCK = 4;

function productOfTeams(d: Dispatched): Cost {
  const rows = constant(d, "ROWS");
  const columns = (d.grid[0] * constant(d, "COLUMN_TEAMS") * constant(d, "QUADS") * BLOCK) / constant(d, "HALVES");
  // A team without rows computes nothing; one with some computes all of its rows.
  return product(d, d.grid[1], rows * Math.ceil(d.params.rows / rows), columns);
}

/** Of a table only the rows of its tokens. */
function rowsOfTable({ params, bytes }: Dispatched): Cost {
  const read = (params.rows * bytes.w) / params.count;
  return { ...nothing, read, needed: read };
}

/** Of the kernels that read weights or a cache: by the file that has the entry point. The others cost nothing here. */
export const COSTS: Readonly<Record<string, (dispatched: Dispatched) => Cost>> = {
  "matvec.wgsl": (d) => product(d, d.grid[1], d.params.rows, BLOCK * d.params.count),
  "matvec_group.wgsl": (d) => product(d, d.grid[1], d.params.rows, BLOCK * d.params.count),
  "matvec_rows.wgsl": productOfTeams,
  "matvec_score.wgsl": productOfTeams,
  "matmul.wgsl"(d) {
    const tall = constant(d, "ROWS");
    const columns = d.grid[0] * constant(d, "COLUMN_THREADS") * BLOCK;
    return product(d, d.grid[1], tall * Math.ceil(d.params.rows / tall), columns);
  },
  "matmul_tile.wgsl"(d) {
    const rows = d.grid[1] * constant(d, "THREADS_M") * constant(d, "QUADS_M") * BLOCK;
    const columns = (d.grid[0] * constant(d, "THREADS_N") * constant(d, "QUADS_N") * BLOCK) / constant(d, "HALVES");
    return product(d, d.grid[1], rows, columns);
  },
  "attention.wgsl": (d) => attention(d, 1, d.params.length),
  "attention_thread.wgsl": (d) => attention(d, 1, d.params.length),
  "attention_tile.wgsl"(d) {
    const queries = (constant(d, "WORKGROUP") / 4) * constant(d, "PER_THREAD");
    return attention(d, queries, queries * d.grid[0]);
  },
  "attention_split.wgsl"(d) {
    // grid.z counts the workgroups that read all keys of a row of the cache, together with those that share them along x.
    const cost = attention(d, 1, d.params.length);
    const keys = 8 * d.params.capacity * d.params.width;
    const queries = constant(d, "QUERIES");
    return { ...cost, read: d.grid[2] * keys, flop: 4 * d.grid[2] * queries * d.params.capacity * d.params.width };
  },
  "attention_weights.wgsl": (d) => attention(d, constant(d, "THREADS"), d.params.length),
  "embed.wgsl": rowsOfTable,
  "embed_normed.wgsl": rowsOfTable,
  "convolve.wgsl"(d) {
    const { rows, kernel, inner, columns } = d.params;
    const tall = constant(d, "ROWS");
    const flop = 8 * kernel * inner * BLOCK * Math.ceil(columns / BLOCK);
    return {
      read: d.grid[1] * d.bytes.w,
      needed: d.bytes.w,
      flop: flop * tall * Math.ceil(rows / tall),
      flopNeeded: 8 * kernel * inner * columns * rows,
    };
  },
};

/** Whether a kernel reads weights or a cache. */
export const readsData = ({ bindings }: Pick<Kernel, "bindings">): boolean =>
  ["w", "cache"].some((name) => bindings[name] === "read");

/** The file of a kernel that has its entry point: the last one. */
export const fileOf = ({ kernel }: Pick<Dispatched, "kernel">): string => Object.keys(kernel.shader).at(-1) ?? "";

export function costOf(dispatched: Dispatched): Cost {
  const file = fileOf(dispatched);
  if (Object.hasOwn(COSTS, file)) return COSTS[file](dispatched);
  if (readsData(dispatched.kernel)) throw new Error(`bench/cost/costs.ts does not know ${file}`);
  return nothing;
}

export const sumOf = (costs: readonly Cost[]): Cost =>
  costs.reduce(
    (sum, cost) => ({
      read: sum.read + cost.read,
      needed: sum.needed + cost.needed,
      flop: sum.flop + cost.flop,
      flopNeeded: sum.flopNeeded + cost.flopNeeded,
    }),
    nothing,
  );

/** Barriers of a workgroup: those that it meets once, and those within loops, which it meets at every turn. */
export function barriersOf({ kernel }: Pick<Dispatched, "kernel">): { once: number; looped: number } {
  const code = kernel.code.replace(/\/\/.*$/gm, "");
  const bodies = new Map<string, string>();
  for (const { 1: name, index } of code.matchAll(/\bfn\s+(\w+)/g))
    bodies.set(name, blockFrom(code, code.indexOf("{", index)));
  const count = (name: string, inLoop: boolean, into: { once: number; looped: number }): typeof into => {
    const body = bodies.get(name) ?? "";
    const loops = [...body.matchAll(/\b(?:for|while|loop)\b/g)].map(({ index }): [number, number] => {
      const open = body.indexOf("{", index);
      return [open, open + blockFrom(body, open).length];
    });
    for (const { 1: called, index } of body.matchAll(/\b(\w+)\s*\(/g)) {
      const looped = inLoop || loops.some(([from, to]) => index > from && index < to);
      if (called === "workgroupBarrier") into[looped ? "looped" : "once"]++;
      else if (bodies.has(called) && called !== name) count(called, looped, into);
    }
    return into;
  };
  return count(kernel.entryPoint, false, { once: 0, looped: 0 });
}

/** The text from an opening brace to its closing one. */
function blockFrom(text: string, open: number): string {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (text[at] === "{") depth++;
    if (text[at] === "}" && --depth === 0) return text.slice(open, at + 1);
  }
  return text.slice(open);
}
