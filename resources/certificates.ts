/** Resources of our provider for certificates. */
import * as pulumi from "@pulumi/pulumi";
import type { Algorithm, LeafPlan } from "../domain/certificates.ts";
import type { GoProgram } from "../domain/recipe.ts";

export interface CertificateAuthorityArgs {
  /** Names below `gows-<stack>.internal` may be certified. */
  stack: pulumi.Input<string>;
  /** Kind of all keys; another one is another authority. Default `p256`. */
  algorithm?: pulumi.Input<Algorithm>;
  /** Absolute. */
  folder: pulumi.Input<string>;
  /** Seals the root's key; at least 20 characters. Secret. */
  passphrase: pulumi.Input<string>;
  /** `UID:GID` of the container that keeps the certificates fresh. */
  owner: pulumi.Input<string>;
  leaves: pulumi.Input<LeafPlan[]>;
  /** Such as `87600h`. */
  rootLifetime: pulumi.Input<string>;
  intermediateLifetime: pulumi.Input<string>;
  program: pulumi.Input<GoProgram>;
  /** Go release that builds it. */
  go: pulumi.Input<string>;
}

/** The stack's own authority: name-constrained, its root's key sealed and used only for roll-over. */
export class CertificateAuthority extends pulumi.CustomResource {
  /** SHA-256 of the root, lower-case hexadecimal. */
  declare readonly fingerprint: pulumi.Output<string>;
  /** What has to be trusted, as PEM. */
  declare readonly certificate: pulumi.Output<string>;
  declare readonly folder: pulumi.Output<string>;

  constructor(name: string, args: CertificateAuthorityArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      "workstation:index:CertificateAuthority",
      name,
      { fingerprint: undefined, certificate: undefined, findings: undefined, ...args },
      { ...opts, additionalSecretOutputs: ["passphrase"] },
    );
  }
}
