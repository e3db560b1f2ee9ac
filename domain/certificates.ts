/** A certificate authority of the stack and what it certifies, as plain data: the module proxy and the mesh have one each. */
import type { GoProgram } from "./recipe.ts";

/** Kinds of keys that `workstation-ca` can make: P-256 with SHA-256, or SM2 with SM3 (GB/T 32918). */
export const ALGORITHMS = ["p256", "sm2"] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

/** Of authorities that were made before there was a choice. */
export const FIRST_ALGORITHM: Algorithm = "p256";

export interface LeafPlan {
  /** Folder below `out`. */
  name: string;
  dns: string[];
  ips: string[];
  /** Such as `24h`; 15m to 72h. */
  lifetime: string;
  usage: "server" | "client" | "both";
  /** Two certificates, one for signatures and one for encryption, as TLCP wants them; only of an `sm2` authority. Default false. */
  pair?: boolean;
}

export interface AuthorityPlan {
  /** Names below `gows-<stack>.internal` may be certified. */
  stack: string;
  algorithm: Algorithm;
  /** Absolute; made, and removed on delete with all that is in it. */
  folder: string;
  /** `UID:GID` of the container that keeps the certificates fresh. */
  owner: string;
  leaves: LeafPlan[];
  /** Such as `87600h`. */
  rootLifetime: string;
  intermediateLifetime: string;
  /** The program, and the Go release that builds it. */
  program: GoProgram;
  go: string;
}
