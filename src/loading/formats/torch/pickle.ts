/**
 * An unpickler that can build tensors, plain containers, numbers and texts, and nothing else.
 *
 * A pickle is a program for a stack machine, and it can name any function of any Python module. This machine knows only the
 * instructions that `torch.save` writes with pickle protocols 2 to 5 (torch/serialization.py), and only the names of
 * pickle-names.ts, those that torch's own `weights_only` unpickler allows. It never looks up, calls or imports anything: most
 * names only make an `Opaque` value, which nothing reads. It refuses everything else, and the error names the instruction or
 * name and its position. The time of an instruction is bounded by its length, and the number of values that a program may
 * build is limited.
 *
 * torch's own unpickler stops at protocol 3. The instructions of 4 and 5 make nothing that those of 3 cannot make.
 */

import { ModelError } from "../../../errors";
import { instructionNames, pickleInstructions } from "./pickle-instructions";
import { PickleReader } from "./pickle-reader";
import { PickleStack } from "./pickle-stack";
import type { Storage, Value } from "./pickle-values";
import { torchObjects } from "./torch-objects";

/** Far above any model that fits a browser: a tensor takes five. */
const MAX_CONTAINERS = 500_000;

/**
 * Runs a pickle.
 * @param data begins with the pickle; other bytes may follow
 * @param path name of the file, for messages
 * @returns its value, how many bytes it took, and the storages that it refers to, by their keys
 * @throws ModelError `invalid_weights`; {@link PickleTooShort} if `data` ends before the pickle does
 */
export function unpickle(
  data: Uint8Array,
  path: string,
): { value: Value; length: number; storages: Map<string, Storage> } {
  /** Position and name of the current instruction, for messages. */
  let position = 0;
  let instruction = "";
  let containers = 0;

  const fail = (rule: string) =>
    new ModelError(
      "invalid_weights",
      `${path}: ${instruction} at byte ${position} of the pickle ${rule}.`,
      "Only tensors are read from a pickle. Save the state dict alone with torch.save, or as safetensors.",
    );

  function container<T extends Value>(value: T): T {
    if (++containers > MAX_CONTAINERS) throw fail(`makes more than ${MAX_CONTAINERS} containers`);
    return value;
  }

  const reader = new PickleReader(data, fail);
  const stack = new PickleStack(fail);
  const objects = torchObjects(fail, container);
  const run = pickleInstructions({ reader, stack, objects, container, fail });
  const names = instructionNames();

  for (;;) {
    position = reader.position;
    const code = reader.uint8();
    instruction = names.get(code) ?? `the byte 0x${code.toString(16).padStart(2, "0")}`;
    if (instruction === "STOP") {
      const value = stack.pop();
      if (!stack.isEmpty) throw fail("leaves values on the stack");
      return { value, length: reader.position, storages: objects.storages };
    }
    if (!Object.hasOwn(run, instruction)) {
      throw fail(names.has(code) ? "is an instruction that torch.save does not need" : "is not a pickle instruction");
    }
    run[instruction]();
  }
}
