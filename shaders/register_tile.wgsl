// Eight rows of x times four rows of w in the registers of one thread, put in front of matmul.wgsl and convolve.wgsl. It reads x and w
// four elements at a time; no workgroup memory, no barriers.

// Where the rows begin in x, and in w as `weight` counts; `inner` vec4s of each. The sums of row i of x are element i. The sums have
// names, and places in arrays are constants: so all of it stays in registers.
fn tile(of_x: array<u32, ROWS>, of_w: array<u32, 4>, inner: u32) -> array<vec4f, ROWS> {
  var y0 = vec4f();
  var y1 = vec4f();
  var y2 = vec4f();
  var y3 = vec4f();
  var y4 = vec4f();
  var y5 = vec4f();
  var y6 = vec4f();
  var y7 = vec4f();
  for (var k = 0u; k < inner; k++) {
    let a = weight(of_w[0], k);
    let b = weight(of_w[1], k);
    let c = weight(of_w[2], k);
    let d = weight(of_w[3], k);
    let v0 = x[of_x[0] + k];
    y0 += vec4f(dot(v0, a), dot(v0, b), dot(v0, c), dot(v0, d));
    let v1 = x[of_x[1] + k];
    y1 += vec4f(dot(v1, a), dot(v1, b), dot(v1, c), dot(v1, d));
    let v2 = x[of_x[2] + k];
    y2 += vec4f(dot(v2, a), dot(v2, b), dot(v2, c), dot(v2, d));
    let v3 = x[of_x[3] + k];
    y3 += vec4f(dot(v3, a), dot(v3, b), dot(v3, c), dot(v3, d));
    let v4 = x[of_x[4] + k];
    y4 += vec4f(dot(v4, a), dot(v4, b), dot(v4, c), dot(v4, d));
    let v5 = x[of_x[5] + k];
    y5 += vec4f(dot(v5, a), dot(v5, b), dot(v5, c), dot(v5, d));
    let v6 = x[of_x[6] + k];
    y6 += vec4f(dot(v6, a), dot(v6, b), dot(v6, c), dot(v6, d));
    let v7 = x[of_x[7] + k];
    y7 += vec4f(dot(v7, a), dot(v7, b), dot(v7, c), dot(v7, d));
  }
  return array(y0, y1, y2, y3, y4, y5, y6, y7);
}
