import * as pulumi from "@pulumi/pulumi";

export interface SystemdUnitArgs {
  /** Such as `go-workstation-clock.timer`. */
  unit: pulumi.Input<string>;
  /** `enabled` and started; `loaded` as its files are, without a restart; `forgotten` once the files are gone. */
  mode: pulumi.Input<"enabled" | "loaded" | "forgotten">;
  /** Of the unit's files: another one makes systemd read them again. */
  digest?: pulumi.Input<string>;
}

/** What systemd makes of a unit whose files are managed ones. Import by `MODE:UNIT`. */
export class SystemdUnit extends pulumi.CustomResource {
  declare readonly unit: pulumi.Output<string>;

  constructor(name: string, args: SystemdUnitArgs, opts?: pulumi.CustomResourceOptions) {
    super("workstation:index:SystemdUnit", name, { digest: "", ...args }, opts);
  }
}
