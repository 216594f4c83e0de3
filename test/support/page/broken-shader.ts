/** Compiles kernels with a mistake in one part of their WGSL, in a page. */

import { openDevice } from "../../../src/backends/webgpu/device";
import { kernel } from "../../../src/backends/webgpu/kernel";
import { kernelsOf } from "../../../src/backends/webgpu/operations";
import { GPU_TUNING } from "../../../src/backends/webgpu/tuning";
import type { ModelError } from "../../../src/errors";

/** The message of the error where `replacement` stands for the first `text` of a shader file of a kernel. */
export async function messageOfMistake(
  name: string,
  file: string,
  text: string,
  replacement: string,
): Promise<{ code: string; message: string }> {
  const right = kernelsOf(GPU_TUNING).find((kernel) => kernel.name === name);
  if (!right?.shader[file].includes(text)) throw new Error(`${text} is not in ${file} of ${name}`);
  const wrong = kernel({
    ...right,
    shader: { ...right.shader, [file]: right.shader[file].replace(text, replacement) },
  });
  const gpu = await openDevice();
  try {
    await gpu.pipeline(right);
    // Under a name of its own: kernels are compiled once for each name.
    await gpu.pipeline({ ...wrong, name: `${name}_broken` });
    return { code: "", message: "it compiles" };
  } catch (error) {
    const { code, message } = error as ModelError;
    return { code, message };
  } finally {
    gpu.dispose();
  }
}
