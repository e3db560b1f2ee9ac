/** Something exists now, but is not as it should be: the engine must remember it, so that the next run repairs it. */
export class PartialResourceError extends Error {
  readonly id: string;
  readonly outputs: object;

  constructor(message: string, id: string, outputs: object) {
    super(message);
    this.id = id;
    this.outputs = outputs;
  }
}
