import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Context } from "../../../cli/context.ts";
import { engineEnvironment } from "../../../cli/engine/environment.ts";
import { engineHome, findBackend, stateStep } from "../../../cli/setup/state.ts";

let home: string;
let stateDir: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "gows-state-"));
  stateDir = join(home, "state");
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const login = (folder: string, current: string) => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "credentials.json"), JSON.stringify({ current }));
};
const context = (env: NodeJS.ProcessEnv = {}) =>
  ({ env: { PULUMI_HOME: join(home, "none"), ...env }, stateDir }) as unknown as Context;

test("the engine's home is one's own only when one is logged in there", () => {
  expect(engineHome({}, home)).toBe(join(home, ".local/share/go-workstation/pulumi"));
  expect(engineHome({ XDG_DATA_HOME: "/data" }, home)).toBe("/data/go-workstation/pulumi");
  expect(engineHome({ PULUMI_HOME: "/set" }, home)).toBe("/set");
  mkdirSync(join(home, ".pulumi"));
  expect(engineHome({}, home)).toBe(join(home, ".local/share/go-workstation/pulumi"));
  login(join(home, ".pulumi"), "https://api.example.com");
  expect(engineHome({}, home)).toBe(join(home, ".pulumi"));
});

test("a backend that one is logged in to is used as it is", () => {
  login(join(home, ".pulumi"), "https://api.example.com");
  expect(findBackend({}, stateDir, home)).toEqual({ url: "https://api.example.com", own: false });
  expect(findBackend({ PULUMI_BACKEND_URL: "s3://bucket" }, stateDir, home)).toEqual({
    url: "s3://bucket",
    own: false,
  });
  const file = findBackend({ PULUMI_BACKEND_URL: "file:///elsewhere", PULUMI_CONFIG_PASSPHRASE: "" }, stateDir, home);
  expect(file).toEqual({ url: "file:///elsewhere", folder: "/elsewhere", own: false });
});

test("set-up makes a folder for oneself alone and a passphrase that is never text in the environment", async () => {
  const step = stateStep(context());
  expect(await step.check()).toBeUndefined();
  expect(existsSync(stateDir)).toBe(false);
  const backend = await step.run(() => {});
  expect(statSync(stateDir).mode & 0o777).toBe(0o700);
  const file = join(stateDir, "passphrase");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const passphrase = readFileSync(file, "utf8").trim();
  expect(passphrase.length).toBeGreaterThanOrEqual(43);
  expect(await step.check()).toEqual(backend);
  await step.run(() => {});
  expect(readFileSync(file, "utf8").trim()).toBe(passphrase);
  const env = engineEnvironment({ env: { PATH: "/usr/bin" } }, { backend, binDir: "/engine", stack: "me" });
  expect(JSON.stringify(env)).not.toContain(passphrase);
  expect(env).toMatchObject({ PULUMI_CONFIG_PASSPHRASE_FILE: file, PULUMI_STACK: "me" });
  expect(env.PATH?.split(":").slice(1)).toEqual(["/engine", "/usr/bin"]);
});

test("a state folder that others can read is refused", async () => {
  const step = stateStep(context());
  await step.run(() => {});
  chmodSync(stateDir, 0o755);
  await expect(step.check()).rejects.toThrow(`chmod 700 ${stateDir}`);
});
