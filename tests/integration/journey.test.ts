/** The main job, as a new user would do it: get the workstation, break it, see it, repair it, undo it. Real everything. */
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Workbench } from "./support/workbench.ts";

const minutes = 60_000;
let bench: Workbench;

beforeAll(async () => {
  bench = await Workbench.open();
}, 5 * minutes);

afterAll(async () => {
  await bench?.close();
}, 2 * minutes);

/** Breaks one thing by hand and expects `drift` to name it, `up` to repair it and `drift` to be content again. */
async function breakAndRepair(
  breakIt: () => Promise<unknown>,
  expected: { name: RegExp; kind: string; field?: string },
) {
  await breakIt();
  const before = await bench.drift();
  expect(before.code).toBe(2);
  const found = before.report.drifted.find((item) => expected.name.test(item.name) && item.kind === expected.kind);
  expect({ drifted: before.report.drifted, found }).toEqual({
    drifted: expect.anything(),
    found: expect.objectContaining({ kind: expected.kind }),
  });
  if (expected.field !== undefined) expect(found?.fields.join(" ")).toContain(expected.field);
  await bench.succeed("up", "--yes");
  const after = await bench.drift();
  expect(after).toEqual({ code: 0, report: { checked: before.report.checked, drifted: [] } });
}

const container = () => `gows-${bench.stack}-hello`;

test(
  "up makes a running workstation that builds and tests the example",
  async () => {
    const up = await bench.succeed("up", "--yes");
    expect(`${up.stdout}${up.stderr}`).toMatch(/go1\.22\.6/);
    expect(await bench.docker("inspect", "--format", "{{.State.Running}} {{.Config.User}}", container())).toMatch(
      /^true \d+:\d+$/,
    );
    const version = await bench.succeed("exec", "hello", "--", "go", "version");
    expect(version.stdout).toMatch(/^go version go1\.22\.6 linux\/(amd64|arm64)$/m);
    const tools = await bench.succeed(
      "exec",
      "hello",
      "--",
      "sh",
      "-c",
      "gopls version; dlv version; command -v goimports",
    );
    expect(tools.stdout).toContain("gopls v0.16.2");
    expect(tools.stdout).toContain("1.25.2");
  },
  45 * minutes,
);

test(
  "a second up changes nothing, and neither does one that runs the engine in full",
  async () => {
    const id = await bench.docker("inspect", "--format", "{{.Id}} {{.State.StartedAt}}", container());
    for (const args of [
      ["up", "--yes"],
      ["up", "--yes", "--full"],
    ]) {
      const again = await bench.succeed(...args);
      expect(`${again.stdout}${again.stderr}`).toMatch(/\b\d+ unchanged/);
      expect(`${again.stdout}${again.stderr}`).not.toMatch(/\b[1-9]\d* (created|updated|replaced|deleted)/);
    }
    expect(await bench.docker("inspect", "--format", "{{.Id}} {{.State.StartedAt}}", container())).toBe(id);
    expect(await bench.git("status", "--porcelain")).toBe("");
    const drift = await bench.drift();
    expect(drift.code).toBe(0);
    expect(drift.report.drifted).toEqual([]);
    expect(drift.report.checked).toBeGreaterThanOrEqual(6);
  },
  5 * minutes,
);

test(
  "doctor finds nothing to complain about and says what it looked at",
  async () => {
    const doctor = await bench.workstation("doctor", "--json");
    const report = JSON.parse(doctor.stdout) as { checks: { id: string; status: string; found: string }[] };
    expect(report.checks.filter((check) => check.status === "fail")).toEqual([]);
    expect(doctor.code).toBe(0);
    expect(report.checks.map((check) => check.id)).toEqual(expect.arrayContaining([expect.stringMatching(/docker/)]));
    expect(JSON.stringify(report)).toMatch(/linux\/(x86_64|aarch64|arm64|amd64)/);
  },
  5 * minutes,
);

describe("drift is seen and repaired", () => {
  test(
    "container removed",
    async () => {
      await breakAndRepair(() => bench.docker("rm", "--force", container()), { name: /hello/, kind: "missing" });
    },
    5 * minutes,
  );

  test(
    "container stopped",
    async () => {
      await breakAndRepair(() => bench.docker("stop", container()), { name: /hello/, kind: "changed" });
      expect(await bench.docker("inspect", "--format", "{{.State.Running}}", container())).toBe("true");
    },
    5 * minutes,
  );

  test(
    "memory limit changed",
    async () => {
      await breakAndRepair(() => bench.docker("update", "--memory", "1g", "--memory-swap", "2g", container()), {
        name: /hello/,
        kind: "changed",
        field: "memory",
      });
    },
    5 * minutes,
  );

  test(
    "container replaced by one with another environment, mounts, ports and user",
    async () => {
      const image = await bench.docker("inspect", "--format", "{{.Image}}", container());
      await breakAndRepair(
        async () => {
          await bench.docker("rm", "--force", container());
          await bench.docker("run", "-d", "--name", container(), "-e", "SURPRISE=1", "-p", "127.0.0.1::8099", image);
        },
        { name: /hello/, kind: "missing" },
      );
    },
    5 * minutes,
  );

  test(
    "container and volume removed",
    async () => {
      await breakAndRepair(
        async () => {
          await bench.docker("rm", "--force", container());
          await bench.docker("volume", "rm", `gows-${bench.stack}-gomod`);
        },
        { name: /mod/, kind: "missing" },
      );
    },
    5 * minutes,
  );

  test(
    "container and network removed",
    async () => {
      await breakAndRepair(
        async () => {
          await bench.docker("rm", "--force", container());
          await bench.docker("network", "rm", `gows-${bench.stack}`);
        },
        { name: /network/, kind: "missing" },
      );
    },
    5 * minutes,
  );

  test(
    "image retagged, then removed",
    async () => {
      const tag = await bench.docker(
        "image",
        "ls",
        "--format",
        "{{.Repository}}:{{.Tag}}",
        `go-workstation/${bench.stack}/dev`,
      );
      expect(tag).toMatch(/^go-workstation\/\S+:[0-9a-f]{12}$/);
      const empty = join(bench.folder, "empty");
      await mkdir(empty);
      await writeFile(join(empty, "Dockerfile"), "FROM scratch\nCOPY Dockerfile /\n");
      const intruder = await bench.docker("build", "-q", empty);
      await breakAndRepair(() => bench.docker("tag", intruder, tag), { name: /image/i, kind: "changed" });
      await bench.docker("image", "rm", intruder);
      await breakAndRepair(
        async () => {
          await bench.docker("rm", "--force", container());
          await bench.docker("image", "rm", "--force", tag);
        },
        { name: /image/i, kind: "missing" },
      );
    },
    10 * minutes,
  );

  test(
    "a managed file edited and removed",
    async () => {
      const folder = join(bench.checkout, ".workstation", bench.stack, "etc");
      const [name = ""] = await readdir(folder);
      const file = join(folder, name);
      await breakAndRepair(() => writeFile(file, "[user]\n\tname = somebody else\n"), {
        name: /git/i,
        kind: "changed",
      });
      await breakAndRepair(() => rm(file), { name: /git/i, kind: "missing" });
    },
    5 * minutes,
  );

  test(
    "a setting edited and not applied yet",
    async () => {
      await bench.configure(["go-workstation:container", "memory"], "3GiB");
      const drift = await bench.drift();
      expect(drift.code).toBe(2);
      expect(drift.report.drifted.map((item) => item.name).join(" ")).toMatch(/hello/);
      await bench.succeed("up", "--yes");
      expect(await bench.docker("inspect", "--format", "{{.HostConfig.Memory}}", container())).toBe(
        String(3 * 2 ** 30),
      );
      expect((await bench.drift()).code).toBe(0);
    },
    5 * minutes,
  );
});

test(
  "stop keeps everything, start brings it back",
  async () => {
    await bench.succeed("exec", "hello", "--", "sh", "-c", "echo kept > /go/pkg/mod/kept");
    await bench.succeed("stop");
    expect(await bench.docker("inspect", "--format", "{{.State.Running}}", container())).toBe("false");
    await bench.succeed("start");
    expect((await bench.drift()).code).toBe(0);
    expect((await bench.succeed("exec", "hello", "--", "cat", "/go/pkg/mod/kept")).stdout.trim()).toBe("kept");
    await bench.succeed("exec", "hello", "--", "rm", "/go/pkg/mod/kept");
  },
  5 * minutes,
);

test(
  "another project of another owner's choosing is added, built and tested, and removed again",
  async () => {
    const project = join(bench.folder, "greeting");
    await mkdir(project);
    await writeFile(join(project, "go.mod"), "module example.com/greeting\n\ngo 1.22\n");
    await writeFile(
      join(project, "main.go"),
      'package main\n\nimport "fmt"\n\nfunc main() { fmt.Println("hello there") }\n',
    );
    await writeFile(
      join(project, "main_test.go"),
      'package main\n\nimport "testing"\n\nfunc TestMain1(t *testing.T) { main() }\n',
    );
    const other = await bench.docker("inspect", "--format", "{{.Id}}", container());
    await bench.succeed("project", "add", project);
    await bench.succeed("up", "--yes");
    expect((await bench.succeed("exec", "greeting", "--", "go", "run", ".")).stdout).toBe("hello there\n");
    expect((await bench.succeed("exec", "greeting", "--", "go", "test", "./...")).stdout).toContain("ok");
    expect(await bench.docker("inspect", "--format", "{{.Id}}", container())).toBe(other);
    const failing = await bench.workstation("exec", "greeting", "--", "sh", "-c", "exit 7");
    expect(failing.code).toBe(7);
    await bench.succeed("project", "remove", "greeting");
    await bench.succeed("up", "--yes");
    expect(await bench.docker("ps", "-aq", "--filter", `name=gows-${bench.stack}-greeting`)).toBe("");
    expect((await bench.drift()).code).toBe(0);
  },
  10 * minutes,
);

test(
  "plain pulumi works after eval of env, and env tells no secret",
  async () => {
    const env = await bench.succeed("env");
    expect(env.stdout).not.toMatch(/PULUMI_CONFIG_PASSPHRASE=/);
    const { execFile } = await import("node:child_process");
    const { promisify } = await import("node:util");
    const script = `eval "$(./workstation env --stack ${bench.stack})" && pulumi preview --stack ${bench.stack} --non-interactive --expect-no-changes`;
    const preview = await promisify(execFile)("sh", ["-c", script], { cwd: bench.checkout, env: bench.environment });
    expect(preview.stdout).toMatch(/unchanged/);
  },
  5 * minutes,
);

test(
  "destroy leaves nothing",
  async () => {
    await bench.succeed("destroy", "--yes");
    expect(await bench.leftovers()).toEqual([]);
    const left = await readdir(join(bench.checkout, ".workstation")).catch(() => []);
    expect(left.filter((name) => name === bench.stack)).toEqual([]);
    await bench.succeed("destroy", "--yes");
  },
  5 * minutes,
);
