/** What of the machine trusts which root certificates: lists compared, handshakes tried. */
import { TRUST_VARIABLES } from "../../domain/environment.ts";
import { STORE_BUNDLES, TRUST_PROFILE } from "../../domain/trust/profile.ts";
import { fingerprintOf, readPem } from "../../provider/trust/pem.ts";
import { findProgram } from "../setup/packages.ts";
import { type CheckDefinition, check } from "./check.ts";
import { CONTAINER_SCRIPT, readProof } from "./trust-containers.ts";

const UP = "./workstation up";

const fingerprints = (text: string): Set<string> => new Set(readPem(text).map(fingerprintOf));

const short = (all: readonly string[]): string => all.map((one) => one.slice(0, 12)).join(", ");

/** Node has a list of its own, unless it is told otherwise in one of three ways. */
const nodeReadsStore = (env: NodeJS.ProcessEnv): boolean =>
  Boolean(env.NODE_EXTRA_CA_CERTS) ||
  env.NODE_USE_SYSTEM_CA === "1" ||
  /--use-(system|openssl)-ca/.test(env.NODE_OPTIONS ?? "");

/** The same list in every place that is read: store, files named by variables, file of the containers, each container. */
const places = check(
  "trust-list",
  "the same root certificates in the store, in the containers' file and in each container",
  UP,
  async ({ plan, containers, inContainer, read, env }) => {
    const planned = await plan();
    if (planned === undefined) return ["skip", "no settings"];
    const { expected, anchors } = planned.machine.roots;
    const staged = anchors !== undefined && anchors.root !== "";
    const store = STORE_BUNDLES.map((file) => read(file)).find((text) => text !== undefined);
    const lacking = (where: string, text: string | undefined): string[] => {
      const there = fingerprints(text ?? "");
      const missing = expected.filter((one) => !there.has(one));
      return text === undefined
        ? [`${where}: not there`]
        : missing.length > 0
          ? [`${where} lacks ${short(missing)}`]
          : [];
    };
    const named = (name: string, file: string | undefined): string[] =>
      file ? lacking(`${name}=${file} of this shell`, read(file)) : [];
    const running = (await containers()).filter(({ state }) => state === "running");
    const inside = await Promise.all(
      running.map(async ({ name }) => {
        const { code, output } = await inContainer(name, 'cat "$SSL_CERT_FILE"');
        return lacking(name, code === 0 ? output : undefined);
      }),
    );
    const wrong = [
      ...(staged ? [] : lacking("the store", store)),
      ...(staged ? [] : TRUST_VARIABLES.flatMap((name) => named(name, env[name]))),
      ...lacking("the containers' file", read(planned.trust.path)),
      ...inside.flat(),
    ];
    if (wrong.length > 0) return ["fail", wrong.join("; ")];
    if (!staged && expected.length > 0 && !nodeReadsStore(env) && findProgram("node", env) !== undefined) {
      const line = `export NODE_EXTRA_CA_CERTS=${STORE_BUNDLES.find((file) => read(file) !== undefined)}`;
      const fix = anchors === undefined ? line : `open a new login shell (${TRUST_PROFILE} sets it), or ${line}`;
      return ["warn", "node in this shell reads its own list only: NODE_EXTRA_CA_CERTS is not set", fix];
    }
    const count = `${expected.length} beyond the distribution's own`;
    return ["pass", `${count}, in ${running.length} running containers${staged ? "; the store is staged" : ""}`];
  },
);

const handshakes = check(
  "trust-proof",
  "programs that trust the machine's roots, and no others",
  "for the programs named, take out what switches verification off: GIT_SSL_NO_VERIFY, http.sslVerify, NODE_TLS_REJECT_UNAUTHORIZED, `insecure` in ~/.curlrc",
  async ({ read, proveTrust }) => {
    const bundle = STORE_BUNDLES.find((file) => read(file) !== undefined);
    if (bundle === undefined) return ["warn", "no file of root certificates", "apt-get install ca-certificates"];
    const proof = await proveTrust(bundle);
    if (proof === undefined) return ["skip", "openssl is not installed, and makes the test root"];
    const { through, careless, refused } = proof;
    const found = [
      ...(careless.length > 0 ? [`verify nothing: ${careless.join(", ")}`] : []),
      ...(refused.length > 0 ? [`do not read the roots: ${refused.join(", ")}`] : []),
      `shook hands with a test root, and not without it: ${through.join(", ") || "none"}`,
    ];
    return [careless.length > 0 ? "fail" : refused.length > 0 ? "warn" : "pass", found.join("; ")];
  },
);

const inContainers = check(
  "trust-containers",
  "programs in each container trust its roots, and no others",
  UP,
  async ({ containers, inContainer }) => {
    const running = (await containers()).filter(({ state }) => state === "running");
    if (running.length === 0) return ["skip", "no container of the stack runs"];
    const proofs = await Promise.all(
      running.map(async ({ name }) => ({ name, ...readProof((await inContainer(name, CONTAINER_SCRIPT)).output) })),
    );
    const found = proofs.map(({ name, right, wrong, untried }) => {
      const good = right.length > 0 ? [`${right.join(", ")} shook hands with a test root, and not without it`] : [];
      return `${name}: ${[...wrong, ...good, ...(untried === "" ? [] : [untried])].join("; ")}`;
    });
    const worst = proofs.some(({ wrong }) => wrong.length > 0)
      ? "fail"
      : proofs.some(({ untried }) => untried !== "")
        ? "warn"
        : "pass";
    return [worst, found.join("; ")];
  },
);

const daemon = check(
  "trust-daemon",
  "a Docker daemon that started after the roots last changed",
  `${UP} --restart`,
  async ({ facts }) => {
    const { running, docker } = await facts();
    if (docker.flavour === "desktop") return ["skip", "Docker Desktop takes its roots from Windows"];
    if (running.dockerdStarted === "") return ["skip", "when it started cannot be told"];
    const found = `started ${running.dockerdStarted.slice(0, 19)}, roots changed ${running.trustChanged.slice(0, 19) || "never"}`;
    return [running.dockerdStarted >= running.trustChanged ? "pass" : "warn", found];
  },
);

export const trustChecks: CheckDefinition[] = [places, handshakes, daemon];
export const deepTrustChecks: CheckDefinition[] = [inContainers];
