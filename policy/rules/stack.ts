import {
  CACHE_COMPONENTS,
  LABEL_BACKUP,
  LABEL_KIND,
  LABEL_LOSS_ACCEPTED_BY,
  LABEL_METRICS,
  LABEL_SIDECAR,
} from "../../domain/names.ts";
import { type Container, type Declared, defineRule, defineStackRule, type Rule } from "../rule.ts";

interface Labelled {
  labels?: { label: string; value: string }[];
}

const labelOf = ({ labels }: Labelled, name: string): string =>
  (labels ?? []).find(({ label }) => label === name)?.value.trim() ?? "";

/** The type of what it is a part of stands in the URN: `…::gows:Cache$docker:index/volume:Volume::name`. */
const isPartOf = ({ urn }: Declared, components: readonly string[]): boolean => {
  const types = urn.split("::")[2]?.split("$") ?? [];
  return components.some((component) => types.slice(0, -1).includes(component));
};

export function dataHasBackup(): Rule {
  return defineStackRule({
    id: "volume-data",
    title: "What a volume holds is backed up, or somebody accepted its loss",
    why: "A volume is gone with one command, with the machine, or with its disk. Whether that matters has to be decided before it happens.",
    fix: `Label the volume: ${LABEL_BACKUP}=<where the backup is>, ${LABEL_LOSS_ACCEPTED_BY}=<who>, or ${LABEL_KIND}=cache when its content is made again by itself.`,
    reference: "ISO/IEC 27001:2022, A.8.13",
    level: "mandatory",
    options: {},
    schema: {},
    type: "docker:index/volume:Volume",
    check(volume, _all, report) {
      if (isPartOf(volume, CACHE_COMPONENTS)) return;
      const labelled: Labelled = volume.args;
      if (labelOf(labelled, LABEL_KIND) === "cache") return;
      if (labelOf(labelled, LABEL_BACKUP) !== "" || labelOf(labelled, LABEL_LOSS_ACCEPTED_BY) !== "") return;
      report("neither a backup nor somebody who accepted the loss is named", "labels");
    },
  });
}

/** Nobody in particular. */
const NOBODY = new Set(["", "-", "none", "nobody", "unknown", "tbd", "todo", "n/a"]);

export function componentOwner(): Rule {
  return defineRule({
    id: "component-owner",
    title: "Every component has an owner",
    why: "Without a name nobody is asked when it fails, and nobody decides when it may go.",
    fix: "Set `owner` in the stack's settings. Without it the components are this machine's user's.",
    reference: "ISO/IEC 27001:2022, A.5.9",
    level: "mandatory",
    options: {},
    schema: {},
    checks: {
      "workstation:components:*"({ owner }, report) {
        if (owner === undefined) report("owner is not set", "owner");
        else if (NOBODY.has(String(owner).trim().toLowerCase())) report(`owner is ${JSON.stringify(owner)}`, "owner");
      },
    },
  });
}

/** Where somebody can ask it, such as `127.0.0.1:8081/metrics`. */
const ADDRESS = /^(https?:\/\/)?[\w.[\]-]*:\d{1,5}(\/\S*)?$/;

const hasNetwork = ({ networkMode }: Container): boolean => networkMode !== "none";

export function sidecarMetrics(): Rule {
  return defineRule({
    id: "sidecar-metrics",
    title: "Sidecars have metrics",
    why: "What serves everybody and shows nothing is looked into only after it has failed.",
    fix: `Serve metrics, and label the container ${LABEL_METRICS}=<address>. One without a network has its healthcheck.`,
    reference: "OpenTelemetry and Prometheus, exposition of metrics",
    level: "mandatory",
    options: {},
    schema: {},
    checks: {
      "docker:index/container:Container"(args, report) {
        const labelled = { labels: args.labels ?? [] };
        if (labelOf(labelled, LABEL_SIDECAR) === "" || !hasNetwork(args)) return;
        const address = labelOf(labelled, LABEL_METRICS);
        if (address === "") report(`label ${LABEL_METRICS} is not set`, "labels");
        else if (!ADDRESS.test(address)) report(`label ${LABEL_METRICS} is ${address}`, "labels");
      },
    },
  });
}

const HOURS: Record<string, number> = { m: 1 / 60, h: 1, d: 24 };

/** Of `15m`, `1h` or `1d`. */
function hoursOf(interval: unknown): number {
  const [, count = "", unit = ""] = /^(\d+)([mhd])$/.exec(String(interval)) ?? [];
  return Number(count) * (HOURS[unit] ?? Number.NaN);
}

/** Off unless a team wants it: a person's own machine needs no timer, and a rule that everybody violates is none. */
export function driftScheduled(maxHours = 24): Rule {
  return defineStackRule({
    id: "drift-scheduled",
    title: "Drift is looked for on a schedule",
    why: "What was changed by hand stays unseen until somebody happens to look.",
    fix: "Put it on a schedule (`drift --install-timer --every 1h`), then run `up` once.",
    reference: "ISO/IEC 27001:2022, A.8.9",
    level: "disabled",
    options: { maxHours },
    schema: { maxHours: { type: "integer", minimum: 1, description: "Longest time between two looks, in hours." } },
    type: "pulumi:pulumi:Stack",
    check({ args }, _all, report, options) {
      const interval = "driftCheck" in args ? (args.driftCheck ?? "") : "";
      if (interval === "") report("drift is looked for only when somebody asks", "driftCheck");
      else if (!(hoursOf(interval) <= options.maxHours)) {
        report(`drift is looked for every ${interval}, and not each ${options.maxHours}h`, "driftCheck");
      }
    },
  });
}
