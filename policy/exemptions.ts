/** Findings that somebody answers for, until a day. */
import { defineRule, type Finding, type Rule } from "./rule.ts";

export interface Exemption {
  /** Id of the rule. */
  rule: string;
  /** A resource's name, or its URN; `*` stands for any characters, `?` for one. */
  resource: string;
  /** Who answers for it. */
  owner: string;
  reason: string;
  /** The last day on which it counts, `2026-12-31`. Days begin at midnight UTC. */
  until: string;
}

const ESCAPED = /[.+^${}()|[\]\\]/g;

/** A pattern that begins with `urn:` is about the URN, any other about the name at its end. */
function matcher(pattern: string): (urn: string) => boolean {
  const source = pattern.replace(ESCAPED, "\\$&").replaceAll("*", ".*").replaceAll("?", ".");
  const whole = new RegExp(`^${source}$`, "s");
  return pattern.startsWith("urn:")
    ? (urn) => whole.test(urn)
    : (urn) => whole.test(urn.slice(urn.lastIndexOf("::") + 2));
}

export const today = (): string => new Date().toISOString().slice(0, 10);

export const isExpired = ({ until }: Exemption, day: string): boolean => until < day;

/** Finds the exemption for a finding, and remembers which were of use. */
export class Exemptions {
  readonly expired: readonly Exemption[];
  readonly #inForce: { exemption: Exemption; matches: (urn: string) => boolean; used: boolean }[];

  constructor(all: readonly Exemption[] = [], day: string = today()) {
    this.expired = all.filter((exemption) => isExpired(exemption, day));
    this.#inForce = all
      .filter((exemption) => !isExpired(exemption, day))
      .map((exemption) => ({ exemption, matches: matcher(exemption.resource), used: false }));
  }

  /** For a finding of this rule on this resource; one that has expired is none. */
  find(rule: string, urn: string): Exemption | undefined {
    const found = this.#inForce.filter(({ exemption, matches }) => exemption.rule === rule && matches(urn));
    for (const one of found) one.used = true;
    return found[0]?.exemption;
  }

  /** Those that no finding was for, as far as findings were asked about. */
  unused(): Exemption[] {
    return this.#inForce.filter(({ used }) => !used).map(({ exemption }) => exemption);
  }
}

const STACK = "pulumi:pulumi:Stack";

const about = ({ rule, resource, owner, reason, until }: Exemption): string =>
  `the exemption from ${rule} for ${resource} (owner ${owner}: ${reason}), until ${until},`;

/** At the stack itself, which is judged before everything else: nothing is made meanwhile. */
export function exemptionsInForce(exemptions: Exemptions): Rule {
  const rule = defineRule({
    id: "policy-exemptions",
    title: "Exemptions end",
    why: "An exemption that nobody looks at again is a rule that is off. Its last day is when its owner has to answer once more.",
    fix: "Put right what it was for and take the exemption out of policy.config.yaml, or have its owner set a new day.",
    reference: "ISO/IEC 27001:2022, A.5.36",
    level: "mandatory",
    options: {},
    schema: {},
    checks: {},
  });
  const findings = (): Finding[] =>
    exemptions.expired.map((exemption) => ({ message: `${about(exemption)} has expired`, undecided: false }));
  return { ...rule, types: [STACK], fixed: true, judge: (type) => (type === STACK ? findings() : []) };
}

/** After everything else, when it is known which were of use. */
export function exemptionsUsed(exemptions: Exemptions): Rule {
  const rule = defineRule({
    id: "policy-exemptions-used",
    title: "Exemptions are of use",
    why: "An exemption for something that passes, or is gone, or is called differently now, would let the next one pass unseen.",
    fix: "Take it out of policy.config.yaml, or name the resource as it is called today.",
    reference: "ISO/IEC 27001:2022, A.5.36",
    level: "advisory",
    options: {},
    schema: {},
    checks: {},
  });
  const judgeStack = (resources: readonly { type: string; urn: string }[]) => {
    const urn = resources.find(({ type }) => type === STACK)?.urn ?? "";
    return exemptions
      .unused()
      .map((exemption) => ({ message: `${about(exemption)} matches no finding`, undecided: false, urn }));
  };
  return { ...rule, scope: "stack", types: [STACK], fixed: true, judgeStack };
}
