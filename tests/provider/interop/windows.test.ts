/** The provider against the stand-ins of tests/standins/windows: what it makes of a Windows that behaves or does not. */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { BEGIN, END } from "../../../domain/windows/answer.ts";
import { clockFacts } from "../../../provider/facts/clock.ts";
import { noWindows, windowsFacts } from "../../../provider/facts/windows.ts";
import type { Host } from "../../../provider/host.ts";
import { machineHost } from "../../../provider/host.ts";
import { CLOCK_QUESTION, encodeCommand, QUESTION } from "../../../provider/interop/question.ts";
import { runWindows } from "../../../provider/interop/run.ts";
import { wslDistributions, wslInfoVersion, wslNetworkingMode, wslVersions } from "../../../provider/interop/wsl.ts";
import {
  type AnswerWish,
  certificates,
  rootEntry,
  type StandInWindows,
  standInWindows,
  userProxy,
} from "../../standins/windows/answers.ts";
import { type Scratch, scratch } from "../scratch.ts";

let windows: StandInWindows;
let machine: Scratch;
afterEach(() => {
  windows.remove();
  machine.remove();
});

/** A new host each time, as each run has: what a host was told once it does not ask again. */
const hostWith = (env: Record<string, string> = {}): Host =>
  machineHost({ root: machine.root, user: machine.host.user, env: { ...machine.host.env, ...windows.env, ...env } });

function meet(wish: AnswerWish = {}, without: string[] = []): void {
  windows = standInWindows(wish, without);
  machine = scratch();
}
const insideWsl = () => machine.put("/proc/sys/kernel/osrelease", "5.15.167.4-microsoft-standard-WSL2\n");
const log = () => {
  try {
    return readFileSync(path.join(machine.root, "log"), "utf8").trim().split("\n");
  } catch {
    return [];
  }
};
const logged = () => ({ STANDIN_WINDOWS_LOG: path.join(machine.root, "log") });

describe("one question", () => {
  test.each(["usual", "crlf", "noise", "utf16"])("%s: everything is understood", async (behaviour) => {
    const [pem = ""] = await certificates([{ name: "Firma Ü" }]);
    meet({ roots: [rootEntry(pem)], proxy: userProxy("proxy:8080", "*.corp;<local>"), policy: { AllowWSL1: "0" } });
    machine.put("/proc/self/mounts", "C:\\134 /win/c 9p rw,aname=drvfs;path=C:\\134 0 0\n");
    const found = await windowsFacts(hostWith({ STANDIN_WINDOWS: behaviour }));
    expect(found).toMatchObject({
      reachable: true,
      error: "",
      build: 22631,
      profile: "/win/c/Users/Ada",
      timezone: "China Standard Time",
      proxy: { http: "http://proxy:8080", https: "http://proxy:8080", bypass: "*.corp;<local>", pac: "" },
      policy: { AllowWSL1: "0" },
    });
    expect(found.roots.map(({ subject, serverAuth }) => [subject, serverAuth])).toEqual([
      ["O=Stand-in, CN=Firma Ü", true],
    ]);
  });

  test("the stand-ins answer by themselves too, without a test that tells them what", async () => {
    meet();
    const found = await windowsFacts(hostWith({ STANDIN_WINDOWS_ANSWER: "" }));
    expect(found.roots.map(({ subject, serverAuth, disallowed }) => [subject, serverAuth, disallowed])).toEqual([
      ["O=Stand-in, CN=Stand-in Root", true, false],
      ["O=Stand-in, CN=Clients only", false, false],
      ["O=Stand-in, CN=Expired", true, false],
      ["O=Stand-in, CN=Distrusted", true, true],
    ]);
  });

  test("is asked once a host, whoever wants to know", async () => {
    meet();
    const host = hostWith(logged());
    await Promise.all([windowsFacts(host), windowsFacts(host)]);
    await windowsFacts(host);
    expect(log()).toEqual(["powershell.exe whole"]);
  });

  test("says the same thing twice in the same bytes", async () => {
    meet();
    const [one, two] = [await windowsFacts(hostWith()), await windowsFacts(hostWith())];
    expect(JSON.stringify(one)).toBe(JSON.stringify(two));
  });

  test("fits into a Windows command line, and says who begins and ends the answer", () => {
    for (const script of [QUESTION, CLOCK_QUESTION]) {
      expect(encodeCommand(script).length).toBeLessThan(30_000);
      expect(Buffer.from(encodeCommand(script), "base64").toString("utf16le")).toBe(script);
      expect(script).toContain(BEGIN);
      expect(script).toContain(END);
      expect(script).not.toMatch(/Set-|New-Item|Remove-|ExecutionPolicy|Invoke-Expression/i);
    }
  });
});

describe("no answer", () => {
  test.each([
    ["exit1", /failed \(exit 1\): Zugriff auf den Pfad wurde verweigert\.$/],
    ["truncated", /in the middle of its answer/],
    ["empty", /without an answer; it printed nothing/],
    ["constrained", /ConstrainedLanguage; ask its administrator/],
  ])("%s: the reason, in one sentence", async (behaviour, reason) => {
    meet();
    expect(await windowsFacts(hostWith({ STANDIN_WINDOWS: behaviour }))).toEqual(
      noWindows(expect.stringMatching(reason) as never),
    );
  });

  test("hangs: ended when its time is up", async () => {
    meet();
    const host = hostWith({ STANDIN_WINDOWS: "hang" });
    await expect(runWindows(host, "powershell.exe", ["-Command", "[DateTime]::UtcNow"], 300)).rejects.toThrow(
      "powershell.exe did not end within",
    );
  });

  test("not there: nothing on plain Linux, the reason in WSL", async () => {
    meet({}, ["powershell.exe"]);
    expect(await windowsFacts(hostWith())).toEqual(noWindows());
    insideWsl();
    const { reachable, error } = await windowsFacts(hostWith());
    expect([reachable, error]).toEqual([false, expect.stringMatching(/not on PATH.*appendWindowsPath=true/)]);
  });

  test("what it said last time still counts, and says since when", async () => {
    meet({ timezone: "Tokyo Standard Time" });
    const first = await windowsFacts(hostWith());
    const failing = await windowsFacts(hostWith({ STANDIN_WINDOWS: "exit1" }));
    expect(failing).toEqual({
      ...first,
      error: expect.stringContaining("exit 1"),
      asOf: new Date().toISOString().slice(0, 10),
    });
    windows.answer({ timezone: "UTC" });
    expect(await windowsFacts(hostWith())).toMatchObject({ timezone: "UTC", error: "" });
    expect(await windowsFacts(hostWith({ STANDIN_WINDOWS: "empty" }))).toMatchObject({ timezone: "UTC" });
  });

  test("a last answer that is damaged is none", async () => {
    meet();
    machine.put("/state/windows.json", '{"day":"2026-');
    expect(await windowsFacts(hostWith({ STANDIN_WINDOWS: "exit1" }))).toMatchObject({ reachable: false });
  });
});

describe("the clock", () => {
  test.each(["3600", "-3600"])("against Windows, %s s ahead", async (seconds) => {
    meet();
    const { offsetSeconds, source } = await clockFacts(hostWith({ STANDIN_WINDOWS_SECONDS: seconds }));
    expect(source).toBe("windows");
    // The stand-in tells whole seconds; starting it takes its time.
    expect(Math.abs(offsetSeconds + Number(seconds))).toBeLessThan(20);
  });

  test("against the hardware clock where Windows does not answer or is not there", async () => {
    meet();
    machine.put("/sys/class/rtc/rtc0/since_epoch", `${Math.floor(Date.now() / 1000) - 500}\n`);
    for (const env of [{ STANDIN_WINDOWS: "exit1" }, { PATH: "/nowhere" }]) {
      const { offsetSeconds, source } = await clockFacts(hostWith(env));
      expect(source).toBe("rtc");
      expect(Math.abs(offsetSeconds - 500)).toBeLessThan(20);
    }
  });

  test("against nothing", async () => {
    meet();
    machine.put("/sys/class/rtc/rtc0/since_epoch", "\n");
    expect(await clockFacts(hostWith({ PATH: "/nowhere" }))).toEqual({ offsetSeconds: 0, source: "" });
  });
});

describe("wsl.exe and wslinfo", () => {
  test.each(["english", "german", "chinese"])("%s", async (language) => {
    meet();
    const host = hostWith({ STANDIN_WINDOWS_LANGUAGE: language, ...logged() });
    expect(await wslVersions(host)).toMatchObject({ wsl: "2.3.26.0", windows: "10.0.22631.4602" });
    expect(await wslDistributions(host)).toEqual([
      expect.objectContaining({ name: "Ubuntu-24.04", isDefault: true, running: true, version: 2 }),
      expect.objectContaining({ name: "docker-desktop", isDefault: false, running: false, version: 2 }),
      expect.objectContaining({ name: "Debian", isDefault: false, running: false, version: 1 }),
    ]);
    expect(log().sort()).toEqual(["wsl.exe --list --running --quiet", "wsl.exe --list --verbose", "wsl.exe --version"]);
  });

  test("too old, or not there: not known", async () => {
    meet();
    expect(await wslVersions(hostWith({ STANDIN_WINDOWS_LANGUAGE: "inbox" }))).toBeUndefined();
    const nowhere = hostWith({ PATH: "/nowhere" });
    expect(await wslVersions(nowhere)).toBeUndefined();
    expect(await wslDistributions(nowhere)).toBeUndefined();
    expect(await wslNetworkingMode(nowhere)).toBeUndefined();
  });

  test("wslinfo, and one that does not know the question", async () => {
    meet();
    expect(await wslNetworkingMode(hostWith({ STANDIN_WSL_NETWORKING: "mirrored" }))).toBe("mirrored");
    expect(await wslInfoVersion(hostWith())).toBe("2.3.26.0");
    writeFileSync(
      path.join(windows.bin, "wslinfo"),
      "#!/bin/sh\n# Stand-in: an old wslinfo.\necho usage >&2\nexit 1\n",
    );
    expect(await wslInfoVersion(hostWith())).toBeUndefined();
  });
});
