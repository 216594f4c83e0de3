/** A source in the worker: addresses and files are opened here, a folder of the page is asked for each file. */

import type { ModelFiles, OpenFile } from "../loading/sources/files";
import { openSource } from "../loading/sources/source";
import type { OpenInPage, SentSource } from "./sources";

export function receivedSource(sent: SentSource, open: OpenInPage): ModelFiles {
  if ("source" in sent) return openSource(sent.source, sent.base);
  return {
    name: sent.folder,
    async open(path, signal) {
      const file = (await open(path, signal)) as PageFile | undefined;
      return file && { ...file, stream: streamOf(file.stream) };
    },
  };
}

/** As it has crossed the port. */
interface PageFile extends Omit<OpenFile, "stream"> {
  stream: AsyncIterable<Uint8Array>;
}

function streamOf(iterable: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const items = iterable[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = (await items.next()) as IteratorResult<Uint8Array, undefined>;
        if (done === true) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await items.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}
