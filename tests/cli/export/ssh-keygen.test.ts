/** Signatures with the real ssh-keygen and keys that are made here. */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withKey } from "../../../cli/export/key.ts";
import { checkSignature, signText } from "../../../cli/export/ssh-keygen.ts";
import { allowedLine, judgeSigner } from "../../../cli/export/trust.ts";
import { parseArmor } from "../../../domain/export/armor.ts";
import { type Payload, parseExport, renderExport, signedText } from "../../../domain/export/document.ts";

let folder: string;
const path = (...parts: string[]): string => join(folder, ...parts);
const publicKey = (name: string): string =>
  readFileSync(path(`${name}.pub`), "utf8")
    .split(" ")
    .slice(0, 2)
    .join(" ");

function makeKey(name: string, type: string, passphrase = ""): void {
  const args = ["-q", "-t", type, "-N", passphrase, "-f", path(name), "-C", "jane@thinkpad7"];
  expect(spawnSync("ssh-keygen", args).status).toBe(0);
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "gows-sign-"));
  makeKey("jane", "ed25519");
  makeKey("bob", "ecdsa");
  makeKey("rsa", "rsa");
  makeKey("locked", "ed25519", "a passphrase");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Nobody's settings of git, no agent. */
const env = (): NodeJS.ProcessEnv => ({
  PATH: process.env.PATH,
  HOME: folder,
  GIT_CONFIG_GLOBAL: path("gitconfig"),
  GIT_CONFIG_NOSYSTEM: "1",
  SSH_ASKPASS_REQUIRE: "never",
});

const payload: Payload = {
  product: "0.1.0",
  versions: { node: "24.0.0", pulumi: "3.0.0", plugins: {}, go: [], tools: {} },
  settings: { owner: "team" },
  parameters: [],
  credentials: [],
};
const signedBy = (key: string) => signText(signedText(payload), path(key), env());

function judge(text: string, lines: string[], allowUnsigned = false) {
  const root = mkdtempSync(path("root."));
  if (lines.length > 0) writeFileSync(join(root, "allowed_signers"), `${lines.join("\n")}\n`);
  const context = { root, env: { ...env(), WORKSTATION_CONFIG_DIR: path("config") } };
  return judgeSigner(context, parseExport(text, "team.json"), "team.json", allowUnsigned);
}
const line = (name: string, key: string): string => allowedLine(publicKey(key)).replace("NAME", name);

test.each(["jane", "bob", "rsa"])("a key of %s's kind signs and is found in the list", (key) => {
  const signed = signedBy(key);
  expect(signed.signer.key).toBe(publicKey(key));
  const listed = spawnSync("ssh-keygen", ["-l", "-f", path(`${key}.pub`)], { encoding: "utf8" }).stdout;
  expect(listed.split(" ")[1]).toBe(signed.signer.fingerprint);
  const text = renderExport(payload, signed);
  expect(text).not.toContain("thinkpad7");
  expect(judge(text, ["# the team", line("ada@corp.example", key)])).toMatchObject({ principal: "ada@corp.example" });
});

test("the same key gives the same bytes", () => {
  expect(renderExport(payload, signedBy("jane"))).toBe(renderExport(payload, signedBy("jane")));
});

test("a person's own list counts like the team's", () => {
  mkdirSync(path("config"), { recursive: true });
  writeFileSync(path("config", "allowed_signers"), `${line("me", "jane")}\n`);
  try {
    expect(judge(renderExport(payload, signedBy("jane")), [])).toMatchObject({ principal: "me" });
  } finally {
    rmSync(path("config"), { recursive: true });
  }
});

test.each([
  ["no list", () => []],
  ["another's key", () => [line("bob", "bob")]],
  ["a key for another purpose", () => [`jane namespaces="git" ${publicKey("jane")}`]],
  ["a key whose time is over", () => [`jane valid-before="20200101" ${publicKey("jane")}`]],
])("%s: refused with the fingerprint and the line to add; used with --allow-unsigned", (_case, lines) => {
  const signed = signedBy("jane");
  const text = renderExport(payload, signed);
  expect(() => judge(text, lines())).toThrow(signed.signer.fingerprint);
  expect(() => judge(text, lines())).toThrow(allowedLine(publicKey("jane")));
  expect(judge(text, lines(), true)).toEqual({ fingerprint: signed.signer.fingerprint });
});

test("not signed: refused, or used when that is said", () => {
  expect(() => judge(renderExport(payload), [line("jane", "jane")])).toThrow(
    "team.json is not signed: nobody says that it is what it should be. Have it exported with a key, or use it all the same with --allow-unsigned.",
  );
  expect(judge(renderExport(payload), [], true)).toBeUndefined();
});

test("a change anywhere is refused, also with --allow-unsigned", () => {
  const text = renderExport(payload, signedBy("jane"));
  const lines = [line("jane", "jane")];
  expect(judge(text, lines)).toMatchObject({ principal: "jane" });
  for (let at = 0; at < text.length; at++) {
    // Each flip of the signature's own bytes asks ssh-keygen, which takes its time: every seventh of them.
    if (at % 7 !== 0 && text.slice(0, at).includes("SSH SIGNATURE")) continue;
    const changed = text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ 1) + text.slice(at + 1);
    expect(() => judge(changed, lines, true)).toThrow(/^team\.json (is|was|has) /);
  }
});

test("content, signature and signer of different exports do not go together", () => {
  const other: Payload = { ...payload, settings: { owner: "others" } };
  const lines = [line("jane", "jane"), line("bob", "bob")];
  expect(() => judge(renderExport(other, signedBy("jane")), lines, true)).toThrow("does not fit. Get it again");
  const mixed = { signature: signedBy("jane").signature, signer: signedBy("bob").signer };
  expect(() => judge(renderExport(payload, mixed), lines, true)).toThrow("was changed after it was signed");
  const foreign = spawnSync("ssh-keygen", ["-q", "-Y", "sign", "-n", "git", "-f", path("jane")], {
    input: signedText(payload),
    encoding: "utf8",
  }).stdout;
  const { signer } = signedBy("jane");
  expect(() => judge(renderExport(payload, { signature: foreign, signer }), lines, true)).toThrow("was changed");
});

test("a key that cannot sign, and no ssh-keygen, are explained", () => {
  expect(() => signText("x", path("locked"), env())).toThrow(/locked cannot sign.*ssh-add .*--unsigned/s);
  const nothing = { ...env(), PATH: "/nowhere" };
  expect(() => signText("x", path("jane"), nothing)).toThrow(
    /ssh-keygen is not on PATH.*openssh-client`\), or pass --unsigned/,
  );
  const text = renderExport(payload, signedBy("jane"));
  const { signature, signer } = parseExport(text, "x");
  const signed = { signature: signature ?? "", signer: signer ?? { key: "", fingerprint: "" } };
  expect(() => checkSignature(signedText(payload), signed, [], "x", nothing)).toThrow(/ssh-keygen is not on PATH/);
});

test.each(["", "x", "-----BEGIN SSH SIGNATURE-----\n\n-----END SSH SIGNATURE-----\n"])("%j is no signature", (text) => {
  expect(parseArmor(text)).toBeUndefined();
});

describe("which key signs", () => {
  const chosen = async (named?: string) => {
    const question = { home: path("home"), root: folder, env: env(), ...(named === undefined ? {} : { named }) };
    return await withKey(question, (file) =>
      file.startsWith(folder) ? file.slice(folder.length + 1) : readFileSync(file, "utf8"),
    );
  };
  beforeEach(() => {
    rmSync(path("home"), { recursive: true, force: true });
    rmSync(path("gitconfig"), { force: true });
    mkdirSync(path("home", ".ssh"), { recursive: true });
  });
  const git = (key: string, format = "ssh"): void =>
    writeFileSync(path("gitconfig"), `[gpg]\n\tformat = ${format}\n[user]\n\tsigningkey = ${key}\n`);

  test("the one that is named, else git's, else the usual ones in their order", async () => {
    await expect(chosen()).rejects.toThrow("There is no SSH key to sign with (looked for ~/.ssh/id_ed25519");
    copyFileSync(path("rsa"), path("home", ".ssh", "id_rsa"));
    expect(await chosen()).toBe("home/.ssh/id_rsa");
    copyFileSync(path("jane.pub"), path("home", ".ssh", "id_ed25519.pub"));
    expect(await chosen()).toBe("home/.ssh/id_ed25519.pub");
    git(path("bob"));
    expect(await chosen()).toBe("bob");
    git("~/.ssh/id_rsa");
    expect(await chosen()).toBe("home/.ssh/id_rsa");
    git("0xABCDEF", "openpgp");
    expect(await chosen()).toBe("home/.ssh/id_ed25519.pub");
    expect(await chosen(path("jane"))).toBe("jane");
  });

  test("git may hold the public key itself", async () => {
    git(`"key::${publicKey("jane")}"`);
    expect(await chosen()).toBe(`${publicKey("jane")}\n`);
    expect(existsSync(path("key.pub"))).toBe(false);
  });

  test("a key that is not there is named", async () => {
    git("~/.ssh/nothing");
    await expect(chosen()).rejects.toThrow("git's user.signingkey names ~/.ssh/nothing, and there is no such file");
    await expect(chosen("/nowhere/key")).rejects.toThrow("--key /nowhere/key: there is no such file");
  });
});
