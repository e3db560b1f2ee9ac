/** What is asked, of whom: a program that stands in for `docker` answers with what real ones printed. */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { hostname, tmpdir, userInfo } from "node:os";
import { dirname, join } from "node:path";
import type { Deployment } from "../../../cli/engine/checkpoint.ts";
import { collectEvidence, record } from "../../../cli/evidence/collect.ts";
import type { Session } from "../../../cli/session.ts";
import { parseSettings } from "../../../config/load.ts";
import { buildPayload } from "../../../domain/evidence/build.ts";
import { CANARIES, failures, IMAGE_ID, NOW, notes, records, TAKEN } from "../../domain/evidence/records.ts";
import { ROOT, standInSession, writeStack } from "./standin.ts";

const deployment = { resources: records.resources } as unknown as Deployment;

let folder: string;
let asked: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gows-evidence-"));
  asked = join(folder, "asked");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const sessionWith = (lines = ""): Session => standInSession(folder, lines);

const settings = parseSettings({ projects: [{ path: "/opt/canary-projects/shop", name: "shop" }] });
const collect = async (session: Session) => ({
  ...(await record(session, settings, deployment, () => {})),
  taken: TAKEN,
  stack: "ada",
  drift: records.drift,
  exported: records.exported,
});

test("what is collected is evidence, and only what a stack of this kind lacks is named", async () => {
  const payload = buildPayload(await collect(sessionWith()));
  expect(payload.versions).toMatchObject({
    product: "0.1.0",
    node: process.version.slice(1),
    engine: null,
    docker: "20.10.24",
  });
  expect(payload.images.list).toMatchObject([{ id: IMAGE_ID, layers: [`sha256:${"2".repeat(64)}`] }]);
  expect(payload.certificates.authorities).toMatchObject([{ container: "gows-ada-mesh-ca", algorithm: "sm2" }]);
  const found = failures(payload, NOW).filter((text) => !/^policy violations: |of commit is/.test(text));
  expect(found).toEqual([
    "versions versions: the version of engine is missing",
    "versions versions: the versions of plugins are missing",
  ]);
  expect(notes(payload, NOW)).toContain("links links: the mesh is off (mesh.enabled)");
  // The state has a container that declares next to nothing.
  expect(payload.policy.report.findings.map(({ rule }) => rule)).toContain("container-user");
});

test("the image's packages are listed in a container that can do nothing else", async () => {
  await collect(sessionWith());
  const [exec, run] = readFileSync(asked, "utf8").trim().split("\n").sort();
  expect(exec).toMatch(/^exec gows-ada-mesh-ca \/usr\/local\/bin\/workstation-ca status .*--json$/);
  expect(run).toMatch(
    /^run --rm --pull never --network none --read-only --cap-drop ALL .*--entrypoint \/bin\/sh sha256:1+ -c/,
  );
});

test("this machine and this person are not in it", async () => {
  const { personal } = await collect(sessionWith());
  expect(personal).toMatchObject({ root: ROOT, home: process.env.HOME, hosts: expect.arrayContaining([hostname()]) });
  expect(personal.users).toContain(userInfo().username);
  expect(personal.places).toContainEqual({ path: "/opt/canary-projects/shop", as: "PROJECT-shop" });
});

test("an authority that does not run is told as such", async () => {
  const session = sessionWith('[ "$1" = exec ] && { echo "container is not running" >&2; exit 1; }');
  const payload = buildPayload(await collect(session));
  expect(payload.certificates.authorities).toMatchObject([{ problem: "container is not running" }]);
});

test("without the image's packages there is no evidence, and the reason is said", async () => {
  const session = sessionWith('[ "$1" = run ] && { echo "sh: dpkg-query: not found" >&2; exit 127; }');
  await expect(collect(session)).rejects.toThrow(/there is no SBOM .*code 127\): sh: dpkg-query: not found/);
});

describe("from a checkout and the engine's state", () => {
  const look = async () => ({ summary: records.drift });
  const checkout = (): Session => {
    const root = join(folder, "checkout");
    // What an export needs of it.
    mkdirSync(join(root, "config"), { recursive: true });
    for (const name of ["package.json", "config/stack.schema.json", "cli/setup/node/package.json"]) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      copyFileSync(join(ROOT, name), join(root, name));
    }
    return standInSession(folder, "", root);
  };

  test("no place of this machine is in what is written", async () => {
    const session = checkout();
    const there = JSON.stringify(records.resources).replaceAll(CANARIES.home, session.context.root);
    writeStack(session, { resources: JSON.parse(there) });
    const payload = await collectEvidence(session, new Date(TAKEN), look);
    expect(payload).toMatchObject({ taken: TAKEN, stack: "ada", drift: records.drift });
    expect(JSON.stringify(payload)).not.toContain(folder);
  });

  test("a stack that changes meanwhile is no evidence", async () => {
    const session = checkout();
    writeStack(session);
    const changing = async () => {
      writeStack(session, { manifest: { time: "later" } });
      return await look();
    };
    await expect(collectEvidence(session, new Date(TAKEN), changing)).rejects.toThrow(
      /"ada" was changed while evidence was taken/,
    );
  });
});
