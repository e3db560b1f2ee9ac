/**
 * Makes answers for the stand-ins: certificates by openssl, and the JSON that our question has Windows print. Nothing
 * here came from a Windows machine; README.md says what it imitates.
 */
import { execFile } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const folder = __dirname;

export interface CertificateWish {
  name: string;
  /** Object identifiers or openssl's names of the extended key usage; none: no such extension. */
  usage?: string[];
  /** Ended yesterday instead of in ten years. */
  expired?: boolean;
}

/** One key for all: they differ in everything else, and keys take time. */
async function withKey<T>(work: (key: string, into: string) => Promise<T>): Promise<T> {
  const into = mkdtempSync(path.join(os.tmpdir(), "standin-certificates-"));
  try {
    const key = path.join(into, "key.pem");
    await run("openssl", ["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key]);
    return await work(key, into);
  } finally {
    rmSync(into, { recursive: true, force: true });
  }
}

/** Self-signed authorities, in the order asked, as PEM. */
export function certificates(wishes: readonly CertificateWish[]): Promise<string[]> {
  return withKey(async (key, into) => {
    const made: string[] = [];
    for (let at = 0; at < wishes.length; at += 8)
      made.push(
        ...(await Promise.all(wishes.slice(at, at + 8).map((wish, index) => certificate(wish, key, into, at + index)))),
      );
    return made;
  });
}

async function certificate(wish: CertificateWish, key: string, into: string, number: number): Promise<string> {
  const at = (end: string): string => path.join(into, `${number}.${end}`);
  const subject = ["-utf8", "-subj", `/O=Stand-in/CN=${wish.name}`];
  const usage = wish.usage === undefined ? [] : ["-addext", `extendedKeyUsage=${wish.usage.join(",")}`];
  if (wish.expired !== true) {
    const args = ["req", "-new", "-x509", "-key", key, ...subject, "-days", "3650", ...usage, "-out", at("pem")];
    await run("openssl", args);
    return readFileSync(at("pem"), "utf8");
  }
  // Only `openssl ca` takes dates of any kind; its database is thrown away.
  const own = `database=${at("db")}\nnew_certs_dir=${into}\nrand_serial=yes\ndefault_md=sha256\npolicy=any\nunique_subject=no`;
  writeFileSync(at("db"), "");
  writeFileSync(
    at("cnf"),
    `[ca]\ndefault_ca=own\n[own]\n${own}\n[any]\norganizationName=optional\ncommonName=optional\n`,
  );
  await run("openssl", ["req", "-new", "-key", key, ...subject, "-out", at("csr")]);
  const dates = ["-startdate", "20200101000000Z", "-enddate", "20210101000000Z"];
  const self = ["-batch", "-notext", "-selfsign", "-config", at("cnf"), "-keyfile", key, "-in", at("csr")];
  await run("openssl", ["ca", ...self, ...dates, "-out", at("pem")]);
  return readFileSync(at("pem"), "utf8");
}

export interface AnswerWish {
  roots?: Record<string, unknown>[];
  disallowed?: string[];
  timezone?: string;
  profile?: string;
  proxy?: Record<string, unknown>;
  policy?: Record<string, string>;
}

/** A certificate as the question has PowerShell tell it. */
export function rootEntry(pem: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  const certificate = new X509Certificate(pem);
  return { thumbprint: thumbprintOf(pem), raw: certificate.raw.toString("base64"), ...more };
}

/** How Windows names a certificate: SHA-1, upper case. */
export const thumbprintOf = (pem: string): string => new X509Certificate(pem).fingerprint.replaceAll(":", "");

/** ASCII only, as the question makes it. */
export const answerJson = (wish: AnswerWish = {}): string =>
  JSON.stringify({
    version: 1,
    roots: [],
    disallowed: [],
    build: 22631,
    timezone: "China Standard Time",
    profile: "C:\\Users\\Ada",
    proxy: {
      user: { enable: 0, server: "", override: "", pac: "" },
      machine: { enable: 0, server: "", override: "", pac: "" },
    },
    policy: {},
    ...wish,
  }).replace(/[^\x20-\x7e]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** A user's proxy settings as they stand in Windows' registry. */
export const userProxy = (server: string, override = "", pac = ""): Record<string, unknown> => ({
  user: { enable: server === "" ? 0 : 1, server, override, pac },
  machine: { enable: 0, server: "", override: "", pac: "" },
});

export interface StandInWindows {
  /** First on PATH. */
  bin: string;
  /** For the process that is to see Windows: PATH and the stand-ins' own variables. */
  env: Record<string, string>;
  /** What it answers from now on. */
  answer(wish: AnswerWish): void;
  remove(): void;
}

/** Windows as far as the stand-ins go, in a folder of its own. `without` leaves programs out. */
export function standInWindows(wish: AnswerWish = {}, without: readonly string[] = []): StandInWindows {
  const root = mkdtempSync(path.join(os.tmpdir(), "standin-windows-"));
  const bin = path.join(root, "bin");
  mkdirSync(bin);
  cpSync(path.join(folder, "recorded"), path.join(bin, "recorded"), { recursive: true });
  for (const name of ["powershell.exe", "wsl.exe", "wslinfo"]) {
    if (without.includes(name)) continue;
    cpSync(path.join(folder, name), path.join(bin, name));
    chmodSync(path.join(bin, name), 0o755);
  }
  const file = path.join(root, "answer.json");
  const answer = (next: AnswerWish): void => writeFileSync(file, answerJson(next));
  answer(wish);
  return {
    bin,
    env: { PATH: `${bin}:${process.env.PATH}`, STANDIN_WINDOWS_ANSWER: file },
    answer,
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}
