/** How an image is put together. Plain data: the same recipe gives the same image, byte for byte, wherever it is built. */
export interface ImageRecipe {
  base: RootfsBase | ImageBase;
  /** Applied in this order; each becomes one layer, cached by content and shared between images. */
  layers: Layer[];
  config: ImageConfig;
}

/** A root filesystem made from the distribution's packages (`mmdebstrap`), where no image registry can be reached. */
export interface RootfsBase {
  kind: "rootfs";
  distribution: "debian";
  /** Such as `bookworm`. */
  suite: string;
  arch: "amd64" | "arm64";
  /** Sorted, beyond the minimal base. */
  packages: string[];
}

/** An image from a registry, by digest (`name@sha256:…`), or one that is here already, by id (`sha256:…`). */
export interface ImageBase {
  kind: "image";
  reference: string;
}

export type Layer =
  | { kind: "trustRoots" /** PEM, sorted by fingerprint. */; certificates: string[] }
  | { kind: "goSdk" /** Such as `1.22.6`. */; version: string; default: boolean }
  | { kind: "goTools" /** The SDK that builds and runs them. */; go: string; tools: GoToolPin[] }
  /** Programs of this checkout, in /usr/local/bin; static, so that they run on any base. */
  | { kind: "goPrograms" /** The SDK that builds them. */; go: string; programs: GoProgram[] }
  /** A program of this checkout, in /usr/local/bin, built inside the distribution that it will run in. */
  | { kind: "rustProgram"; builder: RootfsBase; program: RustProgram }
  | {
      kind: "user";
      name: string;
      uid: number;
      gid: number /** Made empty and owned by the user: where volumes are mounted. */;
      directories: string[];
    }
  /** A team's own additions: a Dockerfile whose first line is `ARG BASE` and second `FROM ${BASE}`. Built by the daemon. */
  | { kind: "dockerfile" /** Absolute paths. */; dockerfile: string; context: string };

export interface GoToolPin {
  /** Package path, such as `golang.org/x/tools/gopls`. */
  package: string;
  /** Such as `v0.16.2`. */
  version: string;
  /** Name of the executable. */
  binary: string;
}

export interface GoProgram {
  /** Folder with go.mod, absolute. Its place does not count for the image, only what is in it. */
  module: string;
  /** Such as `./cmd/workstation-ca`, or the import path of a program that the module requires. */
  package: string;
  /** Name of the executable. */
  binary: string;
  /** Of the module's sources: filled in by whoever can read them. */
  digest?: string;
}

export interface RustProgram {
  /** Folder with Cargo.toml and Cargo.lock, absolute. Its place does not count for the image, only what is in it. */
  module: string;
  /** Name of the executable. */
  binary: string;
  /** Of the sources: filled in by whoever can read them. */
  digest?: string;
}

export interface ImageConfig {
  user: string;
  workdir: string;
  /** Values must not be secret: they are readable in the image. */
  env: Record<string, string>;
  entrypoint: string[];
  cmd: string[];
  labels: Record<string, string>;
}
