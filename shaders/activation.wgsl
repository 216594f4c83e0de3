// Activations by number, put in front of the kernels that end in one.

// erf by Abramowitz and Stegun 7.1.26, absolute error below 1.5e-7. The argument of exp is clamped: WGSL
// promises nothing once it overflows.
fn erf(x: vec4f) -> vec4f {
  let a = abs(x);
  let t = 1.0 / (1.0 + 0.3275911 * a);
  let poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return sign(x) * (1.0 - poly * exp(-min(a * a, vec4f(80.0))));
}

// x / (1 + exp(-y)): x times the logistic function of y.
fn gated(x: vec4f, y: vec4f) -> vec4f {
  return x / (1.0 + exp(min(-y, vec4f(80.0))));
}

fn activate(x: vec4f, kind: u32) -> vec4f {
  switch kind {
    case ACTIVATION_RELU: {
      return max(x, vec4f(0.0));
    }
    case ACTIVATION_GELU: {
      return 0.5 * x * (1.0 + erf(x * 0.7071067811865476));
    }
    case ACTIVATION_SILU: {
      return gated(x, x);
    }
    case ACTIVATION_GELU_NEW: {
      // 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))); beyond 20 the cube changes nothing and could overflow
      let c = clamp(x, vec4f(-20.0), vec4f(20.0));
      return gated(x, 1.5957691216057308 * (c + 0.044715 * c * c * c));
    }
    case ACTIVATION_QUICK_GELU: {
      return gated(x, 1.702 * x);
    }
    case ACTIVATION_TANH: {
      return 1.0 - 2.0 / (1.0 + exp(clamp(2.0 * x, vec4f(-80.0), vec4f(80.0))));
    }
    default: {
      return x;
    }
  }
}
