/**
 * Trust proof: one list of root fingerprints, and every program that reads it shakes hands for real. The server on
 * 127.0.0.1 has a certificate of a root that was made for this check: with the machine's roots and that one a program
 * must come through, as it is set up it must not. Nothing is installed.
 */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { TRUST_VARIABLES } from "../../domain/environment.ts";
import { findProgram } from "../setup/packages.ts";

const run = promisify(execFile);
const LIMIT_MS = 10_000;

/** What comes to the server says who came, and in which round: `/with/curl`. */
const CLIENTS: Record<string, (url: string) => [string, ...string[]]> = {
  curl: (url) => ["curl", "-sS", "--max-time", "8", `${url}/curl`],
  git: (url) => ["git", "ls-remote", `${url}/git`],
  go: () => ["go", "list", "-m", "example.test/x@v1.0.0"],
  node: (url) => [
    process.execPath,
    "-e",
    `require("node:https").get("${url}/node").on("error", () => process.exit(1))`,
  ],
  python3: (url) => ["python3", "-c", `import urllib.request; urllib.request.urlopen("${url}/python3", timeout=8)`],
};

export interface Proof {
  /** Programs that came through with the test root. */
  through: string[];
  /** Programs that came through as this person has them: they verify nothing. */
  careless: string[];
  /** Programs that did not come through although they should have. */
  refused: string[];
}

/** `bundle` is the file of roots that the programs of this machine read. Undefined: no openssl to make a test root with. */
export async function proveTrust(bundle: string, env: NodeJS.ProcessEnv): Promise<Proof | undefined> {
  if (findProgram("openssl", env) === undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "workstation-trust-"));
  const server = https.createServer();
  try {
    const root = await testRoot(folder);
    const withRoot = join(folder, "with.pem");
    writeFileSync(withRoot, `${readFileSync(bundle, "utf8")}\n${root.pem}`);
    server.setSecureContext({ cert: root.cert, key: root.key });
    const came = new Set<string>();
    server.on("request", (request, response) => {
      const [, round = "", name = ""] = (request.url ?? "").split(/[/?]/);
      came.add(`${round} ${name}`);
      response.end("ok\n");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const clients = Object.keys(CLIENTS).filter((name) => name === "node" || findProgram(name, env) !== undefined);
    const ask = async (round: string, roots?: string): Promise<Set<string>> => {
      const address = `${url}/${round}`;
      await Promise.all(
        clients.map((name) => startClient(CLIENTS[name]?.(address) ?? [""], address, roots, join(folder, round), env)),
      );
      return new Set(clients.filter((name) => came.has(`${round} ${name}`)));
    };
    for (const round of ["as-is", "with"]) mkdirSync(join(folder, round));
    const [careless, through] = await Promise.all([ask("as-is"), ask("with", withRoot)]);
    return {
      through: clients.filter((name) => through.has(name) && !careless.has(name)),
      careless: clients.filter((name) => careless.has(name)),
      refused: clients.filter((name) => !through.has(name) && !careless.has(name)),
    };
  } finally {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Whether it succeeds does not matter: the server knows who came. The person's own environment and files (~/.curlrc,
 * ~/.gitconfig, NODE_TLS_REJECT_UNAUTHORIZED) stay in force, since they are what may switch verification off.
 */
async function startClient(
  [command, ...args]: [string, ...string[]],
  url: string,
  roots: string | undefined,
  cwd: string,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const trust = roots === undefined ? {} : Object.fromEntries(TRUST_VARIABLES.map((name) => [name, roots]));
  const go = {
    GOPROXY: `${url}/go`,
    // An empty value would let `go env -w` decide; "none" matches no module.
    ...{ GOPRIVATE: "none", GONOPROXY: "none", GONOSUMDB: "*" },
    ...{ GOMODCACHE: join(cwd, "mod"), GOFLAGS: "-modcacherw", GOWORK: "off", GO111MODULE: "on", GOTOOLCHAIN: "local" },
  };
  const direct = { NO_PROXY: "127.0.0.1", no_proxy: "127.0.0.1", GIT_TERMINAL_PROMPT: "0" };
  await run(command, args, { env: { ...env, ...trust, ...go, ...direct }, cwd, timeout: LIMIT_MS }).catch(
    () => undefined,
  );
}

/** openssl is where the roots are: Debian's and Fedora's packages of them need it. */
async function testRoot(folder: string): Promise<{ pem: string; cert: string; key: string }> {
  const openssl = async (...args: string[]) => await run("openssl", args, { cwd: folder, timeout: LIMIT_MS });
  const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const root = ["req", "-x509", ...ec, "-days", "1", "-keyout", "root.key", "-out", "root.pem"];
  const leaf = ["req", ...ec, "-keyout", "leaf.key", "-out", "leaf.csr", "-subj", "/CN=127.0.0.1"];
  await Promise.all([openssl(...root, "-subj", "/CN=go-workstation doctor, for one check"), openssl(...leaf)]);
  writeFileSync(join(folder, "leaf.ext"), "subjectAltName=IP:127.0.0.1\n");
  const sign = ["-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-extfile", "leaf.ext", "-days", "1"];
  await openssl("x509", "-req", "-in", "leaf.csr", ...sign, "-out", "leaf.pem");
  const read = (name: string): string => readFileSync(join(folder, name), "utf8");
  return { pem: read("root.pem"), cert: read("leaf.pem"), key: read("leaf.key") };
}
