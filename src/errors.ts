/**
 * The one error class of the package. Every failure that a user can cause or meet has a stable `code`. An aborted call is not
 * a failure: it rejects with `signal.reason`, as `fetch` does.
 */

/** What went wrong, for programs. */
export type ErrorCode =
  /** No WebGPU in this environment, no adapter, or an adapter whose limits are too low. */
  | "unsupported_device"
  /** The GPU device was lost (driver reset, `GPUDevice.destroy`), and the model could not be loaded again on another one. */
  | "device_lost"
  /** The worker with the model crashed or was ended by the browser. */
  | "worker_lost"
  /** The device could not allocate what the model or the call needs. */
  | "out_of_memory"
  /** A file that is needed does not exist. */
  | "file_not_found"
  /** The server or the connection failed. */
  | "network"
  /** A file whose SHA-256 is not the one that it must have. */
  | "integrity"
  /** The browser's storage does not do what is asked of it: a model that is in use cannot be deleted. */
  | "storage"
  /** The `source` argument is not a source of model files. */
  | "invalid_source"
  /** `config.json` or `generation_config.json` is malformed or contradicts itself. */
  | "invalid_config"
  /** A `model_type`, activation or dtype that this engine does not implement. */
  | "unsupported_model"
  /** A weight file that breaks a rule of its format. */
  | "invalid_weights"
  /** The weights lack tensors that the configuration asks for. */
  | "missing_tensor"
  /** The weights hold tensors that the configuration does not know: vanilla checkpoints only. */
  | "unexpected_tensor"
  /** A tensor whose shape is not the one the configuration asks for. */
  | "wrong_shape"
  /** Tokenizer files that are malformed or of an unknown kind. */
  | "invalid_tokenizer"
  /** Token ids, masks or texts that the model cannot take. */
  | "invalid_input"
  /** An option with a value outside its range. */
  | "invalid_option"
  /** An option or option value that this engine does not implement. */
  | "unsupported_option"
  /** A call on an object after `dispose()` or `destroy()`. */
  | "disposed"
  /** A bug in this package: an assertion that should never fail. */
  | "internal";

/** Every failure that a user can cause or meet. An aborted call rejects with `signal.reason` instead. */
export class ModelError extends Error {
  /** Always "ModelError". */
  override readonly name = "ModelError";

  /** @param message one sentence that names the file, tensor, option or limit at fault */
  constructor(
    /** What went wrong; stable, for programs. */
    readonly code: ErrorCode,
    message: string,
    /** What the reader can do about it. */
    readonly hint?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Asserts what this package must guarantee itself. For mistakes of the user throw a {@link ModelError} with another code. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new ModelError("internal", message, "This is a bug in attendant; please report it.");
}

/** The error of every call after `dispose`. */
export const disposedError = (): ModelError =>
  new ModelError("disposed", "This model has been disposed of.", "Load it again.");

/** What anything that was thrown says. */
export const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));

/** Any value as text for a message: as JSON if it has a JSON form, cut if it is long. Never throws. */
export function quote(value: unknown): string {
  let text: string | undefined;
  try {
    // JSON has no bigints, and makes null of NaN and infinities.
    if (typeof value === "bigint") text = `${value}n`;
    else text = typeof value === "number" ? String(value) : JSON.stringify(value);
  } catch {
    // Such as for an object with a cycle.
  }
  text ??= value === undefined ? "undefined" : typeof value === "object" ? "an object" : `a ${typeof value}`;
  return text.length > 100 ? `${text.slice(0, 100)}...` : text;
}
