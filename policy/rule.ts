/** What a rule of the pack is: text for people, options for teams, and one check for each resource type it judges. */
import type { ContainerArgs, ImageArgs, RemoteImageArgs, VolumeArgs } from "@pulumi/docker";
import type { Unwrap } from "@pulumi/pulumi";
import type { CertificateAuthorityArgs } from "../resources/certificates.ts";
import type { GoSdkArgs, GoToolArgs } from "../resources/go.ts";
import type { TrustAnchorsArgs } from "../resources/trust.ts";
import type { LocalImageArgs, ManagedFileArgs } from "../resources/workstation.ts";
import { UnknownValue, withoutSecrets } from "./values.ts";

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
  /** The stack itself: its outputs, for rules over several resources. */
  "pulumi:pulumi:Stack": { driftCheck: unknown };
  /** Every component. */
  "workstation:components:*": { owner: unknown };
}

export type Container = Partial<Judged["docker:index/container:Container"]>;
/** `path` leads to the property that is wrong, such as `ports[0].ip`. */
export type Report = (message: string, path?: string) => void;

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
  /** The value is not known before the update, or encrypted: there is no verdict. */
  undecided: boolean;
  path?: string;
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
  /** Resource types that it judges; `*` at the end stands for all that go on differently. */
  types: readonly string[];
  /** Types that it reads to judge others. */
  reads: readonly string[];
  /** Nobody can set another level for it, or be exempted. */
  fixed?: true;
  /** Judges one resource before it is made. `config` overrides single options. */
  judge(type: string, args: object, config?: Config): Finding[];
  /** Judges how resources fit together. */
  judgeStack(resources: readonly Declared[], config?: Config): (Finding & { urn: string })[];
}

/** What was found before an unknown value was met stays found. */
function collect(args: object, check: (report: Report) => void): Finding[] {
  const findings: Finding[] = [];
  try {
    check((text, path) => {
      const message = withoutSecrets(args, text);
      findings.push({ message, undecided: false, ...(path === undefined ? {} : { path }) });
    });
  } catch (error) {
    if (error instanceof UnknownValue) findings.push({ message: error.message, undecided: true, path: error.path });
    // An export can be edited by hand: other shapes than the type's must neither pass nor end the run.
    else if (error instanceof TypeError) {
      findings.push({ message: `the arguments are not of the form of their type (${error.message})`, undecided: true });
    } else throw error;
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
    types: [...byType.keys()],
    reads: [],
    judge(type, args, config = {}) {
      const check = byType.get(type) ?? byType.get(type.replace(/[^:]*$/, "*"));
      return check === undefined ? [] : collect(args, (report) => check(args, report, { ...options, ...config }));
    },
    judgeStack: () => [],
  };
}

interface StackRuleDefinition<O extends object> extends Omit<RuleDefinition<O>, "checks"> {
  /** Resources of this type are judged, each with all others in view. */
  type: keyof Judged;
  reads?: readonly string[];
  check(resource: Declared, all: readonly Declared[], report: Report, options: O): void;
}

export function defineStackRule<O extends object>(definition: StackRuleDefinition<O>): Rule {
  const { check, type, reads = [], options, schema, ...text } = definition;
  return {
    ...text,
    options: Object.fromEntries(Object.entries(options)),
    schema,
    scope: "stack",
    types: [type],
    reads,
    judge: () => [],
    judgeStack(resources, config = {}) {
      return resources
        .filter((resource) => resource.type === type)
        .flatMap((resource) =>
          collect(resource.args, (report) => check(resource, resources, report, { ...options, ...config })).map(
            (finding) => ({
              ...finding,
              urn: resource.urn,
            }),
          ),
        );
    },
  };
}
