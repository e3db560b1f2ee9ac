import * as pulumi from "@pulumi/pulumi";
import type { RootsPlan } from "../domain/sync/roots.ts";
import { TrustAnchors } from "../resources/trust.ts";

export interface TrustSyncArgs {
  anchors: NonNullable<RootsPlan["anchors"]>;
}

/** Root certificates of Windows and of the team in the distribution's trust store. */
export class TrustSync extends pulumi.ComponentResource {
  /** SHA-256, lower-case hexadecimal, sorted. */
  readonly fingerprints: pulumi.Output<string[]>;
  readonly anchors: TrustAnchors;

  constructor(name: string, { anchors }: TrustSyncArgs, opts?: pulumi.ComponentResourceOptions) {
    super("workstation:components:TrustSync", name, {}, opts);
    this.anchors = new TrustAnchors(`${name}-anchors`, anchors, { parent: this });
    this.fingerprints = this.anchors.fingerprints;
    this.registerOutputs({ fingerprints: this.fingerprints });
  }
}
