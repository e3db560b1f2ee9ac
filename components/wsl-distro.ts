import * as pulumi from "@pulumi/pulumi";
import { resourceName, type WslFilePlan, type WslPlan } from "../domain/wsl/plan.ts";
import type { WslFile } from "../domain/wsl/table.ts";
import { ManagedFile } from "../resources/workstation.ts";

export interface WslDistroArgs {
  plan: WslPlan;
}

/** WSL's own settings: `.wslconfig` of the virtual machine and `/etc/wsl.conf` of this distribution. */
export class WslDistro extends pulumi.ComponentResource {
  /** `live`: this machine's files; `staged`: the same files in the staging folder. */
  readonly mode: pulumi.Output<WslPlan["mode"]>;
  /** Path of each file that gets keys of ours. */
  readonly paths: Partial<Record<WslFile, pulumi.Output<string>>>;
  /** Sections and keys that are ours, by file. */
  readonly effective: pulumi.Output<Partial<Record<WslFile, WslFilePlan["values"]>>>;

  constructor(name: string, args: WslDistroArgs, opts?: pulumi.ComponentResourceOptions) {
    super("workstation:components:WslDistro", name, {}, opts);
    const { mode, files } = args.plan;
    const entries = Object.entries(files) as [WslFile, WslFilePlan][];
    const paths = entries.map(([file, { path, values }]) => {
      const managed = new ManagedFile(resourceName(name, file), { path, mode: "ini", values }, { parent: this });
      return [file, managed.path];
    });
    this.mode = pulumi.output(mode);
    this.paths = Object.fromEntries(paths);
    this.effective = pulumi.output(Object.fromEntries(entries.map(([file, { values }]) => [file, values])));
    this.registerOutputs({ mode: this.mode, paths: this.paths, effective: this.effective });
  }
}
