import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { engineKey, seal, unseal } from "../../../cli/credentials/seal.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gows-seal-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const fileIn = (args: string[]): string => args[args.indexOf("--config-file") + 1] ?? "";

test("dots and colons of a host are no levels for the engine", () => {
  expect(engineKey("git.corp.example:22")).toBe('go-workstation:credentials["git.corp.example:22"]');
});

test("the secret goes over stdin alone; the person's file is not the engine's to write; nothing is left", async () => {
  const seen: { args: string[]; input: string | undefined; file: string }[] = [];
  const standinEngine = {
    command: async (args: string[], input?: string) => {
      seen.push({ args, input, file: readFileSync(fileIn(args), "utf8") });
      const answer = 'encryptionsalt: v1:salt\nconfig: {"go-workstation:credentials": {git.x: {secure: "v1:ct"}}}\n';
      writeFileSync(fileIn(args), answer);
      return "";
    },
  };
  const sealed = await seal(standinEngine, folder, { encryptionsalt: "v1:salt" }, "git.x", "hunter2");
  expect(sealed).toEqual({ ciphertext: "v1:ct", keys: { encryptionsalt: "v1:salt" } });
  const [{ args, input, file } = { args: [], input: "", file: "" }] = seen;
  expect(args.slice(0, 6)).toEqual(["config", "set", "--secret", "--path", engineKey("git.x"), "--config-file"]);
  expect([input, args.join(" ").includes("hunter2"), file]).toEqual([
    "hunter2",
    false,
    "encryptionsalt: v1:salt\nconfig: {}\n",
  ]);
  expect(readdirSync(folder)).toEqual([]);
});

test.each([
  ["in the clear", 'config: {"go-workstation:credentials": {git.x: hunter2}}\n'],
  ["nothing", "config: {}\n"],
])("an engine that writes %s is not believed, and nothing is left", async (_, answer) => {
  const standinEngine = {
    command: async (args: string[]) => {
      writeFileSync(fileIn(args), answer);
      return "";
    },
  };
  const work = seal(standinEngine, folder, {}, "git.x", "hunter2");
  await expect(work).rejects.not.toThrow(/hunter2/);
  await expect(work).rejects.toThrow(/in the clear|did not encrypt/);
  expect(readdirSync(folder)).toEqual([]);
});

test("secrets come back by host", async () => {
  const told = JSON.stringify({ value: JSON.stringify({ "git.x": "a", s3: "b" }), secret: true });
  const standinEngine = { command: async () => told };
  const all = await unseal(standinEngine, folder, {}, { "git.x": { secure: "v1:a" }, s3: { secure: "v1:b" } });
  expect(all).toEqual({ "git.x": "a", s3: "b" });
  expect(readdirSync(folder)).toEqual([]);
});
