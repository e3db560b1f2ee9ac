/** Settings of `goProxy`: the module proxy beside the developer's containers. */
import { z } from "zod";
import { size } from "./size.ts";

/** `git.corp.example` or `git.corp.example:8443`. */
const HOST = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[1-9]\d{0,4})?$/;

const glob = z
  .string()
  .regex(/^[A-Za-z0-9*?[\]_.~/-]+$/, "must be a pattern of module paths such as git.corp.example/*")
  .refine((pattern) => !/^[*?/]*$/.test(pattern), "would make every module private: name a host");

const privateHost = z.strictObject({
  host: z
    .string()
    .regex(HOST, "must be a host name in lower case, with :PORT where it is not the usual one")
    .describe("The git server, such as git.corp.example or git.corp.example:8443."),
  modules: z
    .array(glob)
    .min(1)
    .optional()
    .describe("Patterns of module paths that come from it, as in GOPRIVATE. Default: the host and all below it."),
  protocol: z
    .enum(["https", "ssh", "http"])
    .default("https")
    .describe("How modules are fetched. `http` is unprotected and only for labs on this machine."),
  user: z
    .string()
    .regex(/^[^\s:@]+$/, "must be a user name without spaces, : and @")
    .optional()
    .describe(
      "Who signs in. Default: `git` for ssh, `oauth2` for https, which GitLab, Gitea and GitHub take with a token.",
    ),
  knownHosts: z
    .string()
    .optional()
    .describe(
      "For ssh: lines of known_hosts with the server's keys. `ssh-keyscan HOST` prints them; compare them first.",
    ),
});

export const goProxy = z
  .strictObject({
    mode: z
      .enum(["off", "local", "shared"])
      .default("off")
      .describe(
        "`local` runs a module proxy (Athens) with its own certificate and password beside the containers, and a copy of the checksum database; `shared` keeps modules in an S3 bucket that a team shares, with a copy of what this machine used. `off` leaves it out.",
      ),
    port: z.int().min(1024).max(65535).default(3443).describe("Published on 127.0.0.1 only."),
    host: z
      .boolean()
      .default(false)
      .describe("`./workstation env` also prints what Go outside containers needs to use the proxy."),
    memory: size("1GiB").default("1GiB").describe("Memory limit, in whole MiB, at least 256MiB."),
    cpus: z.number().positive().max(1024).optional().describe("CPU limit, in cores."),
    pids: z.int().min(64).max(1_000_000).default(1024).describe("Limit on processes and threads."),
    private: z.array(privateHost).default([]).describe("Git servers with private modules."),
    offline: z.boolean().default(false).describe("Nothing is asked upstream: for places without a network."),
    prefetch: z
      .boolean()
      .default(true)
      .describe("`up` fetches what the projects' go.sum files name, so that it is there when the network is not."),
    shared: z
      .strictObject({
        s3: z
          .strictObject({
            bucket: z.string().min(1).describe("Bucket for modules; it has to be there."),
            region: z.string().min(1).default("us-east-1").describe("Region of the bucket."),
            endpoint: z
              .string()
              .regex(
                /^https?:\/\/[^\s/@]+$/,
                "must be an address such as https://s3.corp.example:9000, without a user and a path",
              )
              .optional()
              .describe("Address of an S3-compatible server. Default: Amazon's."),
            forcePathStyle: z
              .boolean()
              .default(false)
              .describe("The bucket in the path instead of before the host's name, as most own servers want it."),
            accessKeyId: z.string().min(1).describe("Who signs in; its secret is `credentials.s3`."),
          })
          .describe("Where modules are kept."),
        redis: z
          .strictObject({
            endpoint: z
              .string()
              .regex(/^[^\s:/@]+:\d{1,5}$/, "must be HOST:PORT")
              .describe("HOST:PORT; its password is `credentials.redis`, where it has one."),
          })
          .describe("Lets many proxies fetch a module only once."),
      })
      .optional()
      .describe("For `mode: shared`."),
  })
  .prefault({});

export type GoProxySettings = z.output<typeof goProxy>;
export type PrivateHost = GoProxySettings["private"][number];
