import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { parse } from "yaml";
import { renderStackFileSchema, stackFileSchema } from "../../config/json-schema.ts";
import { renderSettingsPage } from "../../config/settings-page.ts";

const root = join(__dirname, "../..");
const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(stackFileSchema());

test("the committed files are what the schema renders: `node config/write-schema.ts` after a change", () => {
  expect(readFileSync(join(root, "config/stack.schema.json"), "utf8")).toBe(renderStackFileSchema());
  expect(readFileSync(join(root, "docs/settings.md"), "utf8")).toBe(renderSettingsPage());
});

test.each([
  ["the team's default", readFileSync(join(root, "Pulumi.dev.yaml"), "utf8")],
  ["the settings for compliance", readFileSync(join(root, "Pulumi.compliance.yaml"), "utf8")],
  ["nothing but a salt", "encryptionsalt: v1:abc\nconfig:\n"],
  [
    "other namespaces",
    "secretsprovider: passphrase\nenvironment: [team/base]\nconfig:\n  docker:host: unix:///x\n  docker:registryAuth: []\n",
  ],
  [
    "everything written",
    `config:
  go-workstation:image: { source: bootstrap, suite: trixie, packages: [jq] }
  go-workstation:go: { versions: [1.22.6, 1.26.0], tools: { gopls: v0.16.2, govulncheck: auto }, env: { GOPRIVATE: x } }
  go-workstation:container: { memory: 2GiB, cpus: 1.5, pids: 512, debug: true, sshAgent: false }
  go-workstation:projects: [{ path: a, name: aa, ports: [{ container: 1, host: 2 }], env: { A: b } }]
  go-workstation:smokeTest: { enabled: false }
`,
  ],
])("accepts %s", (_name, text) => {
  validate(parse(text));
  expect(validate.errors ?? []).toEqual([]);
});

test.each([
  ["an unknown key of ours", "config:\n  go-workstation:gone: 1\n"],
  ["an unknown nested key", "config:\n  go-workstation:container: { memry: 1GiB }\n"],
  ["a key without namespace", "config:\n  memory: 1GiB\n"],
  ["an unknown key beside config", "confg: {}\n"],
  ["a wrong type", "config:\n  go-workstation:container: { debug: 'yes' }\n"],
  ["a bad size", "config:\n  go-workstation:container: { memory: '-1' }\n"],
  ["an image by tag", "config:\n  go-workstation:image: { reference: 'golang:1.22' }\n"],
  ["an impossible port", "config:\n  go-workstation:projects: [{ path: a, ports: [{ container: 1, host: 0 }] }]\n"],
  ["a project without path", "config:\n  go-workstation:projects: [{ name: aa }]\n"],
  ["a tool that may not be off", "config:\n  go-workstation:go: { tools: { gopls: 'off' } }\n"],
])("refuses %s", (_name, text) => {
  expect(validate(parse(text))).toBe(false);
});
