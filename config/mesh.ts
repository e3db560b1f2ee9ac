/** Settings of `mesh`: which services of the stack talk to each other through SM4/SM2 mutual TLS. */
import { z } from "zod";
import { size } from "./size.ts";

export const PROFILES = ["rfc8998", "tlcp"] as const;
export type MeshProfile = (typeof PROFILES)[number];

const profile = z.enum(PROFILES);
const service = z.string().regex(/^[a-z0-9][a-z0-9-]{0,38}[a-z0-9]$/, "must be the name of a project, or goproxy");
const port = z.int().min(1).max(65535);

const link = z.strictObject({
  from: z.union([service, z.literal("*")]).describe("The project that opens connections; `*` is every project."),
  to: service.describe("The project that answers, or `goproxy` for the module proxy."),
  port: port.describe("Port of the service in its container; it has to listen on 127.0.0.1 only."),
  localPort: port.optional().describe("Where `from` finds it on 127.0.0.1. Default: the same as port."),
  profile: profile.optional().describe("Instead of mesh.profile."),
});

export const mesh = z
  .strictObject({
    enabled: z
      .boolean()
      .default(false)
      .describe(
        "Links are encrypted with SM4 and authenticated with SM2 certificates on both sides. The first `up` with it builds the tunnel, which takes minutes.",
      ),
    profile: profile
      .default("rfc8998")
      .describe(
        "`rfc8998` is TLS 1.3 with TLS_SM4_GCM_SM3; `tlcp` is GB/T 38636 with two certificates a side, which the tunnel does not speak yet.",
      ),
    links: z.array(link).default([]).describe("Who talks to whom."),
    memory: size("64MiB").default("64MiB").describe("Memory limit of each tunnel."),
    cpus: z.number().positive().max(1024).default(1).describe("CPU limit of each tunnel, in cores."),
    pids: z.int().min(16).max(4096).default(64).describe("Limit on processes and threads of each tunnel."),
    concurrency: z.int().min(1).max(64).default(2).describe("Threads of each tunnel."),
    connections: z.int().min(1).max(65535).default(512).describe("Connections that a tunnel has at the same time."),
    certificateLifetime: z
      .string()
      .regex(/^([1-9]|[1-6]\d|7[0-2])h$/, "must be whole hours up to 72h")
      .default("24h")
      .describe("Certificates are renewed when a third of it is left."),
  })
  .prefault({});

export type MeshSettings = z.output<typeof mesh>;
export type MeshLink = MeshSettings["links"][number];
