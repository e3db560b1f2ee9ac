/** What stands in the way of a plan, all of it at once: a person mends settings in one go. */
export class PlanError extends Error {
  readonly problems: readonly string[];
  /** The engine prints a run error as its message alone; a stack trace says nothing to who wrote the settings. */
  readonly __pulumiRunError = true;

  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.name = "PlanError";
    this.problems = problems;
  }
}
