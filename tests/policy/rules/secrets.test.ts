import type { Rule } from "../../../policy/rule.ts";
import { certificateAuthority } from "../../../policy/rules/authority.ts";
import { noCredentials } from "../../../policy/rules/credentials.ts";
import { secretFiles } from "../../../policy/rules/secret-files.ts";
import { plainArgs } from "../../../policy/values.ts";
import { authorities } from "../fixtures/authorities.ts";

const SECRET = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const secret = (value: unknown) => ({ ...SECRET, value });

const CONTAINER = "docker:index/container:Container";

function found(rule: Rule, type: string, args: Record<string, unknown>, config = {}): string[] {
  return rule
    .judge(type, plainArgs(args), config)
    .map(({ message, undecided }) => `${undecided ? "undecided: " : ""}${message}`);
}

const file = { path: "/p/.workstation/dev/secrets/goproxy/config.json", permissions: "0600" };

test.each<[string, Record<string, unknown>, string[]]>([
  ["as it should be", { ...file, content: secret("x") }, []],
  ["a secret that is not known yet", { ...file, content: secret(UNKNOWN) }, []],
  ["keys of which one is secret", { ...file, mode: "json", values: { a: 1, b: secret("x") } }, []],
  ["readable for the group", { ...file, content: secret("x"), permissions: "0640" }, []],
  ["another folder", { path: "/p/.workstation/dev/etc/gitconfig", content: "x" }, []],
  ["a file about secrets", { path: "/p/docs/secrets.md", content: "x" }, []],
  ["content in the clear", { ...file, content: "x" }, ["content is not a secret"]],
  ["keys in the clear", { ...file, mode: "json", values: { a: "x" } }, ["values is not a secret"]],
  ["readable for all", { ...file, content: secret("x"), permissions: "0644" }, ["permissions is 0644"]],
  ["the group may write", { ...file, content: secret("x"), permissions: "0660" }, ["permissions is 0660"]],
  ["no octal number", { ...file, content: secret("x"), permissions: "u=rw" }, ["permissions is u=rw"]],
  [
    "a netrc anywhere, with the default's permissions",
    { path: "/home/ada/.netrc", content: "x" },
    ["content is not a secret", "permissions is not set, so that everybody may read a new file"],
  ],
  [
    "content that is not known and no secret",
    { ...file, content: UNKNOWN },
    ["undecided: content is not known before the update"],
  ],
])("secret-files: %s", (_name, args, says) => {
  expect(found(secretFiles(), "workstation:index:ManagedFile", args)).toEqual(says);
});

const leaf = {
  name: "goproxy",
  dns: ["goproxy.gows-dev.internal", "localhost"],
  ips: ["127.0.0.1", "::1"],
  lifetime: "24h",
  usage: "server",
};
const authority = {
  stack: "dev",
  folder: "/p/.workstation/dev/ca",
  passphrase: secret("x"),
  leaves: [leaf],
  rootLifetime: "87600h",
  intermediateLifetime: "8760h",
};

test.each<[string, Record<string, unknown>, string[]]>([
  ["as the stack declares it", authority, []],
  ["a passphrase that is not known yet", { ...authority, passphrase: secret(UNKNOWN) }, []],
  ["kind of keys as the stack declares it", { ...authority, algorithm: "p256" }, []],
  ...authorities.pass.map((args, i): [string, Record<string, unknown>, string[]] => [
    `SM2, ${i}`,
    { ...args, passphrase: secret("x") },
    [],
  ]),
  ...authorities.fail.map(({ args, says }, i): [string, Record<string, unknown>, string[]] => [
    `SM2 for the worse, ${i}`,
    { ...args, passphrase: secret("x") },
    says,
  ]),
  [
    "a pair of P-256",
    { ...authority, leaves: [{ ...leaf, pair: true }] },
    ["goproxy is a pair, which only sm2 authorities make"],
  ],
  ["an unknown kind of keys", { ...authority, algorithm: "rsa" }, ['algorithm is "rsa"']],
  [
    "a kind of keys that is not known yet",
    { ...authority, algorithm: UNKNOWN },
    ["undecided: algorithm is not known before the update"],
  ],
  ["the longest leaf", { ...authority, leaves: [{ ...leaf, lifetime: "71h59m60s" }] }, []],
  ["a passphrase in the clear", { ...authority, passphrase: "x" }, ["passphrase is not a secret"]],
  ["a root too long", { ...authority, rootLifetime: "87601h" }, ["rootLifetime is 87601h, more than 87600h"]],
  ["no duration", { ...authority, rootLifetime: "10y" }, ['rootLifetime is "10y"']],
  ["no time at all", { ...authority, intermediateLifetime: "0h" }, ['intermediateLifetime is "0h"']],
  [
    "a leaf that is too long",
    { ...authority, leaves: [leaf, { ...leaf, name: "b", lifetime: "72h1s" }] },
    ["lifetime of b is 72h1s, more than 72h"],
  ],
  [
    "names of others",
    { ...authority, leaves: [{ ...leaf, dns: ["www.example.com", "a.gows-other.internal", "x.localhost.example"] }] },
    ["goproxy is for www.example.com", "goproxy is for a.gows-other.internal", "goproxy is for x.localhost.example"],
  ],
  [
    "a name that only ends like ours",
    { ...authority, leaves: [{ ...leaf, dns: ["evilgows-dev.internal"] }] },
    ["goproxy is for evilgows-dev.internal"],
  ],
  [
    "addresses of others",
    { ...authority, leaves: [{ ...leaf, ips: ["192.0.2.1", "127.0.0.1"] }] },
    ["goproxy is for 192.0.2.1"],
  ],
])("certificate-authority: %s", (_name, args, says) => {
  expect(found(certificateAuthority(), "workstation:index:CertificateAuthority", args)).toEqual(says);
});

test("certificate-authority: bounds can be set", () => {
  const config = { maxLeafHours: 12, maxRootHours: 8760 };
  expect(found(certificateAuthority(), "workstation:index:CertificateAuthority", authority, config)).toEqual([
    "rootLifetime is 87600h, more than 8760h",
    "lifetime of goproxy is 24h, more than 12h",
  ]);
});

test("container-credentials: a secret that everybody can read is refused whatever its name, known or not", () => {
  const args = { envs: ["A=1", secret("B=x"), secret(UNKNOWN)], command: secret(["app"]), image: secret("sha256:x") };
  expect(found(noCredentials(), CONTAINER, args)).toEqual([
    "envs[1] is a secret, and stands there for everybody to read",
    "envs[2] is a secret, and stands there for everybody to read",
    "command is a secret, and stands there for everybody to read",
    "undecided: envs[2] is not known before the update",
  ]);
});

test("container-credentials: no report has the value", () => {
  const args = { envs: ["T_TOKEN=hunter2", "U=https://a:hunter2@x"], command: ["--password", "hunter2"] };
  const says = found(noCredentials(), CONTAINER, args);
  expect(says).toHaveLength(3);
  expect(says.join()).not.toContain("hunter2");
});

test("container-credentials: names can be allowed", () => {
  const args = { envs: ["DB_PASSWORD=x", "OTHER_PASSWORD=x"] };
  expect(found(noCredentials(), CONTAINER, args, { allow: ["DB_PASSWORD"] })).toEqual([
    "envs OTHER_PASSWORD has a value",
  ]);
});

test("container-credentials: images are judged too", () => {
  const config = {
    user: "dev",
    workdir: "/",
    env: { API_TOKEN: "x" },
    entrypoint: [],
    cmd: ["a"],
    labels: { secret: "x" },
  };
  expect(found(noCredentials(), "workstation:index:LocalImage", { recipe: { config } })).toEqual([
    "recipe.config.env API_TOKEN has a value",
    "recipe.config.labels secret has a value",
  ]);
});
