/** Settings of `hostSync.roots`: which root certificates the machine and its containers trust beyond the distribution's. */
import { z } from "zod";

const fingerprint = z
  .string()
  .regex(
    /^([0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}$/,
    "must be a SHA-256 fingerprint: 64 hexadecimal digits, colons allowed (`openssl x509 -noout -fingerprint -sha256`)",
  );

export const roots = z
  .strictObject({
    windows: z.boolean().default(true).describe("Take over the roots that Windows has for the whole machine."),
    files: z
      .array(z.string().min(1))
      .default([])
      .describe("The team's own: PEM files, each with one certificate or several."),
    approved: z
      .array(fingerprint)
      .optional()
      .describe("SHA-256 fingerprints. When set, nothing else is installed, wherever it comes from."),
  })
  .prefault({})
  .describe("Root certificates beyond the distribution's own.");
