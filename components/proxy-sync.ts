import * as pulumi from "@pulumi/pulumi";
import type { ProxyPlan } from "../domain/sync/proxy.ts";
import { SystemdUnit } from "../resources/systemd-unit.ts";
import { ManagedFile } from "../resources/workstation.ts";

export type ProxySyncArgs = Pick<ProxyPlan, "files" | "unit">;

/** The proxy as one file of values, and what makes login shells and the Docker daemon read it. */
export class ProxySync extends pulumi.ComponentResource {
  readonly paths: pulumi.Output<string>[];
  /** The unit that reads the values; undefined where none does. */
  readonly unit: pulumi.Output<string> | undefined;

  constructor(name: string, { files, unit }: ProxySyncArgs, opts?: pulumi.ComponentResourceOptions) {
    super("workstation:components:ProxySync", name, {}, opts);
    const forgotten =
      unit === undefined ? [] : [new SystemdUnit(`${name}-forgotten`, { unit, mode: "forgotten" }, { parent: this })];
    const written = files.map(
      ({ name: file, ...given }) => new ManagedFile(`${name}-${file}`, given, { parent: this, dependsOn: forgotten }),
    );
    this.paths = written.map(({ path }) => path);
    const digest = pulumi.all(written.map(({ sha256 }) => sha256)).apply((sums) => sums.join(" "));
    this.unit =
      unit === undefined
        ? undefined
        : new SystemdUnit(`${name}-loaded`, { unit, mode: "loaded", digest }, { parent: this, dependsOn: written })
            .unit;
    this.registerOutputs({ paths: this.paths, unit: this.unit });
  }
}
