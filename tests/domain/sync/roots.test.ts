import { parseSettings } from "../../../config/load.ts";
import type { Facts, WindowsRoot } from "../../../domain/facts.ts";
import { planRoots } from "../../../domain/sync/roots.ts";
import { machine } from "../machine.ts";

const bare = machine();
const root = (letter: string, changes: Partial<WindowsRoot> = {}): WindowsRoot => ({
  fingerprint: letter.repeat(64),
  subject: `CN=${letter}`,
  notAfter: "2030-01-01T00:00:00.000Z",
  serverAuth: true,
  disallowed: false,
  pem: `pem ${letter}`,
  ...changes,
});
const withWindows = (...roots: WindowsRoot[]): Partial<Facts> => ({ windows: { ...bare.windows, roots } });
const withFile = (...roots: WindowsRoot[]): Partial<Facts> => ({
  rootFiles: [{ path: "/team.pem", roots, problem: "" }],
});
const plan = (hostSync: object, changes: Partial<Facts> = {}) =>
  planRoots({
    stack: "dev",
    settings: parseSettings({ hostSync }),
    facts: machine([], changes),
    root: "/ws",
    home: "/home/ada",
    tools: [],
    absolute: (path) => path,
  });

test("live: the store itself, and a profile for programs with lists of their own", () => {
  const { roots, warnings } = plan({ mode: "live" }, withWindows(root("b"), root("a")));
  expect(roots.anchors).toEqual({ certificates: ["pem a", "pem b"], owner: "dev", root: "" });
  expect(roots.profile?.path).toBe("/etc/profile.d/go-workstation-trust.sh");
  expect(roots.expected).toEqual(["a".repeat(64), "b".repeat(64)]);
  expect(warnings).toEqual([]);
});

test("staged: both below the staging folder, and containers trust them all the same", () => {
  const { roots } = plan({ mode: "staged" }, withFile(root("a")));
  expect(roots.anchors?.root).toBe("/ws/.workstation/dev/machine");
  expect(roots.profile?.path).toBe("/ws/.workstation/dev/machine/etc/profile.d/go-workstation-trust.sh");
  expect(roots.further).toEqual(["pem a"]);
});

test("roots that the machine has already go to containers, and are not installed again", () => {
  const { roots } = plan({ mode: "live" }, { trustRoots: [root("c")] });
  expect([roots.anchors, roots.profile, roots.further]).toEqual([undefined, undefined, ["pem c"]]);
});

test.each<[string, object, Partial<Facts>]>([
  ["off", { mode: "off", roots: { files: ["/team.pem"] } }, { ...withWindows(root("a")), ...withFile(root("b")) }],
  ["Windows' switched off", { mode: "live", roots: { windows: false } }, withWindows(root("a"))],
  ["none approved", { mode: "live", roots: { approved: [] } }, withWindows(root("a"))],
])("nothing is installed: %s", (_name, hostSync, changes) => {
  const { roots } = plan(hostSync, changes);
  expect([roots.anchors, roots.further, roots.expected]).toEqual([undefined, [], []]);
});

test("a root of the team's that is left out is told; one of Windows is not, there are dozens", () => {
  const changes = { ...withWindows(root("a", { expired: true })), ...withFile(root("b", { serverAuth: false })) };
  expect(plan({ mode: "live" }, changes).warnings).toEqual([
    'hostSync.roots.files: "CN=b" is left out: it is not for authenticating servers.',
  ]);
});

test("Docker Desktop has its roots from Windows, and that is told", () => {
  const docker = { ...bare.docker, flavour: "desktop" as const };
  const { warnings, pending } = plan({ mode: "live" }, { ...withWindows(root("a")), docker });
  expect([warnings.length, pending]).toEqual([1, []]);
  expect(warnings[0]).toMatch(/^Docker Desktop takes its roots from Windows/);
});

const [early, late] = ["2026-11-24T10:00:00.000Z", "2026-11-24T10:00:00.500Z"];
test.each<[string, string, string, string, number]>([
  ["the daemon is older than the roots", "live", early, late, 1],
  ["the daemon is younger", "live", late, early, 0],
  ["when it started is not known", "live", "", late, 0],
  ["when the roots changed is not known", "live", early, "", 0],
  ["staged", "staged", early, late, 0],
])("restart of the daemon: %s", (_name, mode, dockerdStarted, trustChanged, count) => {
  const { pending } = plan({ mode }, { running: { dockerdStarted, trustChanged } });
  expect(pending.map(({ resource, needs }) => [resource, needs])).toEqual(
    Array(count).fill(["trust-anchors", "dockerd-restart"]),
  );
});

test("250 roots of Windows, each twice: each once, in one order whatever theirs was", () => {
  const many = Array.from({ length: 250 }, (_, index) => {
    const fingerprint = index.toString(16).padStart(64, "0");
    return root("a", { fingerprint, pem: `pem ${fingerprint}`, subject: `CN=Wurzel №${index}\nO=Zwei` });
  });
  const forwards = plan({ mode: "live" }, withWindows(...many, ...many)).roots;
  expect(forwards.anchors?.certificates).toHaveLength(250);
  expect(plan({ mode: "live" }, withWindows(...[...many].reverse())).roots).toEqual(forwards);
});
