/** Addresses of scripts for pages that ask for trusted types. */

interface Policies {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string };
}
let policy: ReturnType<Policies["createPolicy"]> | undefined;

/** Where a page asks for trusted types, only a policy makes the address of a script. Its name is "attendant". */
export function trusted(url: string): string {
  const { trustedTypes } = globalThis as { trustedTypes?: Policies };
  policy ??= trustedTypes?.createPolicy("attendant", { createScriptURL: (address) => address });
  return policy ? policy.createScriptURL(url) : url;
}
