import { readFileSync } from "node:fs";
import { join } from "node:path";
import { announcesSecret, isHarmless, namesSecret, secretSpans } from "../../../domain/export/secrets.ts";

test.each([
  ..."PASSWORD DB_PASSWORD PGPASSWORD clientSecret apiKey API_KEY GITHUB_TOKEN githubtoken MYSQL_PWD secret_1 TOKEN_OLD DBPASS ENCRYPTION_KEY SSHKEY client-key-data".split(
    " ",
  ),
  ..."_authToken auth privateKey signing.key passphrase AWS_SECRET_ACCESS_KEY cookie credentials".split(" "),
])("%s names a secret", (name) => {
  expect(namesSecret(name)).toBe(true);
});

test.each([
  ..."PATH GOPROXY keyboard KEY monkey TOKEN_FILE PASSWORD_PATH SECRET_NAME accessKeyId token_ttl author tokenUrl".split(
    " ",
  ),
  ..."AUTH_URL passes keyId cookies_dir knownHosts sshAgent defaultUser bypass sortKey".split(" "),
])("%s does not", (name) => {
  expect(namesSecret(name)).toBe(false);
});

test("no key of the settings is one, except the group that never leaves", () => {
  const schema = JSON.parse(readFileSync(join(__dirname, "../../../config/stack.schema.json"), "utf8")) as unknown;
  const names = new Set<string>();
  const walk = (value: unknown, inProperties: boolean): void => {
    if (typeof value !== "object" || value === null) return;
    for (const [key, item] of Object.entries(value)) {
      if (inProperties) names.add(key.replace(/^.*:/, ""));
      walk(item, key === "properties" && !inProperties);
    }
  };
  walk(schema, false);
  expect(names.size).toBeGreaterThan(60);
  expect([...names].filter(namesSecret)).toEqual(["credentials"]);
});

const found = (text: string): string[] => secretSpans(text).map(({ start, end }) => text.slice(start, end));

test.each([
  ["https://jane:pw1234@host/x,direct", ["jane:pw1234"]],
  ["https://tok_abc@host/x", ["tok_abc"]],
  ["https://jane:p@ss@host/x", ["jane:p@ss"]],
  ["https://jane:pa/ss@host", ["jane:pa/ss"]],
  ["ssh://git:pw@host", ["pw"]],
  ["root:hunter22@tcp(127.0.0.1:3306)/db", ["root:hunter22"]],
  ["a=1 token=abc;x=2", ["abc"]],
  ["password = correct horse battery", ["correct horse battery"]],
  ["x\nexport API_KEY='a b'\ny", ["a b"]],
  ['{"password": "a, b", "user": "c"}', ["a, b"]],
  ["//registry.example/:_authToken=abc", ["abc"]],
  ["run --password abc --verbose", ["abc"]],
  ["machine git.example\n login jane\n password abc", ["abc"]],
  ["Authorization: Bearer abc.def", ["abc.def"]],
  ["curl -H 'Bearer abcdef1234'", ["abcdef1234"]],
  ["a:\n  password: |\n    one\n\n    two\n  user: x", ["one\n\n    two"]],
  ["password:\n  abc\nnext: x", ["abc"]],
  ["password=\nnext=x", []],
  ["db.example:5432:shop:jane:abc", ["abc"]],
  ["https://hooks.slack.com/services/T0/B0/abc", ["T0/B0/abc"]],
  ["curl -u jane:abc https://h.example", ["jane:abc"]],
  ["sshpass -p abc ssh h", ["abc"]],
  ["jane:$apr1$abcdefgh$abcdefghijk", ["$apr1$abcdefgh$abcdefghijk"]],
  ["client-key-data: LS0tLS1CRUdJTiBSU0EgUFJJ", ["LS0tLS1CRUdJTiBSU0EgUFJJ"]],
  ["x LS0tLS1CRUdJTiBSU0EgUFJJ", ["LS0tLS1CRUdJTiBSU0EgUFJJ"]],
  ["-ldflags=-X=main.apiKey=abc", ["abc"]],
  ["Server=h;User=sa;Pwd=abc;x=1", ["abc"]],
  ["<password>abc</password>", ["abc"]],
  ["https://h/x?access_token=abc&y=1", ["abc"]],
  [`glpat-${"x".repeat(20)} and AKIA${"A".repeat(16)}`, [`glpat-${"x".repeat(20)}`, `AKIA${"A".repeat(16)}`]],
  ["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_", ["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_"]],
  [
    "a\n-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\nb",
    ["-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----"],
  ],
  ["-----BEGIN RSA PRIVATE KEY-----\nAAAA\nBBBB", ["-----BEGIN RSA PRIVATE KEY-----\nAAAA\nBBBB"]],
])("%j has %j", (text, secrets) => {
  expect(found(text)).toEqual(secrets);
});

test.each([
  "https://proxy.example:8080/mod@v1.2.3,direct",
  "ssh://git@git.example/x",
  "git@git.example:team/x.git",
  "golang:1.22@sha256:0123",
  `password: $DB_PASSWORD`,
  "token_file = /run/secrets/token",
  "password = /run/secrets/password",
  "use token = true",
  "ca: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0t",
  "127.0.0.1:8080:80 ::1 a:b:c",
  "basic information, bearer of news",
  "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
  "git.example ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKCqc9JgWblsbNVEVvCNz6eH",
  "ada <ada@corp.example>",
])("%j has none", (text) => {
  expect(found(text)).toEqual([]);
});

test("flags announce, and what only names a place is harmless", () => {
  expect([announcesSecret("--token"), announcesSecret("--tags"), announcesSecret("token")]).toEqual([
    true,
    false,
    false,
  ]);
  expect([isHarmless("/etc/x/token"), isHarmless("/k3j/aGVsbG8"), isHarmless("abc")]).toEqual([true, false, false]);
});
