/** A command of `attendant`: its options, its help, and how its arguments are read. */

import { parseArgs } from "node:util";
import type { ModelError } from "../errors";

export interface Option {
  /** Of one letter. */
  short?: string;
  /** What stands for the value in the help; absent for a switch. */
  value?: string;
  /** The only values that it takes. */
  choices?: readonly string[];
  default?: string;
  help: string;
}

/** Where a command writes to. */
export interface Output {
  /** The result. */
  out(this: void, text: string): void;
  /** Messages for the person at the terminal. */
  say(this: void, text: string): void;
  /** Whether `say` writes to a terminal, which can show progress. */
  isTerminal: boolean;
  /** The standard input as text. */
  input(): Promise<string>;
}

/** The values of options by their names; switches are "true" or absent. */
export type Values = Readonly<Record<string, string | undefined>>;

export interface Command {
  /** What it does, in half a line. */
  summary: string;
  /** Its arguments, as the help shows them. */
  usage: string;
  /** How many arguments it takes beside the options. */
  least: number;
  most: number;
  options: Readonly<Record<string, Option>>;
  /** @returns the exit code */
  run(positionals: readonly string[], values: Values, output: Output): Promise<number>;
}

/** Arguments that a command does not take: the exit code is 2. */
export class UsageError extends Error {}

export function helpOf(name: string, { summary, usage, options }: Command): string {
  const all: [string, Option][] = [...Object.entries(options), ["help", { short: "h", help: "this text" }]];
  const lines = all.map(([option, { short, value, choices, default: standard, help }]) => {
    const left = `${short === undefined ? "    " : `-${short}, `}--${option}${value === undefined ? "" : ` ${value}`}`;
    const more = [choices?.join(", "), standard === undefined ? undefined : `default ${standard}`].filter(Boolean);
    return [left, help + (more.length > 0 ? ` (${more.join("; ")})` : "")];
  });
  const width = Math.max(...lines.map(([left]) => left.length));
  const list = lines.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join("\n");
  return `attendant ${name}: ${summary}\n\nusage: attendant ${name} ${usage}\n\n${list}\n`;
}

/** @throws UsageError */
export function readArguments(
  { least, most, options }: Command,
  args: readonly string[],
): { positionals: string[]; values: Values; help: boolean } {
  let parsed;
  try {
    const known = Object.entries(options).map(([name, { short, value }]) => {
      const type = value === undefined ? ("boolean" as const) : ("string" as const);
      return [name, short === undefined ? { type } : { type, short }] as const;
    });
    const help = { type: "boolean" as const, short: "h" };
    parsed = parseArgs({
      args: [...args],
      options: { ...Object.fromEntries(known), help },
      allowPositionals: true,
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message.split(". ")[0] : String(error));
  }
  const { positionals, values } = parsed;
  const given: Record<string, string | undefined> = {};
  for (const [name, { choices, default: standard }] of Object.entries(options)) {
    const value = (values as Record<string, string | boolean | undefined>)[name];
    given[name] = typeof value === "boolean" ? String(value) : (value ?? standard);
    if (choices && given[name] !== undefined && !choices.includes(given[name]))
      throw new UsageError(`--${name} must be ${choices.join(", ")}, not ${JSON.stringify(given[name])}.`);
  }
  const help = values.help === true;
  if (!help && (positionals.length < least || positionals.length > most))
    throw new UsageError(positionals.length < least ? "An argument is missing." : "There are too many arguments.");
  return { positionals, values: given, help };
}

/** A whole number of an option. @throws UsageError */
export function wholeNumber(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^[1-9]\d{0,8}$/.test(value))
    throw new UsageError(`--${name} must be a whole number from 1, not ${JSON.stringify(value)}.`);
  return Number(value);
}

/** What went wrong, with its code and what to do about it. */
export function describeError(error: unknown): string {
  const { name, message, code, hint } = (
    error instanceof Error ? error : { message: String(error) }
  ) as Partial<ModelError>;
  // The class of the package is another one than this file's.
  if (name !== "ModelError") return `error: ${message}\n`;
  return `error (${code}): ${message}\n${hint === undefined ? "" : `hint: ${hint}\n`}`;
}

/** "[######      ] text" in one line that is written over; nothing where it is not a terminal. */
export function showProgress({ isTerminal, say }: Output, part: number, text: string): void {
  if (!isTerminal) return;
  const bar = "#".repeat(Math.round(30 * Math.min(1, part))).padEnd(30);
  say(`\r[${bar}] ${text}${part >= 1 ? "\n" : ""}`);
}

/** Warnings of a model go to the terminal, not among the results. */
export const warner =
  ({ say }: Output) =>
  (message: string): void =>
    say(`warning: ${message}\n`);

/** Names in one line, no more than `most` of them. */
export function listed(names: readonly string[], most: number): string {
  const shown = names.slice(0, most).join(", ");
  return names.length > most ? `${shown}, … (${names.length})` : shown;
}

export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 1e6 ? 3 : 1)} MB`;
