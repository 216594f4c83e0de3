/** A module of Node. The specifier is a variable, so that bundlers for pages do not see it. */
export const importNode = <T>(specifier: string): Promise<T> =>
  import(/* @vite-ignore */ /* webpackIgnore: true */ specifier) as Promise<T>;
