// Mean and distances from it of elements of x (an array of vec4f), put in front of the kernels that normalise. Two passes, not
// E[x^2] - E[x]^2, which cancels where the mean is large.
//
// The elements are those of rows of `width` vec4s, of which `length` elements count: `count` vec4s from x[start] on.

// (mean, sum of the squares of their distances from it), for each thread of a workgroup; the mean is taken for 0 where they are not
// to be centred. Called from uniform control flow only.
fn moments(start: u32, count: u32, width: u32, length: u32, centred: bool, local: u32) -> vec2f {
  var mean = 0.0;
  if (centred) {
    var sum = vec4f();
    for (var i = local; i < count; i += WORKGROUP) {
      sum += x[start + i] * present(i % width, length);
    }
    mean = dot(total(sum, local), vec4f(1.0)) / f32(max(1u, count / width * length));
  }
  var squares = vec4f();
  for (var i = local; i < count; i += WORKGROUP) {
    let d = (x[start + i] - mean) * present(i % width, length);
    squares += d * d;
  }
  return vec2f(mean, dot(total(squares, local), vec4f(1.0)));
}
