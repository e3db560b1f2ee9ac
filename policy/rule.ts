/** What a rule of the pack is: text for people, options for teams, and one check for each resource type it judges. */
import type { ContainerArgs, ImageArgs, RemoteImageArgs, VolumeArgs } from "@pulumi/docker";
import type { Unwrap } from "@pulumi/pulumi";
import type { LocalImageArgs } from "../resources/workstation.ts";
import { UnknownValue } from "./values.ts";

/** `mandatory` stops `up`, `advisory` only says so. */
export type Level = "mandatory" | "advisory" | "disabled";

/** Everything that a report prints of a rule. */
export interface RuleText {
  /** Stable: policy-config files and exceptions name it. */
  id: string;
  title: string;
  why: string;
  fix: string;
  reference: string;
  level: Level;
}

/** The resource types that rules judge, and what their arguments look like once the engine has resolved them. */
interface Judged {
  "docker:index/container:Container": Unwrap<ContainerArgs>;
  "docker:index/image:Image": Unwrap<ImageArgs>;
  "docker:index/remoteImage:RemoteImage": Unwrap<RemoteImageArgs>;
  "docker:index/volume:Volume": Unwrap<VolumeArgs>;
  "workstation:index:LocalImage": Unwrap<LocalImageArgs>;
}

export type Container = Partial<Judged["docker:index/container:Container"]>;
export type Report = (message: string) => void;

type Checks<O> = { [T in keyof Judged]?: (args: Partial<Judged[T]>, report: Report, options: O) => void };

/** The part of JSON Schema that the engine passes on for a rule's options. */
export interface OptionSchema {
  type: "array" | "boolean" | "integer" | "number" | "string";
  items?: { type: "string" };
  minItems?: number;
  minimum?: number;
  description: string;
}

interface RuleDefinition<O extends object> extends RuleText {
  /** In force when the policy-config file says nothing. */
  options: O;
  schema: { [K in keyof O]: OptionSchema };
  checks: Checks<O>;
}

export interface Finding {
  message: string;
  /** The value is not known before the update, so there is no verdict yet. */
  undecided: boolean;
}

export interface Rule extends RuleText {
  options: Readonly<Record<string, unknown>>;
  schema: Readonly<Record<string, OptionSchema>>;
  types: readonly string[];
  /** Judges one resource. `config` overrides single options. */
  judge(type: string, args: object, config?: Readonly<Record<string, unknown>>): Finding[];
}

export function defineRule<O extends object>(definition: RuleDefinition<O>): Rule {
  const { checks, options, schema, ...text } = definition;
  const byType = new Map(Object.entries(checks)) as Map<string, (args: object, report: Report, options: O) => void>;
  return {
    ...text,
    options: Object.fromEntries(Object.entries(options)),
    schema,
    types: [...byType.keys()],
    judge(type, args, config = {}) {
      const check = byType.get(type);
      if (check === undefined) return [];
      const findings: Finding[] = [];
      try {
        check(args, (message) => findings.push({ message, undecided: false }), { ...options, ...config });
      } catch (error) {
        if (!(error instanceof UnknownValue)) throw error;
        // What was found before the unknown value was met stays found.
        findings.push({ message: `${error.path} is not known before the update`, undecided: true });
      }
      return findings;
    },
  };
}
