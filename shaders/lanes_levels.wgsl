// Sums over the lanes of each team, put in front of matvec_rows.wgsl and matvec_score.wgsl. lanes_subgroups.wgsl has the same functions
// for GPUs with subgroups. Two levels: some threads make SUMS sums of the values of all lanes, then whoever needs an output adds those.

const SUMS = select(8u, 16u, LANES > 64u);

var<workgroup> parts: array<vec4f, WORKGROUP * SLOTS>;
var<workgroup> sums: array<vec4f, OUTPUTS * SUMS>;

// Called from uniform control flow only.
fn share_sums(sum: array<vec4f, SLOTS>, local: u32) {
  for (var slot = 0u; slot < SLOTS; slot++) {
    parts[slot * WORKGROUP + local] = sum[slot];
  }
  workgroupBarrier();
  for (var i = local; i < OUTPUTS * SUMS; i += WORKGROUP) {
    let output = i / SUMS;
    let begin = output % SLOTS * WORKGROUP + output / SLOTS * LANES;
    var total = vec4f();
    for (var lane = i % SUMS; lane < LANES; lane += SUMS) {
      total += parts[begin + lane];
    }
    sums[i] = total;
  }
  workgroupBarrier();
}

fn output_sum(output: u32) -> vec4f {
  var sum = vec4f();
  for (var i = 0u; i < SUMS; i++) {
    sum += sums[output * SUMS + i];
  }
  return sum;
}
