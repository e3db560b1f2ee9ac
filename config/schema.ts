/** The whole stack config: one schema gives types, defaults, messages and the JSON Schema that editors read. */
import { z } from "zod";
import { credentials } from "./credentials.ts";
import { files } from "./files.ts";
import { goProxy } from "./go-proxy.ts";
import { goToolchain } from "./go-toolchain.ts";
import { hostSync } from "./host-sync.ts";
import { mesh } from "./mesh.ts";
import { size } from "./size.ts";
import { wsl } from "./wsl.ts";

const goVersion = z
  .string()
  .regex(/^1\.(2[1-9]|[3-9]\d)\.\d+$/, "must be a full Go release from 1.21.0 on, such as 1.22.6");

const objectName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,38}[a-z0-9]$/, "must be 2 to 40 characters: lower-case letters, digits and dashes");

const port = z.int().min(1).max(65535);

const release = /^v\d+\.\d+\.\d+$/;

const toolVersion = z.union([
  z.literal("auto"),
  z.string().regex(release, "must be auto or a full version such as v0.16.2"),
]);

const optionalTool = z.union([
  z.literal("off"),
  z.literal("auto"),
  z.string().regex(release, "must be off, auto or a full version such as v0.16.2"),
]);

const image = z
  .strictObject({
    source: z
      .enum(["registry", "bootstrap"])
      .default("registry")
      .describe(
        "Where the base image comes from: `registry` pulls `reference` by digest; `bootstrap` makes one from the distribution's packages, for places where no image registry can be reached. The first `./workstation up` finds out and writes the answer here.",
      ),
    reference: z
      .string()
      .regex(/^[^\s@]+@sha256:[0-9a-f]{64}$/, "must name an image by digest: NAME@sha256:<64 hexadecimal digits>")
      .optional()
      .describe(
        "Base image for `registry`, by digest. Default: golang:1.22-bookworm by the digest of its last release. `docker buildx imagetools inspect golang:1.22-bookworm` prints the digest of another.",
      ),
    suite: z.enum(["bookworm", "trixie"]).default("bookworm").describe("Debian release for `bootstrap`."),
    packages: z
      .array(z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/, "must be a Debian package name"))
      .default([])
      .describe("Distribution packages to add to the base image for `bootstrap`, beside git, gcc, make, curl and ssh."),
    dockerfile: z
      .string()
      .optional()
      .describe(
        "A Dockerfile of the team's own, relative to the project's root, applied on top: starts with `ARG BASE` and `FROM $BASE`. Its folder is the build context.",
      ),
  })
  .prefault({});

const go = z
  .strictObject({
    versions: z
      .array(goVersion)
      .min(1)
      .default(["1.22.6"])
      .describe("Go SDKs in the image. The first is the default of projects that name none."),
    tools: z
      .strictObject({
        gopls: toolVersion.default("auto").describe("`auto` takes the newest that works with the Go version."),
        dlv: toolVersion.default("auto").describe("Delve, the debugger."),
        goimports: toolVersion.default("auto").describe("Formats and keeps imports in order."),
        golangciLint: optionalTool.default("off").describe("golangci-lint; `off` leaves it out."),
        govulncheck: optionalTool
          .default("off")
          .describe("Finds known vulnerabilities that the code reaches; `off` leaves it out."),
      })
      .prefault({}),
    env: z
      .record(z.string().regex(/^GO[A-Z]+$/, "must be a Go setting such as GOPRIVATE"), z.string())
      .default({})
      .describe("Go settings of every container. GOPROXY, GOSUMDB and the private lists default to this machine's."),
  })
  .prefault({});

const limits = {
  memory: size("4GiB").describe("Memory limit, such as 4GiB."),
  cpus: z.number().positive().max(1024).describe("CPU limit, in cores; fractions are allowed."),
  pids: z.int().min(64).max(1_000_000).describe("Limit on processes and threads."),
};

const container = z
  .strictObject({
    memory: limits.memory.default("4GiB"),
    cpus: limits.cpus.optional(),
    pids: limits.pids.default(2048),
    debug: z
      .boolean()
      .default(false)
      .describe("Adds the capability SYS_PTRACE, to attach a debugger to a process that it did not start."),
    sshAgent: z.boolean().default(true).describe("Lets `shell` and `exec` reach the SSH agent of whoever calls them."),
  })
  .prefault({});

const project = z.strictObject({
  path: z.string().min(1).describe("Folder of the Go project: absolute, below ~/, or relative to this folder."),
  name: objectName.optional().describe("Name in commands and of the container. Default: the folder's name."),
  goVersion: goVersion.optional().describe("One of go.versions. Default: the first."),
  ports: z
    .array(
      z.strictObject({ container: port.describe("Port inside."), host: port.describe("Published on 127.0.0.1 only.") }),
    )
    .default([]),
  env: z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "must be an environment variable's name"), z.string())
    .default({})
    .describe("Environment of the container. Not for secrets."),
  memory: limits.memory.optional().describe("Instead of container.memory."),
  cpus: limits.cpus.optional().describe("Instead of container.cpus."),
  pids: limits.pids.optional().describe("Instead of container.pids."),
  debug: z.boolean().optional().describe("Instead of container.debug."),
});

/** Keys of `Pulumi.<stack>.yaml` below `config:`, each prefixed with `go-workstation:`. */
export const settingsSchema = z.strictObject({
  owner: z
    .string()
    .trim()
    .min(1)
    .optional()
    .describe("Person or team that answers for this stack; every component carries it. Default: this machine's user."),
  image,
  go,
  container,
  projects: z.array(project).default([]).describe("One container each. `./workstation project add DIR` adds one."),
  smokeTest: z
    .strictObject({
      enabled: z.boolean().default(true).describe("`false` leaves the test out."),
      project: objectName.default("hello").describe("The project that is built and tested in its container."),
    })
    .prefault({})
    .describe("Proves at the end of `up` that a Go project builds and tests in its container."),
  wsl,
  hostSync,
  goToolchain,
  files,
  goProxy,
  mesh,
  credentials,
});

/** As written by a person: everything that has a default may be left out. */
export type SettingsInput = z.input<typeof settingsSchema>;
/** Validated, defaults filled in. */
export type Settings = z.output<typeof settingsSchema>;
export type ProjectSettings = Settings["projects"][number];
export type NamedProject = ProjectSettings & { name: string };
/** Validated settings in which every project has a name and the smoke test, when on, a project to try. */
export type LoadedSettings = Omit<Settings, "projects"> & { projects: NamedProject[] };
