// The maximum of what the threads of a workgroup have found, put in front of the kernels that use maxima_common.wgsl.
// maxima_subgroups.wgsl has the same function for GPUs with subgroups. Two levels, as in reduce_levels.wgsl.

// Threads that are left after the first level.
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
