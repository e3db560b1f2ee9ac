import * as pulumi from "@pulumi/pulumi";

export interface TimezoneArgs {
  /** IANA name, such as `Asia/Shanghai`. */
  zone: pulumi.Input<string>;
  /** `/`, or the staging folder that takes its place. Default `/`. */
  root?: pulumi.Input<string>;
}

/** The system's time zone; the one before is kept and given back on delete. Import by its root: `/`. */
export class Timezone extends pulumi.CustomResource {
  /** As /etc/localtime has it. */
  declare readonly zone: pulumi.Output<string>;

  constructor(name: string, args: TimezoneArgs, opts?: pulumi.CustomResourceOptions) {
    super("workstation:index:Timezone", name, { root: "/", ...args }, opts);
  }
}
