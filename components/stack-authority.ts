import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { AuthorityPlan } from "../domain/certificates.ts";
import type { SidecarPlan } from "../domain/sidecar.ts";
import { CertificateAuthority } from "../resources/certificates.ts";
import { sidecar } from "./sidecar.ts";

export interface StackAuthorityArgs {
  authority: AuthorityPlan;
  /** Keeps the certificates fresh; it has no network. */
  container: SidecarPlan;
  imageId: pulumi.Input<string>;
}

/** The stack's own certificate authority: what it signs is limited to the stack's names and loopback. */
export class StackAuthority extends pulumi.ComponentResource {
  /** What has to be trusted, as PEM. */
  readonly certificate: pulumi.Output<string>;
  readonly fingerprint: pulumi.Output<string>;

  constructor(name: string, args: StackAuthorityArgs, opts?: pulumi.ComponentResourceOptions) {
    super("workstation:components:StackAuthority", name, {}, opts);
    const passphrase = new random.RandomPassword(
      `${name}-passphrase`,
      { length: 40, special: false },
      { parent: this },
    );
    const { authority } = args;
    const made = new CertificateAuthority(
      `${name}-authority`,
      { ...authority, passphrase: passphrase.result },
      { parent: this },
    );
    sidecar(args.container, args.imageId, { parent: this, dependsOn: [made] });
    this.certificate = made.certificate;
    this.fingerprint = made.fingerprint;
    this.registerOutputs({ certificate: this.certificate, fingerprint: this.fingerprint });
  }
}
