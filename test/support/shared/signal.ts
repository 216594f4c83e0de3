/** The sound that test/goldens/audio.py makes: noise and a sweep, in integers. */
export function signal(length: number, seed: number): Float32Array {
  const out = new Float32Array(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const noise = (state >>> 16) - 32768;
    const loud = Math.abs((i % 16000) - 8000);
    const saw = ((i * (1000 + ((i >> 4) % 3000))) % 65536) - 32768;
    out[i] = Math.floor((noise * loud + 8 * saw * (8000 - loud)) / 128000) / 32768;
  }
  return out;
}
