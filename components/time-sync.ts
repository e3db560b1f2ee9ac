import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { TimePlan } from "../domain/sync/time.ts";
import { Timezone } from "../resources/timezone.ts";
import { ManagedFile } from "../resources/workstation.ts";

export type TimeSyncArgs = Pick<TimePlan, "timezone" | "clock">;

/** The system's time zone, and a timer that sets its clock right after Windows slept. */
export class TimeSync extends pulumi.ComponentResource {
  /** As set; undefined where the zone is left alone. */
  readonly zone: pulumi.Output<string> | undefined;
  readonly clockFiles: pulumi.Output<string>[];
  /** What systemd said when the timer was switched on; undefined where none is. */
  readonly enabled: pulumi.Output<string> | undefined;

  constructor(name: string, args: TimeSyncArgs, opts?: pulumi.ComponentResourceOptions) {
    super("workstation:components:TimeSync", name, {}, opts);
    this.zone = args.timezone && new Timezone(`${name}-zone`, args.timezone, { parent: this }).zone;
    const { files = [], systemd } = args.clock ?? {};
    const written = files.map(
      ({ name: file, ...given }) => new ManagedFile(`${name}-clock-${file}`, given, { parent: this }),
    );
    this.clockFiles = written.map(({ path }) => path);
    this.enabled =
      systemd &&
      new command.local.Command(
        `${name}-clock-enabled`,
        { create: systemd.after, delete: systemd.before, triggers: written.map(({ sha256 }) => sha256) },
        // Disabled before its files go, and before it is enabled anew.
        { parent: this, dependsOn: written, deleteBeforeReplace: true },
      ).stdout;
    this.registerOutputs({ zone: this.zone, clockFiles: this.clockFiles, enabled: this.enabled });
  }
}
