/** As much of a WGSL parser as it takes to compare a kernel's shader with what TypeScript says of it. */

import type { Kernel } from "../../../src/backends/webgpu/kernel";

interface Variable {
  binding: number;
  name: string;
  /** "read", "write" or "uniform" */
  access: string;
  type: string;
}

const withoutComments = (code: string): string => code.replace(/\/\/.*|\/\*[^]*?\*\//g, "");

/** The variables with a binding number, whichever entry point uses them. */
function variablesOf(code: string): Variable[] {
  const pattern = /@group\(0\)\s*@binding\((\d+)\)\s*var<(uniform|storage(?:\s*,\s*\w+)?)>\s*(\w+)\s*:\s*([^;]+);/g;
  return [...code.matchAll(pattern)].map(([, binding, space, name, type]) => {
    const access = space === "uniform" ? "uniform" : space.endsWith("read_write") ? "write" : "read";
    return { binding: Number(binding), name, access, type: type.trim() };
  });
}

/** The fields of a struct, in order: name and type. */
function fieldsOf(code: string, struct: string): [name: string, type: string][] {
  const [, body = ""] = new RegExp(`struct\\s+${struct}\\s*\\{([^}]*)\\}`).exec(code) ?? [];
  return [...body.matchAll(/(\w+)\s*:\s*([\w<>]+)/g)].map(([, name, type]) => [name, type]);
}

/** The part of `code` from an opening bracket to the one that closes it. */
function bracketed(code: string, from: number): string {
  const pairs: Record<string, string> = { "(": ")", "{": "}" };
  const [open, close] = [code[from], pairs[code[from]]];
  for (let at = from, depth = 0; at < code.length; at++) {
    if (code[at] === open) depth++;
    if (code[at] === close && --depth === 0) return code.slice(from, at + 1);
  }
  throw new Error(`WGSL: the ${open} at ${from} is not closed`);
}

/** Each function, and the names of the module that it uses: what a parameter or local variable hides does not count. */
function usesOf(code: string): Map<string, Set<string>> {
  const functions = new Map<string, Set<string>>();
  for (const match of code.matchAll(/\bfn\s+(\w+)\s*\(/g)) {
    const parameters = bracketed(code, match.index + match[0].length - 1);
    const body = bracketed(code, code.indexOf("{", match.index + match[0].length + parameters.length - 1));
    const local = [...parameters.matchAll(/(\w+)\s*:/g), ...body.matchAll(/\b(?:let|var|const)\s+(\w+)/g)];
    const hidden = new Set(local.map(([, name]) => name));
    // A name after a dot is a field.
    const used = [...body.matchAll(/(?<![\w.])[A-Za-z_]\w*/g)].map(([name]) => name);
    functions.set(match[1], new Set(used.filter((name) => !hidden.has(name))));
  }
  return functions;
}

/** All names that an entry point uses, by itself or through the functions that it calls. */
function reachable(functions: Map<string, Set<string>>, entryPoint: string): Set<string> {
  const found = new Set([entryPoint]);
  for (const name of found) for (const used of functions.get(name) ?? []) found.add(used);
  return found;
}

interface Parsed {
  code: string;
  functions: Map<string, Set<string>>;
  variables: Variable[];
  overrides: string[];
}

const parsed = new Map<string, Parsed>();

/** The same source is asked for with many descriptions. */
function parse(source: string): Parsed {
  const known = parsed.get(source);
  if (known) return known;
  const code = withoutComments(source);
  const overrides = [...code.matchAll(/\boverride\s+(\w+)/g)].map(([, name]) => name).sort();
  const found = { code, functions: usesOf(code), variables: variablesOf(code), overrides };
  parsed.set(source, found);
  return found;
}

/** Where the WGSL of a kernel and its description differ, in sentences. */
export function differences({ code: source, entryPoint, bindings, params, overrides = {} }: Kernel): string[] {
  const wgsl = parse(source);
  const used = reachable(wgsl.functions, entryPoint);
  const variables = wgsl.variables.filter(({ name }) => used.has(name)).sort((a, b) => a.binding - b.binding);
  const uniform = variables.pop();
  const said = (values: unknown): string => JSON.stringify(values);
  const compare = (what: string, wgsl: unknown, typeScript: unknown): string[] =>
    said(wgsl) === said(typeScript) ? [] : [`${what}: ${said(wgsl)} in WGSL, ${said(typeScript)} in TypeScript`];
  return [
    ...compare("entry point", wgsl.functions.has(entryPoint), true),
    ...compare(
      "bindings",
      variables.map(({ binding, name, access }) => [binding, name, access]),
      Object.entries(bindings).map(([name, access], i) => [i, name, access]),
    ),
    ...compare("the last binding", [uniform?.binding, uniform?.access], [Object.keys(bindings).length, "uniform"]),
    ...compare("parameters", fieldsOf(wgsl.code, uniform?.type ?? ""), Object.entries(params)),
    ...compare("overrides", wgsl.overrides, Object.keys(overrides).sort()),
  ];
}
