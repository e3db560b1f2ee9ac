/** Resources of our provider for root certificates. */
import * as pulumi from "@pulumi/pulumi";

export interface TrustAnchorsArgs {
  /** PEM text, one certificate each. */
  certificates: pulumi.Input<pulumi.Input<string>[]>;
  /** Tells the files of two stacks apart. */
  owner: pulumi.Input<string>;
  /** Staging root; empty for the machine itself. Default empty. */
  root?: pulumi.Input<string>;
}

/** Root certificates in the distribution's trust store. What leaves the list leaves the store. */
export class TrustAnchors extends pulumi.CustomResource {
  /** SHA-256 over the DER, lower-case hexadecimal, sorted. */
  declare readonly fingerprints: pulumi.Output<string[]>;

  constructor(name: string, args: TrustAnchorsArgs, opts?: pulumi.CustomResourceOptions) {
    super("workstation:index:TrustAnchors", name, { fingerprints: undefined, ...args }, opts);
  }
}

export interface TrustBundleArgs {
  /** Absolute path of the file. */
  path: pulumi.Input<string>;
  /** PEM text of roots beyond those that the machine trusts. */
  certificates: pulumi.Input<pulumi.Input<string>[]>;
}

/** Every root in one file, for containers that mount its folder. */
export class TrustBundle extends pulumi.CustomResource {
  declare readonly path: pulumi.Output<string>;
  declare readonly sha256: pulumi.Output<string>;

  constructor(name: string, args: TrustBundleArgs, opts?: pulumi.CustomResourceOptions) {
    super("workstation:index:TrustBundle", name, { sha256: undefined, ...args }, opts);
  }
}
