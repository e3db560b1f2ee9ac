import type { MachinePlan } from "../../../domain/machine/plan.ts";
import { isPrivilegedPath, pathsForRoot, privilegedPaths } from "../../../domain/machine/privileged.ts";
import cases from "../../../toolchain/privileged/policy/testdata/paths.json" with { type: "json" };

test.each(cases.good)("%j is on the helper's list", (path) => expect(isPrivilegedPath(path)).toBe(true));
test.each(cases.bad)("%j is not", (path) => expect(isPrivilegedPath(path)).toBe(false));

describe("paths in a plan or a state", () => {
  test("are found at any depth, each once, sorted", () => {
    const value = {
      id: "/etc/wsl.conf",
      inputs: {
        path: "/etc/wsl.conf",
        nested: [{ units: { clock: "/etc/systemd/system/go-workstation-clock.timer" } }],
      },
      outputs: { path: "/etc/docker/daemon.json", count: 3, nothing: null, yes: true },
    };
    expect(privilegedPaths(value)).toEqual([
      "/etc/docker/daemon.json",
      "/etc/systemd/system/go-workstation-clock.timer",
      "/etc/wsl.conf",
    ]);
  });

  test("are not those of a staging folder, a home, or a text that only mentions one", () => {
    const value = [
      "/src/.workstation/mine/machine/etc/wsl.conf",
      "/home/ada/.gitconfig",
      "see /etc/wsl.conf",
      "/etc/passwd",
    ];
    expect(privilegedPaths(value)).toEqual([]);
  });

  test("roots for the machine's own store stand for the certificates of every kind of store", () => {
    const anchors = { certificates: ["pem"], owner: "mine", root: "" };
    const entries = ["/etc/ca-certificates/", "/etc/pki/ca-trust/", "/usr/local/share/ca-certificates/"];
    const found = privilegedPaths([anchors]);
    expect(found.map((path) => entries.findIndex((entry) => path.startsWith(entry)))).toEqual([0, 1, 2]);
    expect(privilegedPaths([{ ...anchors, root: "/src/.workstation/mine/machine" }])).toEqual([]);
    expect(privilegedPaths([undefined, { path: "/ca.pem", certificates: ["pem"] }])).toEqual([]);
  });
});

describe("root is asked for", () => {
  const file = { path: "/etc/docker/daemon.json", mode: "json" as const, values: {} };
  const plan = {
    staging: "/src/.workstation/mine/machine",
    files: [{ name: "file-daemon.json", file }],
    pending: [{ resource: "/etc/wsl.conf", field: "", wanted: "", running: "", needs: "reboot" }],
    problems: [],
    warnings: ["/etc/timezone"],
  } as unknown as MachinePlan;
  const question = { plan, state: [], same: false, writable: () => false };

  test("what is wanted, not what is only told", () => {
    expect(pathsForRoot(question)).toEqual(["/etc/docker/daemon.json"]);
  });
  test("what the last run wrote and this one takes away", () => {
    const state = [{ id: "/etc/wsl.conf" }];
    expect(pathsForRoot({ ...question, state })).toEqual(["/etc/docker/daemon.json", "/etc/wsl.conf"]);
    expect(pathsForRoot({ ...question, plan: undefined, state })).toEqual(["/etc/wsl.conf"]);
  });
  test("nothing when nothing changes", () => {
    expect(pathsForRoot({ ...question, same: true })).toEqual([]);
  });
  test("nothing that this user can write", () => {
    expect(pathsForRoot({ ...question, writable: (path) => path === "/etc/docker/daemon.json" })).toEqual([]);
  });
});
