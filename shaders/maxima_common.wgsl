// Maxima of parts of rows of scores, see maximum.wgsl, put in front of the kernels that find or read them. `score` of
// matvec_rows.wgsl writes them, too.
//
//   maxima (3, R, parts): bits of the maximum of each part, its index, bits of the sum

override WORKGROUP: u32 = 64;

@group(0) @binding(0) var<storage, read> maxima: array<u32>;

// Threads that are left after the first of two additions.
const FEW = 16u;

var<workgroup> found: array<Maximum, WORKGROUP>;
var<workgroup> fewer: array<Maximum, FEW>;

// Of what all threads have found, for each of them: two barriers. Called from uniform control flow only.
fn of_all(mine: Maximum, local: u32) -> Maximum {
  found[local] = mine;
  workgroupBarrier();
  if (local < FEW) {
    var few = found[local];
    for (var i = local + FEW; i < WORKGROUP; i += FEW) {
      few = larger(few, found[i]);
    }
    fewer[local] = few;
  }
  workgroupBarrier();
  var all = fewer[0];
  for (var i = 1u; i < min(FEW, WORKGROUP); i++) {
    all = larger(all, fewer[i]);
  }
  return all;
}

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
