// How project_common.wgsl stores four columns where I is a multiple of four: all of them belong to the query or to the cache, and lie there
// as one vec4.

alias Stored = vec4f;

fn store(row: u32, place: u32, column: u32, value: vec4f) {
  let width = project_params.width / 4u;
  if (column < width) {
    query[row * width + column] = value;
  } else {
    cache[place * 2u * width + column - width] = value;
  }
}
