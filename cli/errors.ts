/** What a command ends with when it cannot do its work: one message for a person, and the exit code of the contract. */
export class CliError extends Error {
  readonly exitCode: number;

  constructor(message: string, options: { exitCode?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = "CliError";
    this.exitCode = options.exitCode ?? 1;
  }
}

/** Exit codes of the contract (DESIGN: the command line). */
export const exitCodes = { success: 0, error: 1, drift: 2, policy: 3, interrupted: 130 } as const;

/** The work was stopped by Ctrl-C or a TERM signal: nothing to explain. */
export class InterruptedError extends CliError {
  constructor() {
    super("Interrupted. The next run goes on from here.", { exitCode: exitCodes.interrupted });
    this.name = "InterruptedError";
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** `code` of a system error such as ENOENT; empty when it has none. */
export function codeOf(error: unknown): string {
  return typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
}
