/** A module that scripts/build-wasm.js compiles of the sources in wasm/: its bytes in base64. */
declare module "*.ts?module=simd" {
  const base64: string;
  export default base64;
}
declare module "*.ts?module=relaxed" {
  const base64: string;
  export default base64;
}
