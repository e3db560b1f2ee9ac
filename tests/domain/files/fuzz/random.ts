/** Random documents that are the same for the same seed on every machine. */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = (seed * 2654435761) >>> 0;
  }

  /** From 0 up to 1 (mulberry32). */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = this.state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  chance(of: number): boolean {
    return this.next() < of;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }

  some<T>(from: readonly T[], most: number): T[] {
    const left = [...from];
    const count = 1 + this.below(most);
    return Array.from({ length: Math.min(count, left.length) }, () => left.splice(this.below(left.length), 1)[0] as T);
  }
}

export type Outcome = "held" | "refused";

/** One random document against all properties: throws with all that is needed to see it again. */
export type Trial = (seed: number) => Outcome;

export function mustBe(
  what: string,
  found: string,
  wanted: string,
  seed: number,
  story: Record<string, unknown>,
): void {
  if (found !== wanted) fail(what, seed, { ...story, found, wanted });
}

export function fail(what: string, seed: number, story: Record<string, unknown>): never {
  const told = Object.entries(story).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  throw new Error(`seed ${seed}: ${what}\n${told.join("\n")}`);
}
