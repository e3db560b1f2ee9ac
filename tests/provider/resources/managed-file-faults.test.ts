/** What goes wrong while a file is written: killed, no space, not allowed. Always the old content or the new, and the way back. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import { managedFile } from "../../../provider/resources/managed-file.ts";
import { type Scratch, scratch } from "../scratch.ts";
import { type Sample, samples } from "./files.ts";

const file = "/etc/thing.conf";
const child = path.join(__dirname, "../fixtures/managed-file-child.ts");
const node = ["--disable-warning=ExperimentalWarning"];
const quiet = () => {};
let machine: Scratch;

beforeEach(() => {
  machine = scratch();
});
afterEach(() => machine.remove());

const content = (at = file) => readFileSync(machine.real(at), "utf8");

// `json` and `block` are written by the same steps as `ini`. `bench/kill.ts` does all modes, before real system calls.
const killable = samples.filter(({ name }) => ["whole", "ini"].includes(name)).map((one) => [one.name, one] as const);

describe("killed by a stand-in before any of its own steps", () => {
  const killed = (operation: string, news: object, olds: object, killAt: number) =>
    spawnSync(
      process.execPath,
      [
        ...node,
        "--import",
        path.join(__dirname, "../fixtures/standin-killer.mjs"),
        child,
        machine.root,
        operation,
        JSON.stringify(news),
        JSON.stringify(olds),
      ],
      { env: { ...process.env, KILL_AT: String(killAt) }, encoding: "utf8" },
    );

  const fresh = ({ original }: Sample) => {
    rmSync(machine.real("/etc"), { recursive: true, force: true });
    rmSync(machine.real("/state"), { recursive: true, force: true });
    machine.put(file, original, 0o640);
  };
  const clean = ({ original }: Sample) => {
    expect(content()).toBe(original);
    expect((statSync(machine.real(file)).mode & 0o777).toString(8)).toBe("640");
    expect(readdirSync(machine.real("/etc"))).toEqual(["thing.conf"]);
    expect(readdirSync(machine.real("/state/originals"))).toEqual([]);
  };

  test.each(killable)(
    "%s: create",
    async (_name, sample) => {
      let kills = 0;
      for (let step = 1; ; step += 1) {
        fresh(sample);
        const run = killed("create", sample.first, {}, step);
        if (run.status === 0) break;
        expect(run.signal).toBe("SIGKILL");
        kills += 1;
        const found = content();
        const { outputs } = await managedFile.create(machine.host, sample.first, quiet);
        expect([sample.original, content()]).toContain(found);
        await managedFile.delete(machine.host, file, outputs);
        clean(sample);
      }
      expect(kills).toBeGreaterThan(10);
    },
    120_000,
  );

  test.each(killable)(
    "%s: update",
    async (_name, sample) => {
      let kills = 0;
      for (let step = 1; ; step += 1) {
        fresh(sample);
        // Both ways: fewer keys than before, and more.
        const [from, to] = step % 2 === 0 ? [sample.first, sample.next] : [sample.next, sample.first];
        const { outputs } = await managedFile.create(machine.host, from, quiet);
        const before = content();
        const run = killed("update", to, outputs, step);
        if (run.status === 0) break;
        expect(run.signal).toBe("SIGKILL");
        kills += 1;
        const found = content();
        // The engine knows nothing of the update: either it is tried again, or all is destroyed.
        if (step % 4 < 2) {
          const later = await managedFile.update(machine.host, file, outputs, to, quiet);
          expect([before, content()]).toContain(found);
          await managedFile.delete(machine.host, file, later);
        } else await managedFile.delete(machine.host, file, outputs);
        clean(sample);
      }
      expect(kills).toBeGreaterThan(10);
    },
    120_000,
  );

  test.each(killable)(
    "%s: delete",
    async (_name, sample) => {
      let kills = 0;
      for (let step = 1; ; step += 1) {
        fresh(sample);
        const { outputs } = await managedFile.create(machine.host, sample.first, quiet);
        const before = content();
        const run = killed("delete", sample.first, outputs, step);
        if (run.status === 0) break;
        expect(run.signal).toBe("SIGKILL");
        kills += 1;
        expect([before, sample.original]).toContain(content());
        await managedFile.delete(machine.host, file, outputs);
        clean(sample);
      }
      expect(kills).toBeGreaterThan(5);
    },
    120_000,
  );
});

/** Runs the operation in a mount namespace of its own, after `prepare` has spoilt `$ETC`: nothing of this machine is touched. */
function spoilt(prepare: string, news: object, as = ""): { status: number | null; stderr: string } {
  const operation = `${as} "$NODE" ${node.join(" ")} "$CHILD" "$ROOT" create "$NEWS"`;
  return spawnSync(
    "unshare",
    [
      "-m",
      "sh",
      "-c",
      `set -e\n${prepare}\nset +e\n${operation}\nstatus=$?\ncat "$ETC/thing.conf" >"$ROOT/seen"; ls -A "$ETC" >"$ROOT/names"\nexit $status`,
    ],
    {
      encoding: "utf8",
      env: {
        ...process.env,
        NODE: process.execPath,
        CHILD: child,
        ROOT: machine.root,
        ETC: machine.real("/etc"),
        NEWS: JSON.stringify(news),
      },
    },
  );
}

const unchanged = (original: string) => {
  expect(content("/seen")).toBe(original);
  expect(content("/names").trim()).toBe("thing.conf");
};

describe("not possible", () => {
  // Only root can mount; the limit on file sizes below is tried by everybody.
  const asRoot = process.getuid?.() === 0 ? test.each : test.skip.each;
  const all = samples.map((sample) => [sample.name, sample] as const);
  const big = (sample: Sample): object =>
    sample.first.values === undefined
      ? { ...sample.first, content: "y\n".repeat(25_000) }
      : { ...sample.first, values: { a: { b: "y".repeat(100_000) } } };

  asRoot(all)("%s: a full disk", (_name, sample) => {
    mkdirSync(machine.real("/etc"));
    machine.put("/original", sample.original.replace('"a": 1', '"a": {}'));
    const run = spoilt('mount -t tmpfs -o size=32k tmpfs "$ETC"; cp "$ROOT/original" "$ETC/thing.conf"', big(sample));
    expect(run.stderr).toMatch(/cannot write \/etc\/thing\.conf: no space is left/);
    expect(run.status).toBe(1);
    unchanged(content("/original"));
  });

  asRoot(all)("%s: a read-only file system", (_name, sample) => {
    machine.put(file, sample.original);
    const run = spoilt('mount --bind "$ETC" "$ETC"; mount -o remount,bind,ro "$ETC"', sample.first);
    expect(run.stderr).toMatch(/cannot write \/etc\/thing\.conf: that file system is read-only/);
    unchanged(sample.original);
  });

  asRoot(all)("%s: a full disk where originals are kept", (_name, sample) => {
    machine.put(file, sample.original);
    mkdirSync(machine.real("/state"));
    const run = spoilt('mount -t tmpfs -o size=4k,nr_inodes=2 tmpfs "$ROOT/state"', sample.first);
    expect(run.stderr).toMatch(/cannot .*\/state\/.*no space is left/);
    unchanged(sample.original);
  });

  asRoot(all)("%s: a folder of somebody else", (_name, sample) => {
    machine.put(file, sample.original);
    // Root without root's powers is a user like any other, and one that can read this checkout wherever it is.
    const run = spoilt(
      'chown 65534 "$ETC"; chmod 755 "$ETC"',
      sample.first,
      "setpriv --bounding-set -dac_override,-dac_read_search,-fowner,-chown --inh-caps -all",
    );
    expect(run.stderr).toMatch(/cannot write \/etc\/thing\.conf: this user may not/);
    unchanged(sample.original);
  });

  test.each(all)("%s: a write that the system cuts short", (_name, sample) => {
    machine.put(file, sample.original.replace('"a": 1', '"a": {}'));
    const original = content();
    const run = spawnSync(
      "sh",
      [
        "-c",
        `trap '' XFSZ; ulimit -f 16; exec "$@"`,
        "sh",
        process.execPath,
        ...node,
        child,
        machine.root,
        "create",
        JSON.stringify(big(sample)),
      ],
      { encoding: "utf8", env: { ...process.env, NODE_COMPILE_CACHE: "" } },
    );
    expect(run.status).toBe(1);
    expect(run.stderr).toContain(`cannot write ${file}`);
    expect(content()).toBe(original);
    expect(readdirSync(machine.real("/etc"))).toEqual(["thing.conf"]);
  });
});
