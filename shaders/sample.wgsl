// A token drawn from the best of the vocabulary, and everything that follows from it. util/warpers.ts says the same in plain loops
// and names each processor of Hugging Face; ops/sampling.ts describes the table.
//
//   candidates (B, J + parts, 2), best first: bits of the score, id   sampler (SAMPLER_WORDS + DRAW_WORDS B C)   the rest: take_token.wgsl
//
// Where there are parts, rest.wgsl has put behind the candidates what the rest of the vocabulary weighs: the first warper counts with it.
// If that one leaves a candidate that is as good as the last, it might leave others of the rest, too, and the row stays where it is.
//
// One workgroup per row. Nothing is sorted: what a warper or a draw has to know of a candidate is the sum of the weights of others,
// and each thread adds those up for its own candidates. An example, top_p = 0.8:
//
//   rank   id   probability   with those below   above 1 - 0.8   up to this id   drawn for u
//   0      9    0.50          1.00               yes             0.80 of 0.80    from 0.375 on
//   1      4    0.30          0.50               yes             0.30 of 0.80    below 0.375
//   2      2    0.15          0.20               no
//   3      7    0.05          0.05               no

override WORKGROUP: u32 = 64;

struct Params {
  rows: u32, // B
  candidates: u32, // J
  eos_count: u32, // E
  pad: u32,
  capacity: u32, // C
  parts: u32, // 0: no warper looks beyond the candidates
}

@group(0) @binding(0) var<storage, read> candidates: array<u32>;
@group(0) @binding(7) var<storage, read> sampler_table: array<u32>;
@group(0) @binding(8) var<uniform> p: Params;

// Scores divided by the temperature.
var<workgroup> scores: array<f32, MAX_SAMPLED>;
var<workgroup> ids: array<u32, MAX_SAMPLED>;
// exp(score - the largest); 0 once a warper has removed the candidate.
var<workgroup> weights: array<f32, MAX_SAMPLED>;
// The first candidate, by id, of each thread whose cumulative weight is above the draw.
var<workgroup> drawn: array<u32, WORKGROUP>;

const NONE = 0xffffffffu;

fn parameter(word: u32) -> f32 {
  return bitcast<f32>(sampler_table[word]);
}

// What is no candidate, until a warper has removed it: sums of weights, and of weights times the distance from the best score. It has no
// initial value, since Firefox 153 cannot compile one beside arrays of an overridable size.
var<private> rest: vec2f;

// Of the tokens that are left.
struct Totals {
  sum: f32, // of the weights
  entropy: f32,
  highest: f32, // score
}

fn totals() -> Totals {
  var all = Totals(rest.x, 0.0, LEAST);
  var information = rest.y;
  for (var j = 0u; j < p.candidates; j++) {
    if (weights[j] > 0.0) {
      all.sum += weights[j];
      information += weights[j] * (scores[0] - scores[j]);
      all.highest = max(all.highest, scores[j]);
    }
  }
  all.entropy = log(all.sum) + information / all.sum;
  return all;
}

// The share of the best `count` candidates in the entropy of the best TOP_H.
fn entropy_of_best(count: u32) -> f32 {
  var sum = 0.0;
  for (var j = 0u; j < min(TOP_H, p.candidates); j++) {
    sum += weights[j];
  }
  var entropy = 0.0;
  for (var j = 0u; j < count; j++) {
    if (weights[j] > 0.0) {
      entropy += weights[j] / sum * (scores[0] - scores[j] + log(sum));
    }
  }
  return entropy;
}

// Whether the candidates that are not above i, of equals those of lower ids, have more than `least` of all weights, or are all.
fn is_in_nucleus(i: u32, least: f32) -> bool {
  var sum = rest.x;
  var is_last = true;
  for (var j = 0u; j < p.candidates; j++) {
    if (scores[j] < scores[i] || (scores[j] == scores[i] && ids[j] <= ids[i])) {
      sum += weights[j];
    } else if (weights[j] > 0.0) {
      is_last = false;
    }
  }
  return is_last || sum > least;
}

fn distance(i: u32, all: Totals) -> f32 {
  return abs(scores[0] - scores[i] + log(all.sum) - all.entropy);
}

// Whether the candidates whose information is nearer to the entropy than that of i have less than `mass` of all weights.
fn is_typical(i: u32, mass: f32, all: Totals) -> bool {
  let own = distance(i, all);
  var sum = 0.0;
  for (var j = 0u; j < p.candidates; j++) {
    if (weights[j] > 0.0 && distance(j, all) < own) {
      sum += weights[j];
    }
  }
  return sum < mass * all.sum;
}

fn is_on(warper: u32) -> bool {
  switch warper {
    case SAMPLER_TOP_K: { return sampler_table[warper] != 0u; }
    case SAMPLER_TOP_P, SAMPLER_TYPICAL_P: { return parameter(warper) < 1.0; }
    default: { return parameter(warper) > 0.0; }
  }
}

// Whether a warper leaves candidate i. Those before it leave a row that is still ordered, with its best token.
fn keeps(warper: u32, i: u32, all: Totals) -> bool {
  let value = parameter(warper);
  switch warper {
    case SAMPLER_TOP_H: {
      let best = min(TOP_H, p.candidates);
      return i == 0u || (i < best && entropy_of_best(i + 1u) <= value * entropy_of_best(best));
    }
    case SAMPLER_TOP_K: { return scores[i] >= scores[min(sampler_table[warper], p.candidates) - 1u]; }
    case SAMPLER_TOP_P: { return is_in_nucleus(i, (1.0 - value) * all.sum); }
    case SAMPLER_MIN_P: { return weights[i] >= value; }
    case SAMPLER_TYPICAL_P: { return is_typical(i, value, all); }
    case SAMPLER_EPSILON_CUTOFF: { return weights[i] >= value * all.sum || scores[i] == all.highest; }
    default: { // eta_cutoff
      let bound = min(value, sqrt(value) * exp(-all.entropy));
      return weights[i] >= bound * all.sum || scores[i] == all.highest;
    }
  }
}

// Removes what a warper does not keep. A thread has at most 32 candidates, one for each bit.
fn warp(warper: u32, all: Totals, local: u32) {
  var kept = 0u;
  for (var i = local; i < p.candidates; i += WORKGROUP) {
    kept |= u32(keeps(warper, i, all)) << (i / WORKGROUP);
  }
  workgroupBarrier();
  for (var i = local; i < p.candidates; i += WORKGROUP) {
    if (((kept >> (i / WORKGROUP)) & 1u) == 0u) {
      weights[i] = 0.0;
    }
  }
  workgroupBarrier();
}

// Whether the first warper has left a token that is as good as the last candidate.
fn leaves_last(warper: u32, all: Totals) -> bool {
  let last = scores[p.candidates - 1u];
  if (warper == SAMPLER_TYPICAL_P && scores[0] - last + log(all.sum) < all.entropy) {
    return true; // the rest may be nearer to the entropy than the last
  }
  for (var j = 0u; j < p.candidates; j++) {
    if (scores[j] <= last && weights[j] > 0.0) {
      return true;
    }
  }
  return false;
}

// Of two candidates, NONE among them, the one with the lower id.
fn first_of(a: u32, b: u32) -> u32 {
  if (a == NONE || b == NONE) {
    return min(a, b);
  }
  return select(b, a, ids[a] < ids[b]);
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let b = group.x;

  // 1. the candidates
  let first = 2u * b * (p.candidates + p.parts);
  for (var i = 0u; i < p.parts; i++) {
    let part = first + 2u * (p.candidates + i);
    rest += vec2f(bitcast<f32>(candidates[part]), bitcast<f32>(candidates[part + 1u]));
  }
  let temperature = parameter(SAMPLER_TEMPERATURE);
  let best = bitcast<f32>(candidates[first]) / temperature;
  for (var i = local; i < p.candidates; i += WORKGROUP) {
    let logit = bitcast<f32>(candidates[first + 2u * i]);
    let banned = logit <= BANNED;
    let score = select(logit / temperature, LEAST, banned);
    scores[i] = score;
    ids[i] = candidates[first + 2u * i + 1u];
    weights[i] = select(exp(max(score - best, -87.0)), 0.0, banned);
  }
  workgroupBarrier();

  // 2. the warpers, in the order of their parameters
  var is_first = true;
  var undecided = false;
  for (var warper = SAMPLER_TEMPERATURE + 1u; warper < SAMPLER_WORDS; warper++) {
    if (is_on(warper)) {
      let all = totals();
      warp(warper, all, local);
      if (is_first && p.parts > 0u) {
        undecided = leaves_last(warper, all);
        rest = vec2f();
      }
      is_first = false;
    }
  }

  // 3. the first candidate, by id, whose cumulative weight is above the draw
  let sum = totals().sum;
  let word = SAMPLER_WORDS + DRAW_WORDS * (b * p.capacity + min(position[b], p.capacity - 1u));
  // A bound of exactly the sum would leave no candidate.
  let bound = min(f32(sampler_table[word]) * 0x1p-32, 0x0.ffffffp0) * sum;
  var mine = NONE;
  for (var i = local; i < p.candidates; i += WORKGROUP) {
    var cumulative = 0.0;
    for (var j = 0u; j < p.candidates; j++) {
      cumulative += select(0.0, weights[j], ids[j] <= ids[i]);
    }
    if (weights[i] > 0.0 && cumulative > bound) {
      mine = first_of(mine, i);
    }
  }
  drawn[local] = mine;
  workgroupBarrier();

  if (local == 0u && !(undecided && finished[b] == 0u)) {
    var chosen = NONE;
    for (var i = 0u; i < WORKGROUP; i++) {
      chosen = first_of(chosen, drawn[i]);
    }
    // Only where all are banned.
    chosen = select(chosen, 0u, chosen == NONE);
    take_token(b, ids[chosen], scores[chosen] - scores[0] - log(sum), p);
  }
}
