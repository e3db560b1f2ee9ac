/**
 * `CertificateAuthority`: the stack's own authority in a folder: `state` (keys, sealed root, issuer log), `out` (what servers
 * read) and `declaration.json` (which certificates are wanted). The container that keeps the certificates fresh works on the
 * same folder. The state of the engine holds what was decided, never what renews itself: drift is another root, a
 * certificate that is not ours, has other names, or is about to expire without having been renewed.
 */
import { chmod, chown, lstat, readdir, rm } from "node:fs/promises";
import path from "node:path";
import {
  ALGORITHMS,
  type Algorithm,
  type AuthorityPlan,
  FIRST_ALGORITHM,
  type LeafPlan,
} from "../../domain/certificates.ts";
import { canonicalJson } from "../../domain/recipe-hash.ts";
import type { CheckFailure, DiffResult, ReadResult, Report, ResourceHandler } from "../handler.ts";
import type { Host } from "../host.ts";

export interface CertificateAuthorityInputs extends Omit<AuthorityPlan, "algorithm"> {
  /** Absent is `p256`: the state of stacks that are older than the choice does not have it. */
  algorithm?: Algorithm;
  /** Seals the root's key. Secret. */
  passphrase: string;
}

export interface CertificateAuthorityOutputs extends Omit<CertificateAuthorityInputs, "program" | "go"> {
  /** SHA-256 of the root, lower-case hexadecimal. */
  fingerprint: string;
  /** What has to be trusted, as PEM: the root; during a roll-over the one before as well. */
  certificate: string;
  /** What is not as it was decided; empty when all is well. */
  findings: string[];
}

interface StatusReport {
  authority: { sha256: string; algorithm: Algorithm; bundle: string };
  problems: string[];
}

const algorithmOf = ({ algorithm = FIRST_ALGORITHM }: { algorithm?: Algorithm }): Algorithm => algorithm;

const REPLACES = ["stack", "folder", "passphrase", "owner", "rootLifetime", "intermediateLifetime"] as const;

export const certificateAuthority: ResourceHandler<CertificateAuthorityInputs, CertificateAuthorityOutputs> = {
  async check(_host, news, unknown) {
    const failures: CheckFailure[] = [];
    const fail = (property: string, reason: string) => failures.push({ property, reason });
    const text = (name: keyof CertificateAuthorityInputs, shape: RegExp, allowed: string) => {
      if (!unknown.has(name) && !shape.test(String(news[name] ?? "")))
        fail(name, `is ${JSON.stringify(news[name]) ?? "missing"}; must be ${allowed}`);
    };
    text("stack", /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/, "lower-case letters, digits and dashes");
    text("folder", /^\/[^\0]*[^/\0]$/, "an absolute path");
    text("owner", /^[1-9]\d*:[1-9]\d*$/, 'numbers "UID:GID", never root');
    text("rootLifetime", /^\d+h$/, "whole hours such as 87600h");
    text("intermediateLifetime", /^\d+h$/, "whole hours such as 8760h");
    if (!unknown.has("passphrase") && String(news.passphrase ?? "").length < 20)
      fail("passphrase", "must have at least 20 characters");
    if (!unknown.has("algorithm") && !ALGORITHMS.includes(algorithmOf(news)))
      fail("algorithm", `is ${JSON.stringify(news.algorithm)}; must be one of ${ALGORITHMS.join(", ")}`);
    if (!unknown.has("leaves")) checkLeaves(news.leaves, unknown.has("algorithm") || algorithmOf(news) === "sm2", fail);
    const inputs = news as CertificateAuthorityInputs;
    if (!unknown.has("program") && failures.length === 0) {
      const { sourcesDigest } = await import("../go/program-cache.ts");
      inputs.program = { ...inputs.program, digest: await sourcesDigest(inputs.program.module) };
    }
    return { inputs, failures };
  },

  async diff(_host, olds, news, unknown): Promise<DiffResult> {
    const replaces: string[] = REPLACES.filter((name) => unknown.has(name) || olds[name] !== news[name]);
    if (unknown.has("algorithm") || algorithmOf(olds) !== algorithmOf(news)) replaces.push("algorithm");
    const leaves = unknown.has("leaves") || canonicalJson(olds.leaves) !== canonicalJson(news.leaves);
    const findings = olds.findings.length > 0;
    const changed = [...replaces, ...(leaves || findings ? ["leaves"] : [])];
    return {
      changed,
      replaces,
      deleteBeforeReplace: true,
      ...(findings ? { details: { leaves: olds.findings } } : {}),
    };
  },

  async preview(_host, { program: _program, go: _go, ...news }) {
    return news;
  },

  async create(host, news, report) {
    const program = await programFile(host, news, report);
    await initialise(host, news, program);
    return { id: news.folder, outputs: await look(host, news, program, []) };
  },

  async read(host, id, olds): Promise<ReadResult<CertificateAuthorityInputs, CertificateAuthorityOutputs> | undefined> {
    if (olds === undefined)
      throw new Error("an authority cannot be imported: its root's key is sealed with a passphrase of this stack's");
    const found = await host.files.text(path.join(id, "state", "authority.json"));
    if (found === undefined) return undefined;
    const program = await keptProgram(host, id);
    if (program === undefined) return { id, inputs: {}, outputs: { ...olds, findings: ["the program is missing"] } };
    return { id, inputs: {}, outputs: await look(host, olds, program) };
  },

  async update(host, _id, _olds, news, report) {
    const program = await programFile(host, news, report);
    await declare(host, news);
    return look(host, news, program, []);
  },

  async delete(host, id) {
    await rm(host.files.real(id), { recursive: true, force: true });
  },
};

function checkLeaves(value: unknown, pairs: boolean, fail: (property: string, reason: string) => void): void {
  if (!Array.isArray(value) || value.length === 0) {
    fail("leaves", "must be a list of at least one certificate");
    return;
  }
  for (const [index, leaf] of (value as Partial<LeafPlan>[]).entries()) {
    if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(String(leaf.name)))
      fail(`leaves[${index}].name`, `is ${JSON.stringify(leaf.name)}; must be lower-case letters, digits and dashes`);
    if (leaf.pair !== undefined && typeof leaf.pair !== "boolean")
      fail(`leaves[${index}].pair`, `is ${JSON.stringify(leaf.pair)}; must be true or false`);
    else if (leaf.pair === true && !pairs)
      fail(`leaves[${index}].pair`, 'is true; only an authority with algorithm "sm2" makes pairs');
  }
}

/** Sealed root, intermediate, empty folders for the certificates; all of it the container's. */
async function initialise(host: Host, news: CertificateAuthorityInputs, program: string): Promise<void> {
  const state = path.join(news.folder, "state");
  await host.files.makeFolder(path.dirname(news.folder));
  await host.files.makeFolder(news.folder, 0o700);
  // What a run that was cut off left: without authority.json it never was an authority.
  if ((await host.files.stat(path.join(state, "authority.json"))) === undefined)
    await rm(host.files.real(state), { recursive: true, force: true });
  else
    throw new Error(
      `${news.folder} holds an authority already, which this stack's state does not know; move it away or remove it`,
    );
  const passphrase = path.join(news.folder, ".passphrase");
  await host.files.write(passphrase, news.passphrase, { mode: 0o600 });
  try {
    const lifetimes = ["--root-lifetime", news.rootLifetime, "--intermediate-lifetime", news.intermediateLifetime];
    const of = ["--state", host.files.real(state), "--stack", news.stack, "--algorithm", algorithmOf(news)];
    await host.run(program, ["init", ...of, "--passphrase-file", host.files.real(passphrase), ...lifetimes]);
  } finally {
    await host.files.remove(passphrase);
  }
  await declare(host, news);
  const { uid, gid } = ownerOf(news);
  if (host.user.uid === 0) await giveAway(host.files.real(news.folder), uid, gid);
  else if (host.user.uid !== uid)
    throw new Error(`the files of the authority have to belong to ${news.owner}, which only root can arrange`);
}

/** Folders are made here so that containers can mount them before the first certificate is there. */
async function declare(host: Host, news: CertificateAuthorityInputs): Promise<void> {
  const { uid, gid } = ownerOf(news);
  const out = path.join(news.folder, "out");
  for (const folder of [out, ...news.leaves.map(({ name }) => path.join(out, name))]) {
    if ((await host.files.makeFolder(folder)).length === 0) continue;
    await chmod(host.files.real(folder), 0o755);
    if (host.user.uid === 0) await chown(host.files.real(folder), uid, gid);
  }
  const text = `${JSON.stringify({ leaves: news.leaves }, null, 2)}\n`;
  const owner = host.user.uid === 0 ? { owner: { uid, gid } } : {};
  await host.files.write(path.join(news.folder, "declaration.json"), text, { mode: 0o600, ...owner });
}

async function giveAway(file: string, uid: number, gid: number): Promise<void> {
  const stat = await lstat(file);
  if (stat.isDirectory()) for (const name of await readdir(file)) await giveAway(path.join(file, name), uid, gid);
  if (!stat.isSymbolicLink()) await chown(file, uid, gid);
}

const ownerOf = ({ owner }: { owner: string }): { uid: number; gid: number } => {
  const [uid = 0, gid = 0] = owner.split(":").map(Number);
  return { uid, gid };
};

/** `findings`: what is known beforehand, right after a change that the container still has to follow. */
async function look(
  host: Host,
  of: Omit<CertificateAuthorityInputs, "program" | "go">,
  program: string,
  findings?: string[],
): Promise<CertificateAuthorityOutputs> {
  const at = (name: string) => host.files.real(path.join(of.folder, name));
  const answer = await host.run(
    program,
    ["status", "--json", "--state", at("state"), "--declaration", at("declaration.json"), "--out", at("out")],
    { anyExit: true },
  );
  if (answer.code !== 0 && answer.code !== 2) {
    const broken = [answer.stderr.trim() || `the authority cannot be read (exit ${answer.code})`];
    return { ...decided(of), fingerprint: "", certificate: "", findings: broken };
  }
  const { authority, problems } = JSON.parse(answer.stdout) as StatusReport;
  const declared = await host.files.text(path.join(of.folder, "declaration.json"));
  const leaves = (JSON.parse(declared ?? '{"leaves":[]}') as { leaves: LeafPlan[] }).leaves;
  const { sha256: fingerprint, algorithm, bundle: certificate } = authority;
  return { ...decided(of), ...seen(of, algorithm), leaves, fingerprint, certificate, findings: findings ?? problems };
}

/** State without an algorithm stays without one while it is right, so that it does not look changed. */
const seen = (of: { algorithm?: Algorithm }, algorithm: Algorithm): { algorithm?: Algorithm } =>
  algorithm === algorithmOf(of) ? {} : { algorithm };

function decided(
  of: Omit<CertificateAuthorityInputs, "program" | "go">,
): Omit<CertificateAuthorityInputs, "program" | "go"> {
  const { stack, algorithm, folder, passphrase, owner, leaves, rootLifetime, intermediateLifetime } = of;
  const chosen = algorithm === undefined ? {} : { algorithm };
  return { stack, ...chosen, folder, passphrase, owner, leaves, rootLifetime, intermediateLifetime };
}

/** Built, or taken from the cache; its place is noted for `read`, which does not know the checkout. */
async function programFile(host: Host, news: CertificateAuthorityInputs, report: Report): Promise<string> {
  const { programHere } = await import("../go/program-here.ts");
  const built = await programHere(host, news.program, news.go, report);
  await host.files.makeFolder(path.dirname(news.folder));
  await host.files.makeFolder(news.folder, 0o700);
  await host.files.writeLink(path.join(news.folder, "workstation-ca"), built);
  return built;
}

async function keptProgram(host: Host, folder: string): Promise<string | undefined> {
  const link = path.join(folder, "workstation-ca");
  if ((await host.files.stat(link))?.kind !== "link") return undefined;
  const file = await host.files.link(link);
  return (await host.files.stat(file))?.kind === "file" ? file : undefined;
}
