/** What goes into the development image. */
import type { Settings } from "../config/schema.ts";
import type { ResolvedTools } from "./compatibility.ts";
import type { Facts } from "./facts.ts";
import { CACHES, HOME, type Owner, searchPath, USER } from "./names.ts";
import type { ImageBase, ImageRecipe, Layer, RootfsBase } from "./recipe.ts";

/**
 * golang:1.22-bookworm as published for its last patch release (1.22.12). The digest stands in several independent
 * public repositories under both tags. `docker buildx imagetools inspect golang:1.22-bookworm` prints the current one.
 */
export const DEFAULT_BASE =
  "golang:1.22-bookworm@sha256:3d699e4d15d0f8f13c9195c0632a16702b8cbdece2955af1c23b37ae5d55a253";

/** What a Go developer's container cannot do without: TLS, modules from git, cgo, make, ssh to a git server. */
const PACKAGES = ["ca-certificates", "curl", "gcc", "git", "libc6-dev", "make", "openssh-client"];

/**
 * Keeps the container alive and ends at once on TERM, with or without an init before it: a shell that waits takes the
 * signal, whereas `sleep` as process 1 would ignore it until Docker kills it.
 */
export const KEEP_ALIVE = ["/bin/sh", "-c", "trap 'exit 0' TERM INT; sleep infinity & wait"];

export interface ImageQuestion {
  settings: Pick<Settings, "image" | "go">;
  facts: Pick<Facts, "system">;
  /** PEM of roots beyond the base's own, sorted by fingerprint. */
  roots: readonly string[];
  owner: Owner;
  /** One entry for each of go.versions, in that order. */
  tools: ResolvedTools[];
  /** The team's Dockerfile, absolute. */
  dockerfile: string | undefined;
}

export function planImage({ settings, facts, roots, owner, tools, dockerfile }: ImageQuestion): ImageRecipe {
  const defaultGo = settings.go.versions[0] as string;
  return {
    base: planBase(settings.image, facts.system.arch),
    layers: [
      // Containers read roots from a file that is mounted: only the steps of a Dockerfile need them in the image.
      ...(dockerfile === undefined ? [] : trustLayers(roots)),
      ...tools.flatMap(({ go, pins }): Layer[] => [
        { kind: "goSdk", version: go, default: go === defaultGo },
        { kind: "goTools", go, tools: pins },
      ]),
      {
        kind: "user",
        name: USER,
        uid: owner.uid,
        gid: owner.gid,
        // A new empty volume takes over the ownership of the folder that it is mounted on: no chown at start.
        directories: [
          HOME,
          `${HOME}/.cache`,
          "/go",
          "/go/bin",
          "/go/pkg",
          "/workspaces",
          ...Object.values(CACHES),
        ].sort(),
      },
      ...(dockerfile === undefined
        ? []
        : [{ kind: "dockerfile" as const, dockerfile, context: dockerfile.replace(/\/[^/]*$/, "") || "/" }]),
    ],
    config: {
      user: `${owner.uid}:${owner.gid}`,
      workdir: "/workspaces",
      env: {
        GOPATH: "/go",
        // A golang base image sets its own: the toolchain of each SDK finds itself.
        GOTOOLCHAIN: "local",
        HOME,
        LANG: "C.UTF-8",
        PATH: searchPath(defaultGo),
      },
      entrypoint: [],
      cmd: KEEP_ALIVE,
      labels: {},
    },
  };
}

export function planBase(image: Settings["image"], arch: RootfsBase["arch"]): RootfsBase | ImageBase {
  if (image.source === "registry") return { kind: "image", reference: image.reference ?? DEFAULT_BASE };
  const packages = [...new Set([...PACKAGES, ...image.packages])].sort();
  return { kind: "rootfs", distribution: "debian", suite: image.suite, arch, packages };
}

function trustLayers(roots: readonly string[]): Layer[] {
  return roots.length === 0 ? [] : [{ kind: "trustRoots", certificates: [...roots] }];
}
