/** The command `attendant`: `npx attendant pack FOLDER --dtype q8 -o OUT`. */

import process from "node:process";
import { check } from "./check";
import { describeError, helpOf, readArguments, UsageError, type Command, type Output } from "./command";
import { manifest } from "./manifest";
import { pack } from "./pack";
import { transcribe } from "./transcribe";
import { translate } from "./translate";

export const COMMANDS: Readonly<Record<string, Command>> = { check, pack, manifest, translate, transcribe };

function help(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  const list = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}\n`);
  return `usage: attendant COMMAND ...\n\n${list.join("")}\nattendant COMMAND --help says more.\n`;
}

/** @returns the exit code: 0, 1 for what went wrong, 2 for arguments that make no sense */
export async function run([name, ...args]: readonly string[], output: Output): Promise<number> {
  if (name === "--help" || name === "-h" || name === "help") {
    output.out(help());
    return 0;
  }
  const command = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) {
    output.say(name === undefined ? help() : `attendant: there is no command ${JSON.stringify(name)}.\n\n${help()}`);
    return 2;
  }
  try {
    const { positionals, values, help: asked } = readArguments(command, args);
    if (!asked) return await command.run(positionals, values, output);
    output.out(helpOf(name, command));
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError)) {
      output.say(describeError(error));
      return 1;
    }
    output.say(
      `attendant ${name}: ${error.message}\nusage: attendant ${name} ${command.usage}\nMore: attendant ${name} --help\n`,
    );
    return 2;
  }
}

/** Runs with the arguments and streams of this process. */
export async function main(args: readonly string[] = process.argv.slice(2)): Promise<void> {
  process.exitCode = await run(args, {
    out: (text) => void process.stdout.write(text),
    say: (text) => void process.stderr.write(text),
    isTerminal: process.stderr.isTTY === true,
    async input() {
      const chunks: Buffer[] = [];
      for await (const chunk of process.stdin as AsyncIterable<Buffer>) chunks.push(chunk);
      return Buffer.concat(chunks).toString();
    },
  });
}
