/** What a lab has started, ended in the opposite order: also when it fails half-way. */
export class Cleanup {
  readonly #steps: (() => unknown)[] = [];

  add(step: () => unknown): void {
    this.#steps.push(step);
  }

  /** Every step is taken, whatever the others do; the first failure is thrown at the end. Again: does nothing. */
  async run(): Promise<void> {
    const failures: unknown[] = [];
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}

/** Gives `start` somewhere to note what it started; when it throws, that is ended. */
export async function lab<T extends object>(
  start: (cleanup: Cleanup) => Promise<T>,
): Promise<T & { stop(): Promise<void> }> {
  const cleanup = new Cleanup();
  try {
    return Object.assign(await start(cleanup), { stop: () => cleanup.run() });
  } catch (error) {
    await cleanup.run();
    throw error;
  }
}
