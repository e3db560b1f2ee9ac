/** The file of values, read by a real shell. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import {
  OURS,
  PROXY_ENV,
  renderDockerdDropIn,
  renderProxyEnv,
  renderProxyProfile,
} from "../../../domain/proxy/files.ts";
import { proxyIsOurs } from "../../../provider/facts/system.ts";

const values = { http: "http://p:1", https: "http://[fd00::1]:2", exceptions: ["*", ".corp.example", "[fd00::2]"] };
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "proxy-files-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function shell(env: NodeJS.ProcessEnv = {}, withFile = true): Record<string, string> {
  const file = path.join(folder, "proxy.env");
  if (withFile) writeFileSync(file, renderProxyEnv(values));
  const profile = path.join(folder, "profile.sh");
  writeFileSync(profile, renderProxyProfile().replaceAll(PROXY_ENV, file));
  // `*` in the values must not become the names of files here.
  const script = `set -eu; cd ${folder}; . ${profile}; env -0`;
  const printed = execFileSync("sh", ["-c", script], { env: { PATH: process.env.PATH, ...env }, encoding: "utf8" });
  return Object.fromEntries(printed.split("\0").map((line) => line.split(/=(.*)/s).slice(0, 2) as [string, string]));
}

test("a login shell exports all spellings as they are, and knows them as ours", () => {
  const found = shell();
  const direct = "localhost,127.0.0.0/8,127.0.0.1,::1,*,.corp.example,[fd00::2]";
  expect(found).toMatchObject({
    HTTP_PROXY: "http://p:1",
    https_proxy: "http://[fd00::1]:2",
    NO_PROXY: direct,
    no_proxy: direct,
  });
  expect(proxyIsOurs(found)).toBe(true);
});

test("what a person sets afterwards is the person's", () => {
  expect(proxyIsOurs({ ...shell(), HTTPS_PROXY: "http://mine:1", TERM: "xterm" })).toBe(false);
  expect(proxyIsOurs({ HTTPS_PROXY: "http://mine:1", TERM: "xterm" })).toBe(false);
});

test("no shell called us: nothing can be old", () => expect(proxyIsOurs({})).toBeUndefined());

test("without the file the profile does nothing", () => {
  expect(shell({}, false)).not.toHaveProperty("HTTP_PROXY");
  expect(shell({}, false)).not.toHaveProperty(OURS);
});

test("the daemon reads the same file, and starts without it", () => {
  expect(renderDockerdDropIn()).toContain("[Service]\nEnvironmentFile=-/etc/workstation/proxy.env\n");
});
