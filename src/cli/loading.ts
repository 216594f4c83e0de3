/** Options of the commands that load a model. */

import type { LoadOptions } from "../engine/load-options";
import { WEIGHT_FORMATS } from "../tensor/weight-format";
import { showProgress, warner, type Option, type Output, type Values } from "./command";

const DTYPES = ["auto", ...WEIGHT_FORMATS];
const DEVICES = ["auto", "wasm", "cpu"] as const;

export const LOADING: Readonly<Record<string, Option>> = {
  dtype: { value: "NAME", choices: DTYPES, default: "auto", help: "how matrices are stored" },
  device: { value: "NAME", choices: DEVICES, default: "auto", help: "what computes" },
};

export function loadOptions(values: Values, output: Output): LoadOptions {
  return {
    // The choices are checked.
    dtype: values.dtype as LoadOptions["dtype"],
    device: values.device as LoadOptions["device"],
    worker: false,
    onWarning: warner(output),
    onProgress: ({ phase, file, loaded, total }) => {
      if (phase === "download" && total !== undefined && total > 5e6)
        showProgress(output, loaded / total, file.padEnd(40));
    },
  };
}
