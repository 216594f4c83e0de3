/** One stream of progress for a whole load, made of the events of its files: it never falls, and its total is constant. */

import type { DownloadProgress } from "../loading/sources/download";
import type { ModelFiles } from "../loading/sources/files";
import { survey, type Surveyed } from "../loading/survey";

/** How far a load is. All files together are one stream of bytes. */
export interface LoadProgress {
  /**
   * "download": bytes come, from a server, from the store or from this machine; "verify": the SHA-256 of a file is compared;
   * "upload": all bytes have come, and the last ones are on their way to the device; "compile": kernels are being compiled.
   */
  phase: "download" | "verify" | "upload" | "compile";
  /** The file that the event is about; "shaders" while kernels are compiled. */
  file: string;
  /** Bytes of weights and tokenizer.json that have come. Never falls, and ends at `total`. The other files are small. */
  loaded: number;
  /** Bytes of all of them: the same in every event. Absent in all events where a server does not say it. */
  total?: number;
  /** Over the last three seconds, while bytes come. */
  bytesPerSecond?: number;
  /** Seconds until all bytes will have come at that speed; only where `total` is known. */
  secondsLeft?: number;
}

/** Milliseconds between two events of one file, so that fast transfers do not drown the page in them. */
const INTERVAL = 50;
/** Milliseconds over which the speed is measured. */
const WINDOW = 3000;

const isWeights = (file: string): boolean => /\.(safetensors|bin)$/.test(file);

export class ProgressMeter {
  private expected?: Map<string, Surveyed>;
  private total?: number;
  /** By file; it never falls, though a file may be read twice. */
  private readonly read = new Map<string, number>();
  private loaded = 0;
  /** Event before anything is known of the sizes. */
  private held?: LoadProgress["file"];
  private last?: { phase: LoadProgress["phase"]; file: string; time: number };
  private samples: { time: number; loaded: number }[] = [];

  constructor(
    private readonly onProgress: (progress: LoadProgress) => void,
    private readonly now = () => performance.now(),
  ) {}

  /** The files whose bytes count. */
  expect(files: readonly Surveyed[]): void {
    if (this.expected) return;
    this.expected = new Map(files.map((file) => [file.file, file]));
    const sizes = files.map(({ size }) => size);
    if (files.length > 0 && sizes.every((size) => size !== undefined)) {
      this.total = sizes.reduce((sum, size) => sum + size, 0);
    }
    if (this.held !== undefined) this.tell("download", this.held);
  }

  /** Asks for the sizes of the large files when config.json was read, which is before the first of them is opened. */
  watch(files: ModelFiles, signal?: AbortSignal): ModelFiles {
    let surveying: Promise<void> | undefined;
    return {
      ...files,
      open: async (path, ...rest) => {
        if (path !== "config.json") {
          surveying ??= survey(files, { signal }).then((found) => found && this.expect(found));
          await surveying;
        }
        return files.open(path, ...rest);
      },
    };
  }

  /** Bytes of one file have come. */
  file({ file, loaded, total }: DownloadProgress): void {
    if (!this.expected && isWeights(file)) this.expect([{ file, weights: true, size: total, stored: 0 }]);
    this.read.set(file, Math.max(this.read.get(file) ?? 0, loaded));
    if (!this.expected) {
      this.held = file;
      return;
    }
    // Weights come last: whatever is before them will not be read any more.
    if (isWeights(file))
      for (const { file: other, weights, size } of this.expected.values()) {
        if (!weights && size !== undefined) this.read.set(other, size);
      }
    let sum = 0;
    for (const [name, bytes] of this.read) {
      const size = this.expected.get(name)?.size;
      if (this.total === undefined) sum += bytes;
      else if (size !== undefined) sum += Math.min(bytes, size);
    }
    this.loaded = Math.max(this.loaded, sum);
    this.tell("download", file);
  }

  /** Another phase begins. After "verify" bytes may come again. */
  phase(phase: Exclude<LoadProgress["phase"], "download">, file: string): void {
    // config.json is compared before the sizes of the large files are asked for.
    if (!this.expected && phase === "verify") return;
    this.expected ??= new Map();
    // A length that a server said may have been that of the compressed file.
    if (phase === "upload" && this.total !== undefined) this.loaded = this.total;
    this.tell(phase, file);
  }

  private tell(phase: LoadProgress["phase"], file: string): void {
    const time = this.now();
    const { last, loaded, total } = this;
    const isNews = !last || last.phase !== phase || last.file !== file || loaded === total;
    if (!isNews && time - last.time < INTERVAL) return;
    this.last = { phase, file, time };
    this.onProgress({
      phase,
      file,
      loaded,
      ...(total !== undefined && { total }),
      ...(phase === "download" && this.speed(time)),
    });
  }

  private speed(time: number): Pick<LoadProgress, "bytesPerSecond" | "secondsLeft"> {
    this.samples.push({ time, loaded: this.loaded });
    while (this.samples.length > 2 && time - this.samples[1].time >= WINDOW) this.samples.shift();
    const [first] = this.samples;
    const seconds = (time - first.time) / 1000;
    const bytesPerSecond = seconds > 0 ? (this.loaded - first.loaded) / seconds : 0;
    if (bytesPerSecond <= 0) return {};
    return {
      bytesPerSecond,
      ...(this.total !== undefined && { secondsLeft: (this.total - this.loaded) / bytesPerSecond }),
    };
  }
}

export const createMeter = (onProgress: (progress: LoadProgress) => void): ProgressMeter =>
  new ProgressMeter(onProgress);
