// What each thread of a workgroup gives to the others, put in front of reduce_levels.wgsl and reduce_subgroups.wgsl.

// Two sides, used in turn: a thread that is ahead writes to one while others still read from the other.
var<workgroup> shares: array<vec4f, 2u * WORKGROUP>;
var<private> side = 0u;

fn keep_share(value: vec4f, local: u32) {
  side = WORKGROUP - side;
  shares[side + local] = value;
  workgroupBarrier();
}
