/** Settings of the proxy, below `hostSync`. */
import { z } from "zod";

/** Host and port only: these are read by a shell and by systemd too, to which other characters mean something. */
const ADDRESS = /^(https?|socks5h?):\/\/([A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\])(:\d{1,5})?\/?$/;

const address = z.string().superRefine((value, context) => {
  if (/^[a-z0-9+.-]+:\/\/[^/@]*@/i.test(value)) {
    context.addIssue({
      code: "custom",
      message:
        "holds a user name or password, which everyone on this machine could read in the files made from it. Take it out; a proxy that wants one is reached through a local helper (cntlm, px) that keeps it",
    });
  } else if (!ADDRESS.test(value)) {
    context.addIssue({
      code: "custom",
      message: "must be an address of a proxy without path, such as http://proxy.corp.example:8080",
    });
  }
});

const bypassed = z
  .string()
  .regex(
    /^(\*|[A-Za-z0-9._:/[\]-]+)$/,
    "must be a host, a domain with a leading dot, an address or a network such as 10.0.0.0/8 (no wildcards but a single *)",
  );

export const proxy = z
  .union([
    z.enum(["auto", "off"]),
    z.strictObject({
      http: address.optional().describe("Proxy for http://. Default: that of `https`."),
      https: address.optional().describe("Proxy for https://. Default: that of `http`."),
      noProxy: z
        .array(bypassed)
        .default([])
        .describe("Reached directly, beside this machine itself and the stack's containers."),
    }),
  ])
  .default("auto")
  .describe(
    "`auto` takes Windows' proxy over, and its exceptions; `off` takes nothing over; or the addresses themselves. Containers, shells and the Docker daemon follow.",
  );
