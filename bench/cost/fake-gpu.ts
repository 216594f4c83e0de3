/**
 * A GPU that computes nothing and has no memory: it keeps what is asked of it. So the plans of a model of any size can be made
 * and counted in Node.
 */

/** What a bind group of it holds. */
export interface FakeGroup {
  entries: readonly { binding: number; resource: { buffer: FakeBuffer; offset?: number; size?: number } }[];
}

export interface FakeBuffer {
  label: string;
  size: number;
  /** Of buffers that are small: what was written to them. */
  words?: Uint32Array;
}

/** Of the limits that WebGPU promises everywhere. */
const LIMITS = {
  maxBufferSize: 2 ** 28,
  maxStorageBufferBindingSize: 2 ** 27,
  maxComputeWorkgroupsPerDimension: 65_535,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupStorageSize: 16_384,
  maxStorageBuffersPerShaderStage: 8,
  minUniformBufferOffsetAlignment: 256,
};

const KEPT_BYTES = 1 << 20;

/** The flags that Node lacks. */
function defineFlags(): void {
  const flags = {
    GPUBufferUsage: { MAP_READ: 1, COPY_SRC: 4, COPY_DST: 8, UNIFORM: 64, STORAGE: 128, QUERY_RESOLVE: 512 },
    GPUShaderStage: { COMPUTE: 4 },
    GPUMapMode: { READ: 1 },
    GPUOutOfMemoryError: class {},
  };
  for (const [name, value] of Object.entries(flags))
    if (!(name in globalThis)) Object.assign(globalThis, { [name]: value });
}

function createBuffer({ label, size }: { label: string; size: number }): FakeBuffer & Record<string, unknown> {
  return {
    label,
    size,
    destroy: () => undefined,
    mapAsync: async () => undefined,
    unmap: () => undefined,
    getMappedRange: (_: number, bytes: number) => new ArrayBuffer(bytes),
  };
}

const pass = {
  setPipeline: () => undefined,
  setBindGroup: () => undefined,
  dispatchWorkgroups: () => undefined,
  end: () => undefined,
};
const encoder = {
  beginComputePass: () => pass,
  copyBufferToBuffer: () => undefined,
  resolveQuerySet: () => undefined,
  finish: () => ({}),
};

/**
 * @param limits where they differ from what WebGPU promises everywhere
 * @param features by default those with which kernels differ
 */
export function fakeAdapter(
  limits: Partial<typeof LIMITS> = {},
  features: readonly string[] = ["subgroups"],
): GPUAdapter {
  defineFlags();
  const all = { ...LIMITS, ...limits };
  const device = {
    limits: all,
    features: new Set(features),
    lost: new Promise(() => undefined),
    addEventListener: () => undefined,
    pushErrorScope: () => undefined,
    popErrorScope: async () => null,
    createBuffer,
    createBindGroup: ({ entries }: FakeGroup): FakeGroup => ({ entries }),
    createShaderModule: () => ({}),
    createBindGroupLayout: () => ({}),
    createPipelineLayout: () => ({}),
    createComputePipelineAsync: async ({ label }: { label: string }) => ({ label, getBindGroupLayout: () => ({}) }),
    createCommandEncoder: () => encoder,
    createQuerySet: () => ({ destroy: () => undefined }),
    destroy: () => undefined,
    queue: {
      submit: () => undefined,
      onSubmittedWorkDone: async () => undefined,
      writeBuffer(buffer: FakeBuffer, offset: number, data: ArrayBuffer, from: number, bytes: number): void {
        if (buffer.size > KEPT_BYTES) return;
        buffer.words ??= new Uint32Array(Math.ceil(buffer.size / 4));
        buffer.words.set(new Uint32Array(data, from, bytes / 4), offset / 4);
      },
    },
  };
  const info = { vendor: "none", architecture: "", device: "", description: "a GPU that computes nothing" };
  return { limits: all, features: new Set(features), info, requestDevice: async () => device } as unknown as GPUAdapter;
}
