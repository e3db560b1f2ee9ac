import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { ProxyPlan } from "../domain/sync/proxy.ts";
import { ManagedFile } from "../resources/workstation.ts";

export type ProxySyncArgs = Pick<ProxyPlan, "files" | "reload">;

/** The proxy as one file of values, and what makes login shells and the Docker daemon read it. */
export class ProxySync extends pulumi.ComponentResource {
  readonly paths: pulumi.Output<string>[];
  /** What systemd said when it read the drop-in; undefined where it is not told. */
  readonly reloaded: pulumi.Output<string> | undefined;

  constructor(name: string, { files, reload }: ProxySyncArgs, opts?: pulumi.ComponentResourceOptions) {
    super("workstation:components:ProxySync", name, {}, opts);
    // Deleted after the files that depend on it: systemd forgets the drop-in once it is gone.
    const forgotten =
      reload === undefined
        ? []
        : [new command.local.Command(`${name}-forgotten`, { create: "true", delete: reload }, { parent: this })];
    const written = files.map(
      ({ name: file, ...given }) => new ManagedFile(`${name}-${file}`, given, { parent: this, dependsOn: forgotten }),
    );
    this.reloaded =
      reload === undefined
        ? undefined
        : new command.local.Command(
            `${name}-reload`,
            { create: reload, triggers: written.map(({ sha256 }) => sha256) },
            { parent: this, dependsOn: written },
          ).stdout;
    this.paths = written.map(({ path }) => path);
    this.registerOutputs({ paths: this.paths, reloaded: this.reloaded });
  }
}
