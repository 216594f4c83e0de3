/** What this GPU can do at all: a copy, a read, multiply-adds, the cost of a dispatch, of a submit and of a read-back. */

import { median, PassTimer } from "../../src/backends/webgpu/pass-timer";
import type { Command } from "../../src/backends/webgpu/plan";
import { PASS } from "./kernels";

export interface Ceilings {
  clock: string;
  /** 10^9 bytes per second, read and written together, of a copy by a kernel. */
  copy: number;
  /** 10^9 bytes per second of reading alone. */
  read: number;
  /** 10^9 floating point operations per second, two per fused multiply-add. */
  fma: number;
  /** Microseconds of the GPU per dispatch that depends on the one before it. */
  dispatchGpu: number;
  /** Microseconds of the calling thread to encode and submit one dispatch. */
  dispatchHost: number;
  /** Milliseconds from an empty submit to its end. */
  submit: number;
  /** Milliseconds from the submit of a copy of 4 bytes until they are mapped: median and worst of 50. */
  readback: number;
  readbackWorst: number;
}

const COPY = /* wgsl */ `
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let stride = groups.x * 256u;
  for (var i = id.x; i < arrayLength(&x); i += stride) {
    y[i] = x[i];
  }
}`;

const READ = /* wgsl */ `
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let stride = groups.x * 256u;
  var sum = vec4f();
  for (var i = id.x; i < arrayLength(&x); i += stride) {
    sum += x[i];
  }
  if (sum.x == 0.123456) {
    y[id.x] = sum;
  }
}`;

/** Eight chains of vec4f, so that no multiply-add waits for the one before it. */
const FMA_ROUNDS = 512;
const FMA = /* wgsl */ `
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let a = x[id.x % 64u];
  let b = x[(id.x + 1u) % 64u];
  var s0 = a; var s1 = b; var s2 = a + 1.0; var s3 = b + 1.0;
  var s4 = a + 2.0; var s5 = b + 2.0; var s6 = a + 3.0; var s7 = b + 3.0;
  for (var i = 0u; i < ${FMA_ROUNDS}u; i++) {
    s0 = fma(s0, a, b); s1 = fma(s1, a, b); s2 = fma(s2, a, b); s3 = fma(s3, a, b);
    s4 = fma(s4, a, b); s5 = fma(s5, a, b); s6 = fma(s6, a, b); s7 = fma(s7, a, b);
  }
  let sum = s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7;
  if (sum.x == 0.123456) {
    y[id.x % 64u] = sum;
  }
}`;

const STEP = /* wgsl */ `
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@compute @workgroup_size(1)
fn main() {
  y[0] += x[0];
}`;

/** @param software a software adapter, which gets less to do */
export async function measureCeilings(device: GPUDevice, software: boolean): Promise<Ceilings> {
  const timer = new PassTimer(device);
  const bytes = software ? 16 << 20 : 256 << 20;
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const [x, y, small] = [bytes, bytes, 1024].map((size) => device.createBuffer({ size, usage }));
  const noise = Float32Array.from({ length: 1 << 20 }, (_, i) => ((i * 7919) % 1009) / 1009);
  for (let at = 0; at < bytes; at += noise.byteLength) device.queue.writeBuffer(x, at, noise);
  device.queue.writeBuffer(small, 0, noise, 0, 256);

  const command = async (code: string, from: GPUBuffer, to: GPUBuffer, groups: number): Promise<Command> => {
    const module = device.createShaderModule({ code });
    const pipeline = await device.createComputePipelineAsync({ layout: "auto", compute: { module } });
    const entries = [from, to].map((buffer, binding) => ({ binding, resource: { buffer } }));
    const bindGroup = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
    return { pipeline, bindGroup, grid: [groups, 1, 1] };
  };
  const best = async (commands: Command[]): Promise<number> => {
    const repeats = await timer.repeats(commands, PASS);
    const times: number[] = [];
    for (let i = 0; i < 20; i++) times.push((await timer.pass(commands, repeats)) / repeats);
    return Math.min(...times);
  };
  const rate = async (code: string, work: number, groups: number, from = x, to = y): Promise<number> =>
    work / (await best([await command(code, from, to, groups)])) / 1e6;

  const groups = software ? 64 : 4096;
  const copy = Math.max(await rate(COPY, 2 * bytes, groups), await rate(COPY, 2 * bytes, 4 * groups));
  const read = Math.max(await rate(READ, bytes, groups), await rate(READ, bytes, 4 * groups));
  const fmaGroups = software ? 16 : 8192;
  const fma = await rate(FMA, fmaGroups * 256 * FMA_ROUNDS * 8 * 4 * 2, fmaGroups, small, y);

  const step = await command(STEP, small, y, 1);
  const steps = software ? 200 : 2000;
  const gpu: number[] = [];
  for (let i = 0; i < 5; i++) gpu.push((await timer.pass([step], steps)) / steps);
  const host: number[] = [];
  for (let i = 0; i < 5; i++) {
    const started = performance.now();
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (let j = 0; j < steps; j++) {
      pass.setPipeline(step.pipeline);
      pass.setBindGroup(0, step.bindGroup);
      pass.dispatchWorkgroups(1);
    }
    pass.end();
    device.queue.submit([encoder.finish()]);
    host.push((performance.now() - started) / steps);
    await device.queue.onSubmittedWorkDone();
  }

  const submits: number[] = [];
  for (let i = 0; i < 50; i++) {
    const started = performance.now();
    device.queue.submit([device.createCommandEncoder().finish()]);
    await device.queue.onSubmittedWorkDone();
    submits.push(performance.now() - started);
  }
  const target = device.createBuffer({ size: 16, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  const reads: number[] = [];
  for (let i = 0; i < 50; i++) {
    const started = performance.now();
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(small, 0, target, 0, 4);
    device.queue.submit([encoder.finish()]);
    await target.mapAsync(GPUMapMode.READ);
    target.unmap();
    reads.push(performance.now() - started);
  }
  for (const made of [x, y, small, target, timer]) made.destroy();
  return {
    clock: timer.clock,
    copy,
    read,
    fma,
    dispatchGpu: 1000 * median(gpu),
    dispatchHost: 1000 * median(host),
    submit: median(submits),
    readback: median(reads),
    readbackWorst: Math.max(...reads),
  };
}
