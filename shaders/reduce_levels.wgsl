// Sums and maxima over the threads of a workgroup, element by element and the same in every thread, put in front of the kernels
// that need them. Called from uniform control flow only. reduce_subgroups.wgsl has the same functions for GPUs with subgroups.
//
// Two levels: few threads take the values of all, then every thread takes those of the few. Where threads are few, one level.

const FEW = 16u;

var<workgroup> fewer: array<vec4f, FEW>;

fn total(value: vec4f, local: u32) -> vec4f {
  keep_share(value, local);
  var sum = vec4f();
  if (WORKGROUP <= FEW) {
    for (var i = 0u; i < WORKGROUP; i++) {
      sum += shares[side + i];
    }
    return sum;
  }
  if (local < FEW) {
    var part = vec4f();
    for (var i = local; i < WORKGROUP; i += FEW) {
      part += shares[side + i];
    }
    fewer[local] = part;
  }
  workgroupBarrier();
  for (var i = 0u; i < FEW; i++) {
    sum += fewer[i];
  }
  return sum;
}

fn highest(value: vec4f, local: u32) -> vec4f {
  keep_share(value, local);
  var most = value;
  if (WORKGROUP <= FEW) {
    for (var i = 0u; i < WORKGROUP; i++) {
      most = max(most, shares[side + i]);
    }
    return most;
  }
  if (local < FEW) {
    var part = value;
    for (var i = local; i < WORKGROUP; i += FEW) {
      part = max(part, shares[side + i]);
    }
    fewer[local] = part;
  }
  workgroupBarrier();
  for (var i = 0u; i < FEW; i++) {
    most = max(most, fewer[i]);
  }
  return most;
}
