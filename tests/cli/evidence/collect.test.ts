/** What is asked, of whom: a program that stands in for `docker` answers with what real ones printed. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import type { DockerApi } from "../../../cli/docker.ts";
import type { Deployment } from "../../../cli/engine/checkpoint.ts";
import { record } from "../../../cli/evidence/collect.ts";
import type { Session } from "../../../cli/session.ts";
import { parseSettings } from "../../../config/load.ts";
import { buildPayload } from "../../../domain/evidence/build.ts";
import { failures, IMAGE_ID, NOW, notes, records, TAKEN } from "../../domain/evidence/records.ts";

const ROOT = join(__dirname, "../../..");
const RECORDED = join(ROOT, "tests/domain/evidence/recorded");
const deployment = { resources: records.resources } as unknown as Deployment;

let folder: string;
let asked: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gows-evidence-"));
  asked = join(folder, "asked");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** `lines` is shell after which the recorded answers come. */
function sessionWith(lines = ""): Session {
  const script = `#!/bin/sh
printf '%s\\n' "$*" >> ${asked}
${lines}
case "$1" in
exec) cat ${RECORDED}/ca-status.json ;;
run) cat ${RECORDED}/installed.txt ;;
esac
`;
  writeFileSync(join(folder, "docker"), script);
  chmodSync(join(folder, "docker"), 0o755);
  const answers: Record<string, object> = {
    "/version": { Version: "20.10.24" },
    [`/images/${IMAGE_ID}/json`]: { RootFS: { Layers: [`sha256:${"2".repeat(64)}`] } },
  };
  // Not mesh links: `docker exec` of a tunnel is what tests/cli/mesh.test.ts is about.
  const docker = { get: async (path: string) => answers[path] } as unknown as DockerApi;
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH}`, PULUMI_HOME: folder };
  const context = { root: ROOT, env, cacheDir: join(folder, "cache"), stateDir: join(folder, "state") };
  return { context, stack: "ada", docker } as unknown as Session;
}

const settings = parseSettings({ projects: [{ path: "/opt/canary-projects/shop", name: "shop" }] });
const collect = async (session: Session) => ({
  ...(await record(session, settings, deployment, () => {})),
  taken: TAKEN,
  stack: "ada",
  drift: records.drift,
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
