/** The real commands, in a checkout of their own, for two people. */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { allowedLine } from "../../../cli/export/trust.ts";
import { parseSettings, readStackFile } from "../../../config/load.ts";
import { absolutePath } from "../../../domain/plan.ts";
import { copyCheckout } from "../checkout.ts";

const repository = join(__dirname, "../../..");
let folder: string;
let checkout: string;
const at = (...parts: string[]): string => join(folder, ...parts);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "gows-export-"));
  checkout = at("checkout");
  copyCheckout(checkout);
  for (const person of ["janedoe", "bob"]) mkdirSync(at(person, ".ssh"), { recursive: true });
  const key = at("janedoe", ".ssh", "id_ed25519");
  expect(spawnSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key, "-C", "janedoe@x"]).status).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function workstation(person: string, ...args: string[]) {
  const { PULUMI_STACK: _stack, ...rest } = process.env;
  const env: NodeJS.ProcessEnv = {
    ...rest,
    HOME: at(person),
    USER: person,
    SUDO_USER: person,
    XDG_CONFIG_HOME: at(person, ".config"),
    WORKSTATION_STATE_DIR: at(person, "state"),
    GIT_CONFIG_NOSYSTEM: "1",
    SSH_AUTH_SOCK: "",
    NO_COLOR: "1",
  };
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(checkout, "cli/main.ts"), ...args], {
    cwd: folder,
    env,
    encoding: "utf8",
    input: "",
  });
  return { status, stdout, stderr };
}

const stackPath = (stack: string): string => join(checkout, `Pulumi.${stack}.yaml`);
const writeStack = (stack: string, text: string): void => writeFileSync(stackPath(stack), text);
const settingsOf = (stack: string, person: string) => {
  const { raw, source } = readStackFile(stackPath(stack));
  const { projects, credentials: _credentials, ...rest } = parseSettings(raw, source);
  const place = { root: checkout, home: at(person) };
  return { ...rest, projects: projects.map((project) => ({ ...project, path: absolutePath(project.path, place) })) };
};

const full = (): string => `# mine
config:
  go-workstation:owner: ${hostname()} janedoe
  go-workstation:go: { versions: [1.22.6], env: { GOPROXY: "https://janedoe:CANARY1x@proxy.example,direct" } }
  go-workstation:goProxy: { mode: local, private: [{ host: git.corp.example, protocol: ssh, knownHosts: "git.corp.example ssh-ed25519 AAAA" }] }
  go-workstation:credentials:
    git.corp.example: { secure: "v1:CANARY2x:abc" }
  go-workstation:projects:
    - path: ${checkout}/examples/hello
    - { path: ${at("janedoe")}/src/shop, env: { API_TOKEN: CANARY3x, NOTE: 'a \${b} $' } }
    - { path: /data/teams/pay, ports: [{ container: 80, host: 8080 }] }
encryptionsalt: v1:CANARY4x
`;
const ANSWERS = [
  "--set",
  "path.pay=/data/teams/pay",
  "--set",
  "secret.API_TOKEN=CANARY3x",
  "--set",
  "secret.GOPROXY=janedoe:CANARY1x",
];

describe("a full stack file", () => {
  beforeAll(() => {
    writeStack("jane", full());
    expect(workstation("janedoe", "export", "--stack", "jane", "--out", at("team.json")).status).toBe(0);
  });

  test("the export has nothing of the person, the machine and the secrets, and is the same again", () => {
    const text = readFileSync(at("team.json"), "utf8");
    expect(text).not.toContain("CANARY");
    expect(text).not.toContain("janedoe");
    expect(text).not.toContain(folder);
    expect(text).not.toContain(`${hostname()} `);
    const { status, stdout } = workstation("janedoe", "export", "--stack", "jane", "--out", at("again.json"), "--json");
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      file: at("again.json"),
      signer: expect.stringMatching(/^SHA256:/),
      credentials: ["git.corp.example"],
    });
    expect(readFileSync(at("again.json"), "utf8")).toBe(text);
  });

  test("who does not know the signer refuses; who allows the key gets the same settings", () => {
    const refused = workstation("bob", "import", at("team.json"), "--stack", "bob", ...ANSWERS);
    expect([refused.status, refused.stdout, existsSync(stackPath("bob"))]).toEqual([1, "", false]);
    const key = readFileSync(at("janedoe", ".ssh", "id_ed25519.pub"), "utf8")
      .split(" ")
      .slice(0, 2)
      .join(" ");
    const line = allowedLine(key);
    expect(refused.stderr).toContain(line);

    mkdirSync(at("bob", ".config", "go-workstation"), { recursive: true });
    writeFileSync(at("bob", ".config", "go-workstation", "allowed_signers"), `${line.replace("NAME", "jane@corp")}\n`);
    const own = ["--set", `home=${at("janedoe")}`, "--set", "user=janedoe"];
    const taken = workstation("bob", "import", at("team.json"), "--stack", "bob", ...ANSWERS, ...own);
    expect(taken.status).toBe(0);
    expect(taken.stdout).toContain("signed by jane@corp (SHA256:");
    expect(taken.stdout).toContain(
      "./workstation credential set git.corp.example --stack bob\n  ./workstation up --stack bob\n",
    );
    expect(taken.stderr).toContain("! --set secret.API_TOKEN: everybody on this machine could see");
    expect(statSync(stackPath("bob")).mode & 0o777).toBe(0o600);
    // Its credential comes later; the rest is the same.
    writeStack(
      "bob2",
      readFileSync(stackPath("bob"), "utf8").replace(
        "config:\n",
        'config:\n  go-workstation:credentials: { git.corp.example: { secure: "x" } }\n',
      ),
    );
    const [before, after] = [settingsOf("jane", "janedoe"), settingsOf("bob2", "bob")];
    expect(after).toEqual(before);
  });

  test("another person's values are filled in without a question", () => {
    const { status } = workstation(
      "bob",
      "import",
      at("team.json"),
      "--stack",
      "bob3",
      ...ANSWERS.slice(0, 2),
      "--set",
      "secret.GOPROXY=",
      "--set",
      "secret.API_TOKEN=",
    );
    expect(status).toBe(0);
    const { raw } = readStackFile(stackPath("bob3"));
    expect(raw).toMatchObject({
      owner: `${hostname()} bob`,
      go: { env: { GOPROXY: "https://proxy.example,direct" } },
      projects: [
        { path: "examples/hello" },
        { path: `${at("bob")}/src/shop`, env: { NOTE: "a ${b} $" } },
        { path: "/data/teams/pay", name: "pay" },
      ],
    });
    expect(JSON.stringify(raw)).not.toContain("API_TOKEN");
  });

  test("values that nobody gave are named, all of them", () => {
    const { status, stderr } = workstation("bob", "import", at("team.json"), "--stack", "bob4");
    expect([status, existsSync(stackPath("bob4"))]).toEqual([1, false]);
    expect(stderr).toMatch(
      /--set path\.pay=VALUE[\s\S]*--set-file secret\.API_TOKEN=FILE[\s\S]*--set-file secret\.GOPROXY=FILE/,
    );
    expect(stderr).not.toContain("--set home");
  });

  test("a stack file that says something else stays, except with --yes, which keeps it aside with its secrets", () => {
    const old =
      'config:\n  go-workstation:owner: me\n  go-workstation:credentials: { git.corp.example: { secure: "v1:mine" } }\nencryptionsalt: v1:salt\n';
    writeStack("old", old);
    const answers = [...ANSWERS, "--stack", "old"];
    const refused = workstation("bob", "import", at("team.json"), ...answers);
    expect([refused.status, readFileSync(stackPath("old"), "utf8")]).toEqual([1, old]);
    expect(refused.stderr).toContain("Pulumi.old.yaml is there already and says something else; nothing was written.");

    const forced = workstation("bob", "import", at("team.json"), ...answers, "--yes", "--json");
    expect(forced.status).toBe(0);
    expect(JSON.parse(forced.stdout)).toMatchObject({
      written: true,
      credentials: [],
      next: ["./workstation up --stack old"],
    });
    expect(readFileSync(`${stackPath("old")}.before-import`, "utf8")).toBe(old);
    expect(readFileSync(stackPath("old"), "utf8")).toMatch(/secure: v1:mine\n[\s\S]*encryptionsalt: v1:salt\n$/);

    const written = readFileSync(stackPath("old"), "utf8");
    const again = workstation("bob", "import", at("team.json"), ...answers);
    expect([again.status, readFileSync(stackPath("old"), "utf8")]).toEqual([0, written]);
    expect(again.stdout).toContain("says the same already; nothing was written");
  });

  test.each([
    [
      "changed",
      (text: string) => text.replace("git.corp.example", "git.evil.example"),
      "was changed after it was made",
    ],
    [
      "newer",
      (text: string) => text.replace('"version": 1', '"version": 2'),
      "has version 2, and this checkout reads up to 1",
    ],
    ["cut", (text: string) => text.slice(0, 300), "does not parse as JSON"],
    ["another thing", () => "{}", "is no export of settings"],
  ])("%s: refused, whatever is allowed, and nothing is written", (name, change, message) => {
    const file = at(`${name}.json`);
    writeFileSync(file, change(readFileSync(at("team.json"), "utf8")));
    const { status, stdout, stderr } = workstation(
      "bob",
      "import",
      file,
      "--stack",
      "bad",
      "--allow-unsigned",
      "--yes",
      ...ANSWERS,
    );
    expect([status, stdout, existsSync(stackPath("bad"))]).toEqual([1, "", false]);
    expect(stderr).toContain(message);
  });
});

test("unsigned: only by --unsigned, and taken only with --allow-unsigned", () => {
  writeStack("plain", "config:\n  go-workstation:go: { versions: [1.22.6] }\n");
  const keyless = workstation("bob", "export", "--stack", "plain", "--out", at("plain.json"));
  expect([keyless.status, existsSync(at("plain.json"))]).toEqual([1, false]);
  expect(keyless.stderr).toContain("There is no SSH key to sign with");
  expect(workstation("bob", "export", "--stack", "plain", "--out", at("plain.json"), "--unsigned").status).toBe(0);
  expect(workstation("bob", "import", at("plain.json"), "--stack", "taken").stderr).toContain(
    "plain.json is not signed",
  );
  const { status, stderr } = workstation("bob", "import", at("plain.json"), "--stack", "taken", "--allow-unsigned");
  expect([status, stderr]).toEqual([0, "! not signed: used because of --allow-unsigned.\n"]);
});

test("the team's own files come through as they are", () => {
  for (const name of ["dev", "compliance"]) {
    writeStack(`of-${name}`, readFileSync(join(repository, `Pulumi.${name}.yaml`), "utf8"));
    const out = at(`${name}.json`);
    expect(workstation("bob", "export", "--stack", `of-${name}`, "--out", out, "--unsigned").status).toBe(0);
    expect(workstation("bob", "import", out, "--stack", `new-${name}`, "--allow-unsigned").status).toBe(0);
    expect(readStackFile(stackPath(`new-${name}`)).raw).toEqual(readStackFile(stackPath(`of-${name}`)).raw);
  }
});

test("versions that are others here are told", () => {
  writeStack("vv", "config:\n  go-workstation:owner: team\n");
  expect(workstation("bob", "export", "--stack", "vv", "--out", at("v.json"), "--unsigned").status).toBe(0);
  const package_ = join(checkout, "package.json");
  const text = readFileSync(package_, "utf8");
  writeFileSync(package_, text.replace('"version": "0.1.0"', '"version": "0.2.0"'));
  try {
    const { status, stderr } = workstation(
      "bob",
      "import",
      at("v.json"),
      "--stack",
      "v2",
      "--allow-unsigned",
      "--json",
    );
    expect(status).toBe(0);
    expect(stderr).toContain("! go-workstation: 0.1.0 in the export, 0.2.0 here");
  } finally {
    writeFileSync(package_, text);
  }
});

test.each([
  [["export", "--stack", "vv"], "--out FILE"],
  [["export", "--stack", "vv", "--out", "no/such/x"], "its folder is missing"],
  [["export", "--stack", "nobody", "--out", "x.json"], "Pulumi.nobody.yaml is not there yet"],
  [["export", "--stack", "vv", "--out", "note.txt", "--unsigned"], "is there already and is no export"],
  [["export", "--stack", "vv", "--out", "x.json", "--unsigned", "--key", "k"], "contradict each other"],
  [["export", "--stack", "broken", "--out", "x.json", "--unsigned"], "go-workstation:owner"],
  [["import", "absent.json"], "absent.json cannot be read"],
  [["import", "v.json", "--allow-unsigned", "--set", "nothing=1"], "the export has no such parameter. It has: none"],
  [["import", "v.json", "--allow-unsigned", "--set", "nothing"], "--set: must be NAME=VALUE"],
  [["import", "v.json", "--allow-unsigned", "--stack", "dev"], "team's default"],
])("%j: 1, with one message", (args, message) => {
  writeFileSync(at("note.txt"), "mine\n");
  chmodSync(at("note.txt"), 0o644);
  writeStack("broken", "config:\n  go-workstation:owner: [1]\n");
  const { status, stdout, stderr } = workstation("bob", ...args);
  expect([status, stdout]).toEqual([1, ""]);
  expect(stderr).toContain(message);
  expect(stderr).not.toContain("    at ");
  expect(readFileSync(at("note.txt"), "utf8")).toBe("mine\n");
});
