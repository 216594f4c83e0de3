/** `await using` for compilers that know it, without asking the others to. */

/**
 * The method `[Symbol.asyncDispose]`, for `await using`, where the compiler knows that symbol (`lib` with
 * ESNext.Disposable); an empty type elsewhere. The method itself is there in every runtime that has the symbol.
 */
export type AsyncDisposing = SymbolConstructor extends {
  /** Of ECMAScript's explicit resource management. */
  readonly asyncDispose: infer Key extends symbol;
}
  ? Record<Key, () => Promise<void>>
  : object;
