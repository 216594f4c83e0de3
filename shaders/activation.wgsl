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

fn gelu(x: vec4f) -> vec4f {
  return 0.5 * x * (1.0 + erf(x * 0.7071067811865476));
}

// log(1 + exp(x)); where exp is small, the first terms of the series, since adding it to 1 would lose its digits
fn softplus(x: vec4f) -> vec4f {
  let e = exp(max(-abs(x), vec4f(-80.0)));
  return max(x, vec4f(0.0)) + select(log(1.0 + e), e * (1.0 - e * (0.5 - e * 0.3333333)), e < vec4f(0.01));
}

fn activate(x: vec4f, kind: u32) -> vec4f {
  switch kind {
    case ACTIVATION_RELU: {
      return max(x, vec4f(0.0));
    }
    case ACTIVATION_GELU: {
      return gelu(x);
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
    case ACTIVATION_GELU_10: {
      return clamp(gelu(x), vec4f(-10.0), vec4f(10.0));
    }
    case ACTIVATION_SIGMOID: {
      return gated(vec4f(1.0), x);
    }
    case ACTIVATION_RELU2: {
      let r = max(x, vec4f(0.0));
      return r * r;
    }
    case ACTIVATION_RELU6: {
      return clamp(x, vec4f(0.0), vec4f(6.0));
    }
    case ACTIVATION_HARDSWISH: {
      return x * clamp(x + 3.0, vec4f(0.0), vec4f(6.0)) / 6.0;
    }
    case ACTIVATION_LEAKY_RELU: {
      return max(x, 0.01 * x);
    }
    case ACTIVATION_LAPLACE: {
      return 0.5 * (1.0 + erf((x - 0.707107) * 2.506626424383798));
    }
    case ACTIVATION_MISH: {
      // tanh(log(1 + n)) = n (n + 2) / (n (n + 2) + 2) for n = exp(x); beyond 20 it is 1
      let n = exp(clamp(x, vec4f(-80.0), vec4f(20.0)));
      return x * (n * (n + 2.0)) / (n * (n + 2.0) + 2.0);
    }
    case ACTIVATION_SQRTSOFTPLUS: {
      return sqrt(softplus(x));
    }
    default: {
      return x;
    }
  }
}
