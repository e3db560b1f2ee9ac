import { readFileSync } from "node:fs";
import { join } from "node:path";
import { addProject, removeProject, setGoEnv, setImageSource } from "../../config/edit.ts";
import { parseSettings, parseStackFile } from "../../config/load.ts";
import { seedStackFile } from "../../config/seed.ts";

const TEAM = readFileSync(join(__dirname, "../../Pulumi.dev.yaml"), "utf8");
const FILE = "Pulumi.x.yaml";

const parsed = (text: string) => parseSettings(parseStackFile(text, FILE).raw);

describe("addProject", () => {
  test("goes behind the last entry and leaves every other byte alone", () => {
    const before = `config:\n  # mine\n  go-workstation:projects:\n  - path:   a/hello # odd   spacing\n  # - path: later\n  go-workstation:go: {versions: [1.22.6]}\n`;
    const after = addProject(before, FILE, { path: "~/my shop", ports: [{ container: 80, host: 8080 }] });
    expect(after).toBe(
      `config:\n  # mine\n  go-workstation:projects:\n  - path:   a/hello # odd   spacing\n  - path: ~/my shop\n    ports:\n      - container: 80\n        host: 8080\n  # - path: later\n  go-workstation:go: {versions: [1.22.6]}\n`,
    );
    expect(parsed(after).projects.map(({ name }) => name)).toEqual(["hello", "my-shop"]);
  });

  test.each([
    [
      "an empty list",
      "config:\n  go-workstation:projects: []\n",
      "config:\n  go-workstation:projects:\n    - path: ab\n",
    ],
    [
      "a key without value",
      "config:\n  go-workstation:projects: # none yet\n  a:b: 1\n",
      "config:\n  go-workstation:projects: # none yet\n    - path: ab\n  a:b: 1\n",
    ],
    ["no key", "config:\n  a:b: 1\n", "config:\n  a:b: 1\n  go-workstation:projects:\n    - path: ab\n"],
    ["an empty config", "config:\n", "config:\n  go-workstation:projects:\n    - path: ab\n"],
    [
      "no config",
      "encryptionsalt: v1:x\n",
      "encryptionsalt: v1:x\nconfig:\n  go-workstation:projects:\n    - path: ab\n",
    ],
    [
      "no newline at the end",
      "config:\n  go-workstation:projects:\n    - path: cd",
      "config:\n  go-workstation:projects:\n    - path: cd\n    - path: ab\n",
    ],
    [
      "a list in brackets",
      "config:\n  go-workstation:projects: [{ path: cd }]\n",
      'config:\n  go-workstation:projects: [{ path: cd }, {"path":"ab"}]\n',
    ],
  ])("%s", (_name, before, after) => {
    expect(addProject(before, FILE, { path: "ab" })).toBe(after);
  });

  test("refuses what is no list, with what to write by hand", () => {
    expect(() => addProject("config:\n  go-workstation:projects: 5\n", FILE, { path: "ab" })).toThrow(
      'Pulumi.x.yaml: go-workstation:projects: cannot be added to as it stands; write "- path: ab" below it by hand',
    );
  });
});

describe("removeProject", () => {
  const three =
    "config:\n  go-workstation:projects:\n    # first\n    - path: aa\n      env: { A: b }\n    - path: bb # second\n    - path: cc\n  x:y: 1\n";

  test.each([
    [0, "config:\n  go-workstation:projects:\n    # first\n    - path: bb # second\n    - path: cc\n  x:y: 1\n"],
    [
      1,
      "config:\n  go-workstation:projects:\n    # first\n    - path: aa\n      env: { A: b }\n    - path: cc\n  x:y: 1\n",
    ],
    [
      2,
      "config:\n  go-workstation:projects:\n    # first\n    - path: aa\n      env: { A: b }\n    - path: bb # second\n  x:y: 1\n",
    ],
  ])("takes entry %i and nothing else", (index, after) => {
    expect(removeProject(three, FILE, index)).toBe(after);
  });

  test("the last one leaves an empty list", () => {
    expect(removeProject("config:\n  go-workstation:projects:\n    - path: aa\n", FILE, 0)).toBe(
      "config:\n  go-workstation:projects: []\n",
    );
    expect(parsed(removeProject(TEAM, FILE, 0)).projects).toEqual([]);
  });

  test("what is not there is said", () => {
    expect(() => removeProject(three, FILE, 3)).toThrow(
      "Pulumi.x.yaml: go-workstation:projects: has 3 entries, none at 3",
    );
  });

  test("undoes addProject byte for byte", () => {
    expect(removeProject(addProject(TEAM, FILE, { path: "~/shop" }), FILE, 1)).toBe(TEAM);
  });
});

describe("setImageSource", () => {
  test.each([
    ["no key", "config:\n  a:b: 1\n", "config:\n  a:b: 1\n  go-workstation:image:\n    source: bootstrap\n"],
    [
      "a value",
      "config:\n  go-workstation:image:\n    source: registry # ours\n",
      "config:\n  go-workstation:image:\n    source: bootstrap # ours\n",
    ],
    [
      "other keys",
      "config:\n  go-workstation:image:\n    suite: trixie\n",
      "config:\n  go-workstation:image:\n    source: bootstrap\n    suite: trixie\n",
    ],
    [
      "braces",
      "config:\n  go-workstation:image: { suite: trixie }\n",
      "config:\n  go-workstation:image: { source: bootstrap, suite: trixie }\n",
    ],
    [
      "empty braces",
      "config:\n  go-workstation:image: {}\n",
      "config:\n  go-workstation:image: { source: bootstrap }\n",
    ],
  ])("%s", (_name, before, after) => {
    expect(setImageSource(before, FILE, "bootstrap")).toBe(after);
    expect(parsed(after).image.source).toBe("bootstrap");
  });
});

describe("seedStackFile", () => {
  const seeded = seedStackFile(TEAM, "ada");

  test("means the same as the team's default, comments kept", () => {
    expect(parsed(seeded)).toEqual(parsed(TEAM));
    expect(seeded).toContain("# - path: ~/src/shop");
    expect(seeded.split("\n")[0]).toBe("# yaml-language-server: $schema=./config/stack.schema.json");
    expect(seeded).toContain('Your own settings of the stack "ada"');
    expect(seeded).not.toContain("The team's default. Nobody's commands");
  });

  test("takes no key material along", () => {
    expect(seedStackFile(`encryptionsalt: v1:abc\n${TEAM}`, "ada")).not.toContain("encryptionsalt");
  });
});

describe("setGoEnv", () => {
  const set = (text: string): string => setGoEnv(text, FILE, "GOPROXY", "file:///a b");
  test.each([
    [
      "no key",
      "config:\n  a:b: 1\n",
      'config:\n  a:b: 1\n  go-workstation:go:\n    env:\n      GOPROXY: "file:///a b"\n',
    ],
    [
      "a group without env",
      "config:\n  go-workstation:go:\n    versions: [1.22.6] # ours\n    # env:\n",
      'config:\n  go-workstation:go:\n    env:\n      GOPROXY: "file:///a b"\n    versions: [1.22.6] # ours\n    # env:\n',
    ],
    [
      "braces without env",
      "config:\n  go-workstation:go: {versions: [1.22.6]}\n",
      'config:\n  go-workstation:go: { env: { GOPROXY: "file:///a b" }, versions: [1.22.6]}\n',
    ],
    [
      "another variable",
      "config:\n  go-workstation:go:\n    env:\n      GOPRIVATE: x # why\n",
      'config:\n  go-workstation:go:\n    env:\n      GOPROXY: "file:///a b"\n      GOPRIVATE: x # why\n',
    ],
    [
      "another value",
      "config:\n  go-workstation:go:\n    env: { GOPROXY: https://x.example, GOPRIVATE: b } # why\n",
      'config:\n  go-workstation:go:\n    env: { GOPROXY: "file:///a b", GOPRIVATE: b } # why\n',
    ],
  ])("%s", (_name, before, after) => {
    expect(set(before)).toBe(after);
    expect(set(after)).toBe(after);
    expect(parsed(after).go.env.GOPROXY).toBe("file:///a b");
  });

  test("the team's file takes it too, and what cannot be added to is told", () => {
    expect(parsed(set(TEAM)).go).toMatchObject({ env: { GOPROXY: "file:///a b" }, versions: ["1.22.6"] });
    expect(() => set("config:\n  go-workstation:go:\n    env: [a]\n")).toThrow(/write GOPROXY: .* below it by hand/);
  });
});
