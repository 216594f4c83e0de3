// The layout of every float tensor, put in front of all kernels: the last dimension is padded to a multiple of four
// elements, so that rows can be read as vec4. Padding is zero in weights and anything finite in activations.
//
// Names in capitals that no shader file declares are constants of TypeScript, which src/backends/webgpu/kernel.ts puts in
// front. The letters of the shape comments are explained in src/tensor/tensor.ts.

fn padded(length: u32) -> u32 {
  return (length + 3u) / 4u * 4u;
}

// Ones for the elements of a row, zeros for the padding of its last vec4.
fn present(column: u32, length: u32) -> vec4f {
  return select(vec4f(0.0), vec4f(1.0), vec4u(4u * column) + vec4u(0u, 1u, 2u, 3u) < vec4u(length));
}
