// The first entries of a list, one for each round, put in front of top_k.wgsl and top_of_parts.wgsl. They have a `struct List` with
// `begin` and `end`, and two functions:
//
//   element(list, i): Entry   an entry of the list
//   keep(list, round, entry)  takes the first entry of a round; called by one thread
//
// Each thread holds the two best of its own elements; each round takes the best of all threads. A thread reads its elements again
// only once both are taken, so an element is read about once, not once for each round. first_levels.wgsl or first_subgroups.wgsl
// finds the best of all threads.

struct Two {
  best: Entry,
  spare: Entry,
}

// The first two of this thread's elements that come after `last`.
fn next(list: List, local: u32, last: Entry) -> Two {
  var two = Two(Entry(LEAST, NONE), Entry(LEAST, NONE));
  for (var i = list.begin + local; i < list.end; i += WORKGROUP) {
    let candidate = element(list, i);
    if (before(candidate, two.spare) && before(last, candidate)) {
      if (before(candidate, two.best)) {
        two = Two(candidate, two.best);
      } else {
        two.spare = candidate;
      }
    }
  }
  return two;
}

// Called from uniform control flow only.
fn find_first(list: List, rounds: u32, local: u32) {
  var mine = next(list, local, Entry(3.4e38, NONE));
  for (var round = 0u; round < rounds; round++) {
    let best = first_of_all(mine.best, round, local);
    if (local == 0u) {
      keep(list, round, best);
    }
    if (mine.best.index == best.index && best.index != NONE) {
      if (mine.spare.index != NONE) {
        mine = Two(mine.spare, Entry(LEAST, NONE));
      } else {
        mine = next(list, local, best);
      }
    }
  }
}
