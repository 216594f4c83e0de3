// The layout of every float tensor, put in front of all kernels: the last dimension is padded to a multiple of four
// elements, so that rows can be read as vec4. Padding is zero in weights and anything finite in activations.

fn padded(length: u32) -> u32 {
  return (length + 3u) / 4u * 4u;
}
