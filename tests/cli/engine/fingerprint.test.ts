import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { engineLocks, isEngine } from "../../../cli/engine/checkpoint.ts";
import { digestSources, readRunRecord, relevantEnvironment, writeRunRecord } from "../../../cli/engine/fingerprint.ts";
import { clearLocks, orphanEngines, sweepRuns } from "../../../cli/engine/recover.ts";
import type { Terminal } from "../../../cli/terminal.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gows-print-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("every source counts with name and content; times and packages do not", () => {
  mkdirSync(join(folder, "policy", "rules"), { recursive: true });
  mkdirSync(join(folder, "policy", "node_modules"));
  const rule = join(folder, "policy", "rules", "a.ts");
  writeFileSync(rule, "one");
  const first = digestSources(folder);
  utimesSync(rule, 1, 1);
  writeFileSync(join(folder, "policy", "node_modules", "x.js"), "x");
  expect(digestSources(folder)).toBe(first);
  const seen = new Set([first]);
  for (const change of [
    () => writeFileSync(rule, "two"),
    () => writeFileSync(join(folder, "policy", "rules", "b.ts"), ""),
    () => writeFileSync(join(folder, "package-lock.json"), "{}"),
    () => writeFileSync(join(folder, "index.ts"), ""),
  ]) {
    change();
    seen.add(digestSources(folder));
  }
  expect(seen.size).toBe(5);
});

test("the engine's settings in the environment count, secrets and our own do not", () => {
  const env = {
    PULUMI_PARALLEL: "2",
    HTTPS_PROXY: "http://p",
    GOPROXY: "off",
    HOME: "/",
    PULUMI_CONFIG_PASSPHRASE: "s",
    WORKSTATION_PRIVILEGED_SOCKET: "/tmp/gows-x/s",
  };
  expect(relevantEnvironment(env)).toEqual({ GOPROXY: "off", HTTPS_PROXY: "http://p", PULUMI_PARALLEL: "2" });
});

test("a record that is damaged or of another version only costs a run", () => {
  expect(readRunRecord(folder, "me")).toBeUndefined();
  const record = {
    version: 1,
    root: "/x",
    inputs: "a",
    checkpoint: "b",
    resources: 3,
    projects: [],
    finished: "",
  } as const;
  writeRunRecord(folder, "me", { ...record, projects: [] });
  expect(readRunRecord(folder, "me")).toEqual(record);
  writeFileSync(join(folder, "runs", "me.json"), '{"version": 1, "root"');
  expect(readRunRecord(folder, "me")).toBeUndefined();
});

describe("locks of the engine", () => {
  const backend = () => ({ url: `file://${folder}`, folder, own: true });
  const said: string[] = [];
  const terminal = { line: (text: string) => void said.push(text) } as unknown as Terminal;
  const write = (name: string, content: string) => {
    const locks = join(folder, ".pulumi", "locks", "organization", "go-workstation", "me");
    mkdirSync(locks, { recursive: true });
    writeFileSync(join(locks, name), content);
  };

  test("of a dead process, of another program with its number, and half-written ones are removed", async () => {
    const { hostname } = await import("node:os");
    write("a.json", JSON.stringify({ pid: 2 ** 22 + 1, hostname: hostname(), username: "me" }));
    write("b.json", JSON.stringify({ pid: process.pid, hostname: hostname(), username: "me" }));
    write("c.json", '{"pid": 12');
    expect(engineLocks(backend(), "me")).toHaveLength(3);
    await clearLocks(terminal, backend(), "me", folder);
    expect(engineLocks(backend(), "me")).toEqual([]);
    expect(said).toHaveLength(3);
  });

  test("of another machine are left alone and named", async () => {
    write("a.json", JSON.stringify({ pid: 5, hostname: "elsewhere", username: "jane" }));
    await expect(clearLocks(terminal, backend(), "me", folder)).rejects.toThrow(/jane@elsewhere.*a\.json/);
    expect(engineLocks(backend(), "me")).toHaveLength(1);
  });

  test("an engine of a killed run that has no lock yet is waited for", async () => {
    const events = join(folder, "runs", "me.999999.events");
    mkdirSync(join(folder, "runs"), { recursive: true });
    const out = openSync(events, "w");
    // Stand-in for the engine: it writes where a killed run had told it to, and ends when its input does.
    const standIn = spawn("cat", [], { stdio: ["pipe", out, "ignore"] });
    await once(standIn, "spawn");
    closeSync(out);
    try {
      expect(orphanEngines(folder, "me")).toEqual([standIn.pid]);
      expect(orphanEngines(folder, "other")).toEqual([]);
      // Another command of ours that tidies up must not take away what it is found by.
      writeFileSync(join(folder, "runs", "me.999998.events"), "");
      sweepRuns(join(folder, "runs"));
      expect(readdirSync(join(folder, "runs"))).toEqual(["me.999999.events"]);
      let cleared = false;
      const waiting = clearLocks(terminal, backend(), "me", folder).then(() => {
        cleared = true;
      });
      await new Promise((resolve) => setImmediate(resolve));
      expect(cleared).toBe(false);
      standIn.stdin?.end();
      await waiting;
      expect(said.at(-1)).toBe(`Waiting for the engine of an earlier run to end (process ${standIn.pid}) ...`);
    } finally {
      standIn.kill();
    }
  });

  test("an engine whose run lives is no orphan", async () => {
    const events = join(folder, "runs", `me.${process.ppid}.events`);
    mkdirSync(join(folder, "runs"), { recursive: true });
    const out = openSync(events, "w");
    // Stand-in for the engine of a `drift` that runs beside us.
    const standIn = spawn("cat", [], { stdio: ["pipe", out, "ignore"] });
    await once(standIn, "spawn");
    closeSync(out);
    try {
      expect(orphanEngines(folder, "me")).toEqual([]);
    } finally {
      standIn.stdin?.end();
      await once(standIn, "exit");
    }
  });

  test("this process is no engine", () => {
    expect(isEngine(process.pid)).toBe(false);
    expect(isEngine(0)).toBe(false);
  });
});
