import * as pulumi from "@pulumi/pulumi";
import type { TimePlan } from "../domain/sync/time.ts";
import { SystemdUnit } from "../resources/systemd-unit.ts";
import { Timezone } from "../resources/timezone.ts";
import { ManagedFile } from "../resources/workstation.ts";

export type TimeSyncArgs = Pick<TimePlan, "timezone" | "clock">;

/** The system's time zone, and a timer that sets its clock right after Windows slept. */
export class TimeSync extends pulumi.ComponentResource {
  /** As set; undefined where the zone is left alone. */
  readonly zone: pulumi.Output<string> | undefined;
  readonly clockFiles: pulumi.Output<string>[];
  /** The timer that runs; undefined where none does. */
  readonly timer: pulumi.Output<string> | undefined;

  constructor(name: string, args: TimeSyncArgs, opts?: pulumi.ComponentResourceOptions) {
    super("workstation:components:TimeSync", name, {}, opts);
    this.zone = args.timezone && new Timezone(`${name}-zone`, args.timezone, { parent: this }).zone;
    const { files = [], unit } = args.clock ?? {};
    const written = files.map(
      ({ name: file, ...given }) => new ManagedFile(`${name}-clock-${file}`, given, { parent: this }),
    );
    this.clockFiles = written.map(({ path }) => path);
    const digest = pulumi.all(written.map(({ sha256 }) => sha256)).apply((sums) => sums.join(" "));
    this.timer =
      unit === undefined
        ? undefined
        : new SystemdUnit(
            `${name}-clock-enabled`,
            { unit, mode: "enabled", digest },
            { parent: this, dependsOn: written },
          ).unit;
    this.registerOutputs({ zone: this.zone, clockFiles: this.clockFiles, timer: this.timer });
  }
}
