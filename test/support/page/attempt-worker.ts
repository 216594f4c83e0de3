/** The worker of `attemptInWorker`. */

import { attempt, type PlainOptions } from "./attempt";
import type { Source } from "../../../src/index";

onmessage = ({ data }: MessageEvent<[Source, PlainOptions]>) => {
  void attempt(...data).then((result) => postMessage(result));
};
