/** Resources of our provider for Go outside containers. */
import * as pulumi from "@pulumi/pulumi";

export interface GoSdkArgs {
  /** Full release such as `1.22.6`. */
  version: pulumi.Input<string>;
  /** Parent folder; the SDK is `go<version>` in it. */
  folder: pulumi.Input<string>;
}

/** A Go release in a folder of the user's, from the checksum-verified toolchain module. */
export class GoSdk extends pulumi.CustomResource {
  /** GOROOT. */
  declare readonly path: pulumi.Output<string>;
  declare readonly version: pulumi.Output<string>;
  /** `h1:` sum of the toolchain module. */
  declare readonly sum: pulumi.Output<string>;

  constructor(name: string, args: GoSdkArgs, opts?: pulumi.CustomResourceOptions) {
    super("workstation:index:GoSdk", name, { path: undefined, sum: undefined, ...args }, opts);
  }
}

export interface GoToolArgs {
  package: pulumi.Input<string>;
  /** Exact. */
  version: pulumi.Input<string>;
  binary: pulumi.Input<string>;
  /** Go release that builds it and that it is for. */
  go: pulumi.Input<string>;
  /** Parent folder of `go<release>-tools/bin`. */
  folder: pulumi.Input<string>;
}

/** A program built from an exact version of its module, verified by the checksum database. */
export class GoTool extends pulumi.CustomResource {
  declare readonly path: pulumi.Output<string>;
  /** `h1:` sum of its module, read from the program. */
  declare readonly sum: pulumi.Output<string>;

  constructor(name: string, args: GoToolArgs, opts?: pulumi.CustomResourceOptions) {
    super("workstation:index:GoTool", name, { path: undefined, sum: undefined, ...args }, opts);
  }
}
