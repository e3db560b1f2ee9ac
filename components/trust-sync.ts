import * as pulumi from "@pulumi/pulumi";
import type { RootsPlan } from "../domain/sync/roots.ts";
import { TrustAnchors } from "../resources/trust.ts";
import { ManagedFile } from "../resources/workstation.ts";

export interface TrustSyncArgs {
  anchors: NonNullable<RootsPlan["anchors"]>;
  /** Script for login shells. */
  profile: NonNullable<RootsPlan["profile"]>;
}

/** Root certificates of Windows and of the team in the distribution's trust store. */
export class TrustSync extends pulumi.ComponentResource {
  /** SHA-256, lower-case hexadecimal, sorted. */
  readonly fingerprints: pulumi.Output<string[]>;
  readonly anchors: TrustAnchors;
  readonly profile: pulumi.Output<string>;

  constructor(name: string, { anchors, profile }: TrustSyncArgs, opts?: pulumi.ComponentResourceOptions) {
    super("workstation:components:TrustSync", name, {}, opts);
    this.anchors = new TrustAnchors(`${name}-anchors`, anchors, { parent: this });
    this.fingerprints = this.anchors.fingerprints;
    this.profile = new ManagedFile(`${name}-profile`, { ...profile, permissions: "0644" }, { parent: this }).path;
    this.registerOutputs({ fingerprints: this.fingerprints, profile: this.profile });
  }
}
