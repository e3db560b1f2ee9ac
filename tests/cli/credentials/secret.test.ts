import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { readSecret, type SecretInput } from "../../../cli/credentials/ask.ts";
import { checkKey, checkSecret, kindOf } from "../../../cli/credentials/secret.ts";

const SECRET = "hunter2";

/** A terminal that types these keys, and remembers what it was told. */
function standinTerminal(...keys: string[]): {
  input: SecretInput;
  modes: boolean[];
  shown: string[];
  write: (text: string) => void;
} {
  const modes: boolean[] = [];
  const shown: string[] = [];
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: (raw: boolean) => modes.push(raw) });
  const write = (text: string): void => {
    shown.push(text);
    const next = text === "\n" ? undefined : keys.shift();
    if (next !== undefined) setImmediate(() => input.write(next));
  };
  return { input, modes, shown, write };
}

test("a person types it twice, hidden; the terminal is as before", async () => {
  const { input, modes, shown, write } = standinTerminal("hunterx\u007f2\r", "junk\u0015hunter2\n");
  expect(await readSecret(input, write, "Password")).toBe(SECRET);
  expect(modes).toEqual([true, false, true, false]);
  expect(shown.join("")).toBe("Password: \nOnce more: \n");
});

test.each([
  [["hunter2\r", "hunter3\r"], /not the same/],
  [["\r"], /is empty/],
  [["\u0004"], /is empty/],
  [["hun\u0003"], /Interrupted/],
])("typed as %j it is refused without being repeated", async (keys, message) => {
  const { input, modes, write } = standinTerminal(...keys);
  await expect(readSecret(input, write, "Password")).rejects.toThrow(message);
  expect(modes.at(-1)).toBe(false);
});

test("a pipe is read to its end, and an endless one is refused", async () => {
  const pipe = new PassThrough();
  const text = readSecret(pipe, () => {}, "Password");
  pipe.write("hunt");
  pipe.end("er2\n");
  expect(await text).toBe("hunter2\n");
  const flood = new PassThrough();
  const refused = readSecret(flood, () => {}, "Password");
  flood.write("x".repeat(70_000));
  await expect(refused).rejects.toThrow(/more than 65536/);
});

test.each([
  ["hunter2", SECRET],
  ["hunter2\n", SECRET],
  ["hunter2\r\n", SECRET],
  ["with space inside\n", "with space inside"],
  ["pä$$w\"ör'd", "pä$$w\"ör'd"],
])("a password %j", (text, expected) => expect(checkSecret(text, "stdin")).toBe(expected));

test.each([
  ["", /is empty/],
  ["\n", /is empty/],
  ["hunter2\nhunter2\n", /has 2 lines/],
  [" hunter2", /space/],
  ["hunter2\u0007", /cannot be typed/],
])("%j is refused without being repeated", (text, message) => {
  expect(() => checkSecret(text, "stdin")).toThrow(message);
  expect(() => checkSecret(text, "stdin")).not.toThrow(/hunter2/);
});

describe("ssh keys made by ssh-keygen", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "gows-keys-"));
    const make = (name: string, ...args: string[]) =>
      execFileSync("ssh-keygen", ["-q", "-f", join(folder, name), "-C", "test", ...args]);
    make("plain", "-t", "ed25519", "-N", "");
    make("locked", "-t", "ed25519", "-N", "passphrase");
    make("pem", "-t", "ecdsa", "-m", "PEM", "-N", "");
    make("pemlocked", "-t", "ecdsa", "-m", "PEM", "-N", "passphrase");
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const text = (name: string): string => readFileSync(join(folder, name), "utf8");

  test("plain ones, with any line ends, by file or over stdin", () => {
    for (const name of ["plain", "pem"]) {
      expect(checkKey(text(name), "f")).toBe(text(name).trim());
      expect(checkSecret(text(name).replaceAll("\n", "\r\n"), "f")).toBe(text(name).trim());
      expect(kindOf(checkKey(text(name), "f"))).toBe("ssh key");
    }
    expect(kindOf("token")).toBe("password");
  });

  test.each([
    ["locked", /protected by a passphrase/],
    ["pemlocked", /protected by a passphrase/],
    ["plain.pub", /is a public key/],
  ])("%s", (name, message) => expect(() => checkKey(text(name), "f")).toThrow(message));

  test("half a key, a key of PuTTY, something else", () => {
    expect(() => checkKey(text("plain").slice(0, 100), "f")).toThrow(/not a private SSH key/);
    expect(() => checkKey("PuTTY-User-Key-File-3: ssh-ed25519\n", "f")).toThrow(/puttygen/);
    expect(() => checkKey("hunter2", "f")).toThrow(/not a private SSH key/);
  });
});
