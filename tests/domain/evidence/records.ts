/** Evidence of a stack as it was recorded: the authority's and dpkg's answers are real ones, the state is a small one. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { buildPayload, type Records } from "../../../domain/evidence/build.ts";
import { judgeEvidence } from "../../../domain/evidence/judge.ts";
import type { Payload } from "../../../domain/evidence/schema.ts";
import { contentHash } from "../../../domain/recipe-hash.ts";
import { exportOf, sealed } from "../../policy/fixtures/export.ts";

const recorded = (name: string): string => readFileSync(join(__dirname, "recorded", name), "utf8");

export const TAKEN = "2026-11-24T19:34:00.000Z";
export const IMAGE_ID = `sha256:${"1".repeat(64)}`;
const RECIPE = "ab12".repeat(16);
const LOCAL_IMAGE = "workstation:index:LocalImage";
const CONTAINER = "docker:index/container:Container";

/** None of these may be in evidence. */
export const CANARIES = {
  user: "gloria-canary",
  home: "/home/gloria-canary",
  root: "/srv/checkouts-canary/workstation",
  host: "zebra-canary",
  project: "/opt/canary-projects/shop",
  secret: "CANARY-CIPHERTEXT",
  password: "canary-password",
} as const;

const goTools = {
  kind: "goTools",
  go: "1.22.6",
  tools: [
    { package: "golang.org/x/tools/gopls", version: "v0.16.2", binary: "gopls" },
    { package: "github.com/go-delve/delve/cmd/dlv", version: "v1.25.2", binary: "dlv" },
  ],
};

const files = ["--state", "/var/lib/workstation-ca/state", "--declaration", "/x/declaration.json", "--out", "/x/out"];

const state = JSON.parse(
  exportOf([
    {
      type: LOCAL_IMAGE,
      name: "dev-image",
      inputs: { recipe: { base: { kind: "rootfs", suite: "bookworm" }, layers: [goTools] } },
      outputs: { reference: `go-workstation/ada/dev:${RECIPE.slice(0, 12)}`, imageId: IMAGE_ID, hash: RECIPE },
    },
    {
      type: CONTAINER,
      name: "mesh-ca-container",
      inputs: { name: "gows-ada-mesh-ca", command: ["/usr/local/bin/workstation-ca", "serve", ...files] },
    },
    {
      type: "workstation:index:ManagedFile",
      name: "hello-file",
      inputs: { path: `${CANARIES.home}/.netrc`, content: sealed(CANARIES.secret) },
    },
  ]),
) as { deployment: { resources: Records["resources"] & { outputs?: object }[] } };

const [stack, ...rest] = state.deployment.resources;
const tools = { "1.22.6": { gopls: "v0.16.2", dlv: "v1.25.2" } };

export const records: Records = {
  taken: TAKEN,
  stack: "ada",
  personal: { root: CANARIES.root, home: CANARIES.home, users: [CANARIES.user], hosts: [CANARIES.host], places: [] },
  versions: {
    product: "0.1.0",
    commit: "0123456789012345678901234567890123456789",
    dirty: false,
    node: "24.21.0",
    engine: "3.256.0",
    plugins: { docker: "5.2.0" },
    docker: "20.10.24",
  },
  resources: [{ ...stack, outputs: { tools } } as Records["resources"][number], ...rest],
  policy: {
    report: {
      stack: "ada",
      source: "state",
      resources: 3,
      skipped: state.deployment.resources.length - 3,
      counts: { mandatory: 0, advisory: 0, exempted: 0 },
      findings: [],
    },
    configuration: { undecided: "mandatory", rules: {} },
    exemptions: [],
  },
  layers: { [IMAGE_ID]: [`sha256:${"2".repeat(64)}`] },
  installed: recorded("installed.txt"),
  authorities: [
    { container: "gows-ada-mesh-ca", printed: { code: 0, stdout: recorded("ca-status.json"), stderr: "" } },
  ],
  exported: {
    product: "0.1.0",
    versions: { node: "24.21.0" },
    settings: { projects: [{ path: `\${home}/src/shop` }] },
    parameters: [{ name: "home", description: "the home folder", usedBy: ["projects[0].path"] }],
    credentials: [],
  },
  links: {
    enabled: true,
    list: [
      {
        from: "hello",
        to: "goproxy",
        port: 8443,
        profile: "rfc8998",
        ok: true,
        problem: null,
        lastRotation: "2026-11-24T19:32:54Z",
        negotiated: {
          profile: "rfc8998",
          version: "TLSv1.3",
          suite: "0x00c6",
          suiteName: "TLS_SM4_GCM_SM3",
          group: "curveSM2",
          signature: "sm2sig_sm3",
          peer: {
            names: ["goproxy.mesh.gows-ada.internal"],
            notAfter: "2026-11-25T19:27:54Z",
            serial: "1",
            issuer: "x",
          },
        },
      },
    ],
  },
  drift: { checked: 3, drifted: [] },
};

export const payloadOf = (more: Partial<Records> = {}): Payload => buildPayload({ ...records, ...more });

/** As somebody would who edits a part and corrects its sum as well. */
export function edited(change: (payload: Payload) => void): Payload {
  const payload = structuredClone(payloadOf());
  change(payload);
  for (const name of Object.keys(payload.sums) as (keyof Payload["sums"])[]) {
    if (payload[name] !== undefined) payload.sums[name] = contentHash(payload[name]);
  }
  return payload;
}

export const NOW = Date.parse("2026-11-24T21:00:00Z");

/** `part id: what was found`. */
export const failures = (payload: unknown, now = NOW): string[] => said(payload, "found", now);
export const notes = (payload: unknown, now = NOW): string[] => said(payload, "notes", now);

const said = (payload: unknown, which: "found" | "notes", now: number): string[] =>
  judgeEvidence(payload, now).flatMap((one) => one[which].map((text) => `${one.part} ${one.id}: ${text}`));
