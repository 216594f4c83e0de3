// How long rows of blocks are, put in front of weights_q8.wgsl, weights_q4.wgsl, chunks_q8.wgsl and chunks_q4.wgsl. A row is, in
// words, a multiple of four:
//
//   padding, the scales of its blocks, the last one first   |   the integers of its blocks, BLOCK_WORDS each
//
// So the integers can be read as vec4s, and the scale of block i is i + 1 words before the first integer.

fn blocks(inner: u32) -> u32 {
  return (inner + BLOCK_VEC4S - 1u) / BLOCK_VEC4S;
}

fn scale_words(inner: u32) -> u32 {
  return (blocks(inner) + 3u) / 4u * 4u;
}

fn row_words(inner: u32) -> u32 {
  return scale_words(inner) + blocks(inner) * BLOCK_WORDS;
}
