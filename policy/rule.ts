/** What a rule of the pack is: text for people, options for teams, and one check for each resource type it judges. */
import type { ContainerArgs, ImageArgs, RemoteImageArgs, VolumeArgs } from "@pulumi/docker";
import type { Unwrap } from "@pulumi/pulumi";
import type { CertificateAuthorityArgs } from "../resources/certificates.ts";
import type { GoSdkArgs, GoToolArgs } from "../resources/go.ts";
import type { TrustAnchorsArgs } from "../resources/trust.ts";
import type { LocalImageArgs, ManagedFileArgs } from "../resources/workstation.ts";
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
  "workstation:index:CertificateAuthority": Unwrap<CertificateAuthorityArgs>;
  "workstation:index:GoSdk": Unwrap<GoSdkArgs>;
  "workstation:index:GoTool": Unwrap<GoToolArgs>;
  "workstation:index:LocalImage": Unwrap<LocalImageArgs>;
  "workstation:index:ManagedFile": Unwrap<ManagedFileArgs>;
  "workstation:index:TrustAnchors": Unwrap<TrustAnchorsArgs>;
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

/** A resource among all others of the stack. */
export interface Declared {
  type: string;
  urn: string;
  args: object;
  /** URNs that an argument was computed from, by the argument's name: known even where its value is not. */
  uses: Readonly<Record<string, readonly string[]>>;
}

type Config = Readonly<Record<string, unknown>>;

export interface Rule extends RuleText {
  options: Config;
  schema: Readonly<Record<string, OptionSchema>>;
  scope: "resource" | "stack";
  /** Judges one resource before it is made. `config` overrides single options. */
  judge(type: string, args: object, config?: Config): Finding[];
  /** Judges how resources fit together. */
  judgeStack(resources: readonly Declared[], config?: Config): (Finding & { urn: string })[];
}

/** What was found before an unknown value was met stays found. */
function collect(check: (report: Report) => void): Finding[] {
  const findings: Finding[] = [];
  try {
    check((message) => findings.push({ message, undecided: false }));
  } catch (error) {
    if (!(error instanceof UnknownValue)) throw error;
    findings.push({ message: `${error.path} is not known before the update`, undecided: true });
  }
  return findings;
}

export function defineRule<O extends object>(definition: RuleDefinition<O>): Rule {
  const { checks, options, schema, ...text } = definition;
  const byType = new Map(Object.entries(checks)) as Map<string, (args: object, report: Report, options: O) => void>;
  return {
    ...text,
    options: Object.fromEntries(Object.entries(options)),
    schema,
    scope: "resource",
    judge(type, args, config = {}) {
      const check = byType.get(type);
      return check === undefined ? [] : collect((report) => check(args, report, { ...options, ...config }));
    },
    judgeStack: () => [],
  };
}

interface StackRuleDefinition<O extends object> extends Omit<RuleDefinition<O>, "checks"> {
  /** Resources of this type are judged, each with all others in view. */
  type: keyof Judged;
  check(resource: Declared, all: readonly Declared[], report: Report, options: O): void;
}

export function defineStackRule<O extends object>(definition: StackRuleDefinition<O>): Rule {
  const { check, type, options, schema, ...text } = definition;
  return {
    ...text,
    options: Object.fromEntries(Object.entries(options)),
    schema,
    scope: "stack",
    judge: () => [],
    judgeStack(resources, config = {}) {
      return resources
        .filter((resource) => resource.type === type)
        .flatMap((resource) =>
          collect((report) => check(resource, resources, report, { ...options, ...config })).map((finding) => ({
            ...finding,
            urn: resource.urn,
          })),
        );
    },
  };
}
