// Maxima of parts of rows of scores, see maximum.wgsl, put in front of the kernels that find or read them. matvec_score.wgsl
// writes them, too.
//
//   maxima (3, R, parts): bits of the maximum of each part, its index, bits of the sum
//
// maxima_levels.wgsl or maxima_subgroups.wgsl has `of_all`.

override WORKGROUP: u32 = 64;

@group(0) @binding(0) var<storage, read> maxima: array<u32>;

// Of a row whose parts are known, for each thread of a workgroup. Called from uniform control flow only.
fn of_row(row: u32, rows: u32, parts: u32, local: u32) -> Maximum {
  let plane = rows * parts;
  var mine = NOTHING;
  for (var i = local; i < parts; i += WORKGROUP) {
    let at = row * parts + i;
    mine = larger(mine, Maximum(bitcast<f32>(maxima[at]), maxima[plane + at], bitcast<f32>(maxima[2u * plane + at])));
  }
  return of_all(mine, local);
}
