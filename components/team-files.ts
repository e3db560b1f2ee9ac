import * as pulumi from "@pulumi/pulumi";
import type { FilePlan } from "../domain/machine/files.ts";
import { ManagedFile, type ManagedFileArgs } from "../resources/workstation.ts";

export interface TeamFilesArgs {
  files: readonly FilePlan[];
}

/** Files of the machine that the settings name: whole ones, blocks of lines, or single keys. */
export class TeamFiles extends pulumi.ComponentResource {
  readonly paths: pulumi.Output<string>[];

  constructor(name: string, args: TeamFilesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("workstation:components:TeamFiles", name, {}, opts);
    this.paths = args.files.map(({ name: file, file: settings }) => {
      const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
      return new ManagedFile(file, given as unknown as ManagedFileArgs, { parent: this }).path;
    });
    this.registerOutputs({ paths: this.paths });
  }
}
