/** What a load does in the store, which may be full, locked or broken: the load goes on without it. */

export class Writer {
  private warned = false;

  /** @param silent that the store does not last was said already */
  constructor(
    private readonly onWarning: (message: string) => void,
    private readonly silent: boolean,
  ) {}

  /** Whether it worked. The first failure of a load is reported. */
  async guard(path: string, act: () => Promise<unknown>): Promise<boolean> {
    try {
      await act();
      return true;
    } catch (error) {
      if (!this.warned && !this.silent) this.onWarning(notKept(path, error));
      this.warned = true;
      return false;
    }
  }
}

/** Why a file was not kept, for a person. */
function notKept(path: string, error: unknown): string {
  const { name = "", message = String(error) } = error instanceof Error ? error : {};
  const causes: Record<string, string> = {
    QuotaExceededError: "the storage that the browser grants to this page is full",
    NoModificationAllowedError: "another tab or worker has it open",
  };
  const why = causes[name] ?? `the browser's storage failed (${name}: ${message})`;
  return `load: ${path} is not kept for the next load: ${why}.`;
}
