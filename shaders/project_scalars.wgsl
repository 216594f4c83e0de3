// How project_common.wgsl stores four columns where I is not a multiple of four: key and value begin anywhere in a vec4 of the product.

alias Stored = f32;

fn store(row: u32, place: u32, column: u32, value: vec4f) {
  let width = project_params.width;
  for (var j = 0u; j < 4u; j++) {
    let n = column * 4u + j;
    if (n < width) {
      query[row * padded(width) + n] = value[j];
    } else if (n < 3u * width) {
      cache[place * padded(2u * width) + n - width] = value[j];
    }
  }
}
