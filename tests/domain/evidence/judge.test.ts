import type { Payload } from "../../../domain/evidence/schema.ts";
import { edited, failures, NOW, notes, payloadOf, TAKEN } from "./records.ts";

const leaf = (payload: Payload) =>
  payload.certificates.authorities[0]?.leaves[0] as { lifetime: string; notAfter: string; fault: string };
const link = (payload: Payload) => payload.links.list[0] as Payload["links"]["list"][number];
const wire = (payload: Payload) =>
  link(payload).negotiated as NonNullable<Payload["links"]["list"][number]["negotiated"]>;
const image = (payload: Payload) => payload.images.list[0] as Payload["images"]["list"][number];
const finding = {
  rule: "container-user",
  level: "mandatory",
  kind: "violation",
  name: "web",
  message: 'user is "root"',
} as const;
const exemption = (until: string) => ({
  rule: "container-user",
  resource: "web",
  owner: "platform",
  reason: "r",
  until,
});

test.each<[string, (payload: Payload) => void, string[]]>([
  [
    "a version",
    (it) => {
      it.versions.engine = null;
    },
    ["versions versions: the version of engine is missing"],
  ],
  [
    "a commit",
    (it) => {
      it.versions.commit = "";
    },
    ["versions versions: the version of commit is missing"],
  ],
  [
    "plugins",
    (it) => {
      it.versions.plugins = {};
    },
    ["versions versions: the versions of plugins are missing"],
  ],
  [
    "a violation",
    (it) => {
      it.policy.report.findings.push(finding);
      it.policy.report.counts.mandatory = 1;
    },
    ['policy violations: container-user web: user is "root"'],
  ],
  [
    "a violation that is not counted",
    (it) => {
      it.policy.report.findings.push(finding);
    },
    [
      'policy violations: container-user web: user is "root"',
      "policy counts: 0 mandatory are counted, and 1 are there",
    ],
  ],
  [
    "an undecided rule",
    (it) => {
      it.policy.report.findings.push({ ...finding, kind: "undecided" });
      it.policy.report.counts.mandatory = 1;
    },
    ['policy violations: container-user web: undecided: user is "root"'],
  ],
  [
    "resources that nobody judged",
    (it) => {
      it.policy.report.resources = 1;
    },
    ["policy counts: the policy looked at 3 resources, and the stack has 5"],
  ],
  [
    "an exemption that had ended",
    (it) => {
      it.policy.exemptions.push(exemption("2026-11-23"));
    },
    ["policy exemptions: container-user for web (owner platform) ended on 2026-11-23"],
  ],
  [
    "an image without a digest",
    (it) => {
      image(it).id = "latest";
    },
    [
      "images digests: go-workstation/ada/dev:ab12ab12ab12: has no digest",
      `sbom subject: it is of sha256:${"1".repeat(64)}, and go-workstation/ada/dev:ab12ab12ab12 is latest`,
    ],
  ],
  [
    "an image that was not there",
    (it) => {
      image(it).layers = [];
    },
    ["images digests: go-workstation/ada/dev:ab12ab12ab12: was not on the machine"],
  ],
  [
    "a layer",
    (it) => {
      image(it).layers = ["sha256:1"];
    },
    ["images digests: go-workstation/ada/dev:ab12ab12ab12: has a layer without a digest"],
  ],
  [
    "a base by tag",
    (it) => {
      image(it).base = "golang:1.22";
    },
    ["images digests: go-workstation/ada/dev:ab12ab12ab12: its base golang:1.22 is not named by its content"],
  ],
  [
    "another recipe",
    (it) => {
      image(it).recipe = "c".repeat(64);
    },
    ["images digests: go-workstation/ada/dev:ab12ab12ab12: is not named by its recipe cccccccccccc"],
  ],
  [
    "an SBOM of another form",
    (it) => {
      it.sbom.document.specVersion = "1.2";
    },
    ['sbom form: specVersion is "1.2", not "1.6"'],
  ],
  [
    "an SBOM without components",
    (it) => {
      it.sbom.document.components = [];
      it.sbom.document.dependencies = [];
    },
    ["sbom form: components is empty"],
  ],
  [
    "an SBOM of an unknown image",
    (it) => {
      it.sbom.image = "x:y";
    },
    ["sbom subject: x:y is not among the images"],
  ],
  [
    "a long life",
    (it) => {
      leaf(it).lifetime = "96h0m0s";
    },
    ["certificates lifetimes: gows-ada-mesh-ca: goproxy: its lifetime is 96h0m0s"],
  ],
  [
    "a date that is later than it can be",
    (it) => {
      leaf(it).notAfter = "2026-12-24T20:00:00Z";
    },
    ["certificates lifetimes: gows-ada-mesh-ca: goproxy: good until 2026-12-24 20:00, 720 h later"],
  ],
  [
    "an expired certificate",
    (it) => {
      leaf(it).notAfter = "2026-11-24T19:33:00Z";
    },
    ["certificates expiry: gows-ada-mesh-ca: goproxy: expired on 2026-11-24 19:33"],
  ],
  [
    "an expired root",
    (it) => {
      Object.assign(it.certificates.authorities[0] ?? {}, { rootNotAfter: TAKEN });
    },
    ["certificates expiry: gows-ada-mesh-ca: root: expired on 2026-11-24 19:34"],
  ],
  [
    "a fault",
    (it) => {
      leaf(it).fault = "wrong names";
    },
    ["certificates authorities: gows-ada-mesh-ca: goproxy: wrong names"],
  ],
  [
    "a link that was down",
    (it) => {
      Object.assign(link(it), { ok: false, problem: "refused", negotiated: null });
    },
    ["links links: hello -> goproxy:8443: refused"],
  ],
  [
    "a link that says ok, with another suite",
    (it) => {
      Object.assign(wire(it), { suite: "0x1301", suiteName: "TLS_AES_128_GCM_SHA256" });
    },
    ["links suites: hello -> goproxy:8443: TLS_AES_128_GCM_SHA256 (0x1301), and rfc8998 allows 0x00c6"],
  ],
  [
    "another profile",
    (it) => {
      link(it).profile = "none";
    },
    ['links suites: hello -> goproxy:8443: its profile "none" is not known'],
  ],
  [
    "an expired peer",
    (it) => {
      wire(it).peer.notAfter = TAKEN;
    },
    ["links peers: hello -> goproxy:8443: its certificate expired on 2026-11-24 19:34"],
  ],
  [
    "a mesh without its authority",
    (it) => {
      it.certificates.authorities = [];
    },
    ["links peers: the mesh is on, and no authority has SM2 keys"],
  ],
  [
    "drift",
    (it) => {
      it.drift.drifted.push({ urn: "u", type: "t", name: "web", kind: "changed", fields: ["running"] });
    },
    ["drift drift: web (t) is changed: running"],
  ],
  [
    "a look at nothing",
    (it) => {
      it.drift.checked = 0;
    },
    ["drift drift: nothing was compared"],
  ],
  [
    "a sum of a resource",
    (it) => {
      Object.assign(it.resources.list[0] ?? {}, { name: "x", sha256: "0" });
    },
    ["resources resources: x: its sum is no SHA-256"],
  ],
  [
    "no time",
    (it) => {
      it.taken = "yesterday";
    },
    ["file taken: the time is missing"],
  ],
  [
    "a time to come",
    (it) => {
      it.taken = "2026-11-24T22:00:00Z";
    },
    ["file taken: it was taken at 2026-11-24T22:00:00Z, which is still to come"],
  ],
  [
    "a part that is not there",
    (it) => {
      Reflect.deleteProperty(it, "drift");
    },
    ["drift whole: is missing"],
  ],
  [
    "a part in another form",
    (it) => {
      Object.assign(it.drift, { checked: "many" });
    },
    ["drift whole: checked: Invalid input: expected number, received string"],
  ],
])("%s is named, and nothing else", (_, change, wanted) => {
  expect(failures(edited(change))).toEqual(wanted);
});

test.each<[string, (payload: Payload) => void, string]>([
  [
    "changes in the checkout",
    (it) => {
      it.versions.dirty = true;
    },
    "versions versions: the checkout had changes that are in no commit",
  ],
  [
    "the mesh that is off",
    (it) => {
      it.links = { from: "x", enabled: false, list: [] };
    },
    "links links: the mesh is off (mesh.enabled)",
  ],
  [
    "a rule that was lowered",
    (it) => {
      it.policy.configuration.rules = { "container-user": { level: "disabled" } };
    },
    "policy levels: container-user was disabled by configuration",
  ],
  [
    "an advisory finding",
    (it) => {
      it.policy.report.findings.push({ ...finding, level: "advisory" });
      it.policy.report.counts.advisory = 1;
    },
    'policy violations: container-user web: user is "root"',
  ],
  [
    "an authority's warning",
    (it) => {
      it.certificates.authorities[0]?.warnings.push("roll over");
    },
    "certificates authorities: gows-ada-mesh-ca: roll over",
  ],
])("%s is told, and holds", (_, change, wanted) => {
  const payload = edited(change);
  expect([failures(payload), notes(payload)]).toEqual([[], [wanted]]);
});

test("an exemption that ended since then is told on the day after", () => {
  const payload = edited((it) => {
    it.policy.exemptions.push(exemption("2026-11-24"));
  });
  expect([failures(payload), notes(payload)]).toEqual([[], []]);
  const later = NOW + 24 * 3600e3;
  expect([failures(payload, later), notes(payload, later)]).toEqual([
    [],
    ["policy exemptions: container-user for web (owner platform) ended on 2026-11-24, since then"],
  ]);
});

test("later, certificates that were good when it was taken still are", () => {
  expect(failures(payloadOf(), NOW + 365 * 24 * 3600e3)).toEqual([]);
});
