/**
 * What a resource type of this provider can do. Handlers see plain values: the wire boundary has taken secrets and
 * unknowns apart before and puts them together after.
 */
import type { Host } from "./host.ts";

export interface CheckFailure {
  /** Name of the argument, such as `path` or `recipe.layers[1].version`. */
  property: string;
  /** What is wrong, the value as given (never a secret one) and what is allowed. */
  reason: string;
}

export interface DiffResult {
  /** Top-level argument names that differ; empty means no change. */
  changed: string[];
  /** The part of `changed` that needs a new resource. */
  replaces: string[];
  deleteBeforeReplace: boolean;
  /** What exactly differs in an argument of `changed`, as property paths such as `values.wsl2.memory`. */
  details?: Readonly<Record<string, readonly string[]>>;
}

export interface ReadResult<I, O> {
  id: string;
  /** What would have to be declared to get what is there; all of it on import. What is left out stays as declared. */
  inputs: Partial<I>;
  outputs: O;
}

/** Something a person should see: what goes on now, or (`finished`) a long step that is over. */
export type Report = (message: string, options?: { finished: boolean }) => void;

export interface ResourceHandler<I extends object, O extends object> {
  /** Arguments with defaults filled in, or what is wrong with them. `unknown` names arguments not known yet at preview. */
  check(host: Host, news: Partial<I>, unknown: ReadonlySet<string>): Promise<{ inputs: I; failures: CheckFailure[] }>;
  /** Compares reality as last seen (`olds`) with what is wanted. */
  diff(host: Host, olds: O, news: I, unknown: ReadonlySet<string>): Promise<DiffResult>;
  /** Outputs that are known without doing anything, for preview. */
  preview(host: Host, news: Partial<I>): Promise<Partial<O>>;
  create(host: Host, news: I, report: Report): Promise<{ id: string; outputs: O }>;
  /** Reality; `undefined` when it is gone. `olds` is absent on import. */
  read(host: Host, id: string, olds: O | undefined): Promise<ReadResult<I, O> | undefined>;
  update(host: Host, id: string, olds: O, news: I, report: Report): Promise<O>;
  delete(host: Host, id: string, olds: O, report?: Report): Promise<void>;
  /**
   * What differs when some properties cannot be seen: `drift` reads the state without the key of its secrets. `sealed`
   * names them; they are in neither `olds` nor `news`. `undefined` when the resource is gone.
   */
  driftSealed?(
    host: Host,
    id: string,
    olds: Partial<O>,
    news: Partial<I>,
    sealed: ReadonlySet<string>,
  ): Promise<DiffResult | undefined>;
  /** Outputs under another name that tell something about an input: secret as soon as that input is. */
  readonly reveals?: Readonly<Record<string, readonly string[]>>;
}
