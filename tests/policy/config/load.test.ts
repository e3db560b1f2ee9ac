import { Ajv2020 } from "ajv/dist/2020.js";
import { parse } from "yaml";
import { PolicyConfigError, parsePolicyConfig } from "../../../policy/config/load.ts";
import { configJsonSchema } from "../../../policy/config/schema.ts";
import { workstationRules } from "../../../policy/rules/index.ts";

const load = (text: string) => parsePolicyConfig(text, "policy.config.yaml");

const example = `# yaml-language-server: $schema=policy/config/schema.json
undecided: advisory
rules:
  container-health: advisory
  container-memory:
    level: mandatory
    options:
      maxMemory: 8192
  container-ports:
    options: { addresses: ["127.0.0.1", "172.20.0.1"] }
exemptions:
  - rule: container-user
    resource: legacy-*
    owner: ada@example.com
    reason: its image has no other user yet
    until: 2026-12-31
`;

const validates = new Ajv2020({ strict: false, formats: { date: true } }).compile(
  JSON.parse(configJsonSchema(workstationRules())) as object,
);

test("levels, options and exemptions", () => {
  expect(load(example)).toEqual({
    undecided: "advisory",
    rules: {
      "container-health": { level: "advisory" },
      "container-memory": { level: "mandatory", options: { maxMemory: 8192 } },
      "container-ports": { options: { addresses: ["127.0.0.1", "172.20.0.1"] } },
    },
    exemptions: [
      {
        rule: "container-user",
        resource: "legacy-*",
        owner: "ada@example.com",
        reason: "its image has no other user yet",
        until: "2026-12-31",
      },
    ],
  });
  expect(validates(parse(example))).toBe(true);
});

test("a file of nothing is no configuration", () => {
  for (const text of ["", "# nothing yet\n", "rules: {}\n"]) expect(load(text).exemptions).toBeUndefined();
});

const exempt = (change: string): string => example.replace("until: 2026-12-31", change);

// The last says whether an editor can tell it from the JSON Schema too.
test.each<[string, string, string, boolean]>([
  [
    "rulez: {}",
    'policy.config.yaml:1: rulez: is no known key. Did you mean "rules"? Known here: undecided, rules, exemptions.',
    "",
    false,
  ],
  [
    "rules:\n  container-usr: advisory",
    'policy.config.yaml:2: rules.container-usr: is no known rule. Did you mean "container-user"?',
    "",
    false,
  ],
  [
    "rules:\n  container-memory:\n    options:\n      maxmemry: 1",
    'policy.config.yaml:4: rules.container-memory.options.maxmemry: is no known key. Did you mean "maxMemory"? Known here: maxMemory.',
    "",
    false,
  ],
  [
    "rules:\n  container-user:\n    options: {}",
    "policy.config.yaml:3: rules.container-user.options: is no known key. Known here: level.",
    "",
    false,
  ],
  [
    "rules:\n  container-user: off",
    'policy.config.yaml:2: rules.container-user: "off" is not allowed: must be mandatory, advisory or disabled, or a group with `level` and `options`.',
    "",
    false,
  ],
  [
    "rules:\n  container-user: {level: advisry}",
    'policy.config.yaml:2: rules.container-user.level: "advisry" is not allowed: must be one of mandatory, advisory, disabled. Did you mean "advisory"?',
    "",
    false,
  ],
  [
    "rules:\n  container-memory: {options: {maxMemory: -1}}",
    "policy.config.yaml:2: rules.container-memory.options.maxMemory: -1 is not allowed: must be at least 0.",
    "",
    false,
  ],
  [
    "rules:\n  container-memory: {options: {maxMemory: much}}",
    'policy.config.yaml:2: rules.container-memory.options.maxMemory: "much" is not allowed: must be a number.',
    "",
    false,
  ],
  ["- a", 'policy.config.yaml:1: : ["a"] is not allowed: must be a group of keys.', "", false],
  [
    exempt("until: 31.12.2026"),
    'exemptions[0].until: "31.12.2026" is not allowed: must be a day such as 2026-12-31.',
    ":16:",
    false,
  ],
  [
    exempt("until: 2026-02-30"),
    'exemptions[0].until: "2026-02-30" is not allowed: must be a day such as 2026-12-31.',
    ":16:",
    false,
  ],
  [exempt("until: 2026-12-31T00:00:00Z"), "is not allowed: must be a day such as 2026-12-31.", ":16:", false],
  [exempt(""), "exemptions[0].until: is missing: must be text", ":12:", false],
  [
    example.replace("owner: ada@example.com", 'owner: " "'),
    'exemptions[0].owner: " " is not allowed: must not be empty.',
    ":14:",
    true,
  ],
  [
    example.replace("rule: container-user", "rule: container-usr"),
    'exemptions[0].rule: "container-usr" is not allowed: must be the id of a rule. Did you mean "container-user"?',
    ":12:",
    false,
  ],
  [
    example.replace("rule: container-user", "rule: policy-exemptions"),
    'exemptions[0].rule: "policy-exemptions" is not allowed: must be the id of a rule.',
    ":12:",
    false,
  ],
  [
    exempt("until: 2026-12-31\n    untill: x"),
    'exemptions[0].untill: is no known key. Did you mean "until"?',
    ":17:",
    false,
  ],
  ["rules: {a: b", "policy.config.yaml:1: is not valid YAML", "", false],
  ["undecided: advisory\nundecided: mandatory", "policy.config.yaml:2: is not valid YAML", "", false],
])("%j", (text, message, line, editorTakes) => {
  expect(() => load(text)).toThrow(PolicyConfigError);
  expect(() => load(text)).toThrow(message);
  expect(() => load(text)).toThrow(line);
  if (!message.includes("YAML")) expect(validates(parse(text))).toBe(editorTakes);
});

test("every mistake is told at once", () => {
  const text = "undecided: never\nrules: {container-usr: advisory}\nexemptions: [{}]\n";
  const said = (() => {
    try {
      load(text);
      return "";
    } catch (error) {
      return String(error);
    }
  })();
  expect(said.split("\n")).toHaveLength(7);
});
