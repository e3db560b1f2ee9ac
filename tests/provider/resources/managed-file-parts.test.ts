/** `ManagedFile` where only keys or blocks are ours. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import {
  type ManagedFileInputs,
  type ManagedFileOutputs,
  managedFile,
} from "../../../provider/resources/managed-file.ts";
import { type Scratch, scratch } from "../scratch.ts";

const none = new Set<string>();
const conf = "/etc/wsl.conf";
let machine: Scratch;
let messages: string[];
const report = (message: string) => {
  messages.push(message);
};

beforeEach(() => {
  machine = scratch();
  messages = [];
  mkdirSync(machine.real("/etc"), { recursive: true });
});
afterEach(() => machine.remove());

const ini = (values: ManagedFileInputs["values"], more: Partial<ManagedFileInputs> = {}): ManagedFileInputs => ({
  path: conf,
  mode: "ini",
  ...(values === undefined ? {} : { values }),
  ...more,
});
const systemd = ini({ boot: { systemd: true } });
const up = async (news: ManagedFileInputs, olds?: ManagedFileOutputs) =>
  olds === undefined
    ? (await managedFile.create(machine.host, news, report)).outputs
    : await managedFile.update(machine.host, news.path, olds, news, report);
const destroy = (outputs: ManagedFileOutputs) => managedFile.delete(machine.host, outputs.path, outputs, report);
const text = (file = conf) => readFileSync(machine.real(file), "utf8");
const edit = (change: (text: string) => string, file = conf) => writeFileSync(machine.real(file), change(text(file)));
const drift = async (news: ManagedFileInputs, outputs: ManagedFileOutputs) => {
  const read = await managedFile.read(machine.host, news.path, outputs);
  if (read === undefined) return "missing";
  const { changed, details } = await managedFile.diff(machine.host, read.outputs, news, none);
  return changed.flatMap((name) => details?.[name] ?? [name]);
};

describe("what stood there", () => {
  const original = "# mine\r\n[boot]\r\nsystemd = false ; hm\r\n\r\n[user]\r\ndefault=me";

  test("comes back byte for byte, owner and mode stay all the time", async () => {
    machine.put(conf, original, 0o640);
    const outputs = await up(ini({ boot: { systemd: true }, network: { hostname: "box" } }));
    expect(text()).toContain("systemd = true");
    expect(outputs.permissions).toBe("0640");
    await destroy(outputs);
    expect(text()).toBe(original);
    expect(readdirSync(machine.real("/state/originals"))).toEqual([]);
    expect(messages).toEqual([]);
  });

  test("was nothing: the file goes, and the folders that we made", async () => {
    const outputs = await up({ ...systemd, path: "/srv/a/wsl.conf" });
    expect(text("/srv/a/wsl.conf")).toBe("[boot]\nsystemd=true\n");
    await destroy(outputs);
    expect(existsSync(machine.real("/srv"))).toBe(false);
  });

  test("is told apart from what a person added: only our keys go", async () => {
    machine.put(conf, original);
    const outputs = await up(ini({ boot: { systemd: true }, network: { hostname: "box" } }));
    edit((now) => `${now.replace("# mine", "# mine too")}\r\n[interop]\r\nenabled=false\r\n`);
    expect(await drift(ini({ boot: { systemd: true }, network: { hostname: "box" } }), outputs)).toEqual([]);
    await destroy(outputs);
    expect(text()).toBe(`${original.replace("# mine", "# mine too")}\r\n[interop]\r\nenabled=false\r\n`);
    expect(messages.join()).toContain("only our keys were taken out");
  });

  test("a key that a person changed is left, and told", async () => {
    machine.put(conf, "[boot]\nsystemd=false\n");
    const outputs = await up(ini({ boot: { systemd: true, command: "x" } }));
    edit((now) => now.replace("command=x", "command=theirs"));
    await destroy(outputs);
    expect(text()).toBe("[boot]\nsystemd=false\ncommand=theirs\n");
    expect(messages.join()).toContain("boot.command was changed by hand");
  });

  test("comes back when the file was emptied or removed", async () => {
    for (const spoil of [() => writeFileSync(machine.real(conf), ""), () => rmSync(machine.real(conf))]) {
      machine.put(conf, original);
      const outputs = await up(systemd);
      spoil();
      await destroy(outputs);
      expect(text()).toBe(original);
    }
  });

  test("is built on again when the file was removed and is made anew", async () => {
    machine.put(conf, original, 0o640);
    const first = await up(systemd);
    const whole = text();
    rmSync(machine.real(conf));
    expect(await up(systemd, first)).toEqual(first);
    expect(text()).toBe(whole);
    await destroy(first);
    expect(text()).toBe(original);
  });

  test("a key that is no longer wanted gets back its value, the others stay ours", async () => {
    machine.put(conf, original);
    const first = await up(ini({ boot: { systemd: true }, network: { hostname: "box" } }));
    const second = await up(ini({ network: { hostname: "box" } }), first);
    expect(text()).toBe(`${original}\r\n\r\n[network]\r\nhostname=box`);
    const third = await up(systemd, second);
    await destroy(third);
    expect(text()).toBe(original);
  });

  test("nothing is written when all is as wanted", async () => {
    machine.put(conf, "[boot]\nsystemd=true\n");
    chmodSync(machine.real("/etc"), 0o755);
    const before = readdirSync(machine.real("/etc"), { withFileTypes: true }).length;
    const { ino } = await import("node:fs").then((fs) => fs.statSync(machine.real(conf)));
    const outputs = await up(systemd);
    expect((await import("node:fs")).statSync(machine.real(conf)).ino).toBe(ino);
    expect(readdirSync(machine.real("/etc"))).toHaveLength(before);
    await destroy(outputs);
    expect(text()).toBe("[boot]\nsystemd=true\n");
  });

  test("permissions of ours are taken back, those of a person stay", async () => {
    machine.put(conf, "a=1\n", 0o600);
    const news = { ...systemd, permissions: "0644" };
    await destroy(await up(news));
    expect((await machine.host.files.stat(conf))?.mode).toBe(0o600);
    const outputs = await up(news);
    chmodSync(machine.real(conf), 0o666);
    await destroy(outputs);
    expect((await machine.host.files.stat(conf))?.mode).toBe(0o666);
  });

  test("UTF-16 stays UTF-16", async () => {
    const bytes = Buffer.from("\uFEFF[wsl2]\r\nmemory=4GB\r\n", "utf16le");
    machine.put("/mnt/c/.wslconfig", bytes);
    const outputs = await up({ path: "/mnt/c/.wslconfig", mode: "ini", values: { wsl2: { memory: "8GB" } } });
    expect(readFileSync(machine.real("/mnt/c/.wslconfig"), "utf16le")).toBe("\uFEFF[wsl2]\r\nmemory=8GB\r\n");
    await destroy(outputs);
    expect(readFileSync(machine.real("/mnt/c/.wslconfig")).equals(bytes)).toBe(true);
  });
});

describe("JSON", () => {
  const file = "/etc/docker/daemon.json";
  const news: ManagedFileInputs = { path: file, mode: "json", values: { "log-opts": { "max-size": "10m" } } };

  test("a broken file is refused untouched, with its line", async () => {
    machine.put(file, '{\n  "a": 1,\n');
    await expect(up(news)).rejects.toThrow(`cannot change ${file}: line`);
    expect(text(file)).toBe('{\n  "a": 1,\n');
    expect(existsSync(machine.real("/state"))).toBe(false);
  });

  test("a file that was broken by hand is drift; destroy keeps it beside the original", async () => {
    machine.put(file, '{ "a": 1 }\n');
    const outputs = await up(news);
    writeFileSync(machine.real(file), "{ broken");
    expect(await drift(news, outputs)).toEqual(["values.log-opts.max-size"]);
    await destroy(outputs);
    expect(text(file)).toBe('{ "a": 1 }\n');
    expect(text(`${file}.go-workstation-kept`)).toBe("{ broken");
  });

  test("from json to jsonc is the same resource, from json to whole another one", async () => {
    machine.put(file, "{}");
    const outputs = await up(news);
    const jsonc = await managedFile.diff(machine.host, outputs, { ...news, mode: "jsonc" }, none);
    expect(jsonc).toMatchObject({ changed: ["mode"], replaces: [] });
    const whole = await managedFile.diff(machine.host, outputs, { path: file, mode: "whole", content: "" }, none);
    expect(whole).toMatchObject({ replaces: ["mode"], deleteBeforeReplace: true });
  });
});

describe("several resources", () => {
  const other = ini({ network: { hostname: "box" } });

  test.each([[[0, 1]], [[1, 0]]])("share a file and go in the order %j", async (order) => {
    machine.put(conf, "[boot]\ncommand=x\n");
    const outputs = await Promise.all([up(systemd), up(other)]);
    expect(text()).toContain("systemd=true");
    expect(text()).toContain("hostname=box");
    for (const index of order) {
      const one = outputs[index];
      if (one !== undefined) await destroy(one);
    }
    expect(text()).toBe("[boot]\ncommand=x\n");
    expect(readdirSync(machine.real("/state/originals"))).toEqual([]);
  });

  test("cannot have it in two modes", async () => {
    await up(systemd);
    await expect(up({ path: conf, mode: "whole", content: "" })).rejects.toThrow("managed already in mode ini");
    await expect(up({ path: conf, mode: "json", values: { a: 1 } })).rejects.toThrow("managed already in mode ini");
  });

  test("with blocks of their own", async () => {
    const profile = "/home/me/.profile";
    machine.put(profile, "umask 022\n");
    const block = (name: string) => ({
      path: profile,
      mode: "block" as const,
      content: `${name}=1`,
      block: name,
      comment: "#",
    });
    const a = await up(block("a"));
    const b = await up(block("b"));
    await destroy(a);
    expect(text(profile)).toContain("b=1");
    await destroy(b);
    expect(text(profile)).toBe("umask 022\n");
  });
});

describe("drift", () => {
  test("names the key, and nothing that is not ours", async () => {
    const news = ini({ boot: { systemd: true }, wsl2: { memory: "8GB" } });
    const outputs = await up(news);
    edit((now) => `${now.replace("8GB", "16GB")}foreign=secret-of-theirs\n`);
    const read = await managedFile.read(machine.host, conf, outputs);
    expect(JSON.stringify(read)).not.toContain("secret-of-theirs");
    expect(await drift(news, outputs)).toEqual(["values.wsl2.memory"]);
    rmSync(machine.real(conf));
    expect(await drift(news, outputs)).toBe("missing");
  });

  test("is none for a number that is spelled as text in the file", async () => {
    const news = ini({ wsl2: { processors: 4 } });
    expect(await drift(news, await up(news))).toEqual([]);
  });

  test("of a block: its text and its place", async () => {
    const news: ManagedFileInputs = { path: conf, mode: "block", content: "a\nb", comment: "#", block: "settings" };
    const outputs = await up(news);
    expect(await drift(news, outputs)).toEqual([]);
    edit((now) => now.replace("a\n", "c\n"));
    expect(await drift(news, outputs)).toEqual(["content"]);
  });

  test("of values that only the engine can decrypt is told by hashes", async () => {
    const news = ini({ user: { token: "very-secret" } });
    const { values: _v, sha256: _h, ...seen } = await up(news);
    const look = () =>
      managedFile.driftSealed?.(machine.host, conf, seen, { path: conf, mode: "ini" }, new Set(["values"]));
    expect(await look()).toMatchObject({ changed: [] });
    edit((now) => now.replace("very-secret", "other"));
    expect(await look()).toMatchObject({ changed: ["values"] });
    rmSync(machine.real(conf));
    expect(await look()).toBeUndefined();
    const record = readdirSync(machine.real("/state/originals"))[0] ?? "";
    expect(readFileSync(machine.real(`/state/originals/${record}/record.json`), "utf8")).not.toContain("very-secret");
  });
});

describe("a symbolic link", () => {
  const link = "/home/me/.wslconfig";
  const news: ManagedFileInputs = { path: link, mode: "ini", values: { wsl2: { memory: "8GB" } }, symlink: "follow" };
  const at = (target: string) => {
    mkdirSync(machine.real("/home/me"), { recursive: true });
    rmSync(machine.real(link), { force: true });
    symlinkSync(target, machine.real(link));
  };

  test("that is followed stays, and its target is given back", async () => {
    machine.put("/home/me/dotfiles/wslconfig", "# mine\n", 0o600);
    at("dotfiles/wslconfig");
    const outputs = await up(news);
    expect(outputs.target).toBe("/home/me/dotfiles/wslconfig");
    expect(text("/home/me/dotfiles/wslconfig")).toBe("# mine\n\n[wsl2]\nmemory=8GB\n");
    expect((await machine.host.files.stat(link))?.kind).toBe("link");
    expect(await drift(news, outputs)).toEqual([]);
    await destroy(outputs);
    expect(text("/home/me/dotfiles/wslconfig")).toBe("# mine\n");
  });

  test("that leads elsewhere now: the former target gets back what it had", async () => {
    machine.put("/a", "# a\n");
    machine.put("/b", "# b\n");
    at("/a");
    const outputs = await up(news);
    at("/b");
    expect(await drift(news, outputs)).toEqual(["values.wsl2.memory"]);
    const later = await up(news, outputs);
    expect([text("/a"), text("/b")]).toEqual(["# a\n", "# b\n\n[wsl2]\nmemory=8GB\n"]);
    await destroy(later);
    expect(text("/b")).toBe("# b\n");
  });

  test("in a circle, to nothing or to a folder is an error", async () => {
    at(link);
    await expect(up(news)).rejects.toThrow("leads in a circle");
    at("/nowhere");
    await expect(up(news)).rejects.toThrow("which is not there");
    at("/home");
    await expect(up(news)).rejects.toThrow("a folder");
    expect((await managedFile.check(machine.host, news, none)).failures).toHaveLength(1);
  });

  test("is refused unless told otherwise", async () => {
    machine.put("/a", "# a\n");
    at("/a");
    await expect(up({ ...news, symlink: "refuse" })).rejects.toThrow('set symlink to "follow"');
  });
});

describe("import", () => {
  test.each([
    ["ini:/etc/x", "[a]\nb=1\n", { mode: "ini", values: { a: { b: "1" } } }],
    ["json:/etc/x", '{"a": {"b": [1]}, "c": {}}', { mode: "json", values: { a: { b: [1] } } }],
    ["jsonc:/etc/x", '{"a": 1, // x\n}', { mode: "jsonc", values: { a: 1 } }],
    [
      "block:go:/etc/x",
      "# >>> go-workstation go >>>\nx\n# <<< go-workstation go <<<\n",
      { mode: "block", block: "go", content: "x\n" },
    ],
  ])("%s", async (id, content, inputs) => {
    machine.put("/etc/x", content);
    const read = await managedFile.read(machine.host, id, undefined);
    expect(read).toMatchObject({ id: "/etc/x", inputs: { path: "/etc/x", ...inputs } });
    const news = read?.inputs as ManagedFileInputs;
    const checked = await managedFile.check(machine.host, news, none);
    expect(checked.failures).toEqual([]);
    expect((await managedFile.diff(machine.host, read?.outputs as never, checked.inputs, none)).changed).toEqual([]);
    // Never written by us: delete leaves it alone.
    await destroy(read?.outputs as never);
    expect(text("/etc/x")).toBe(content);
  });

  test("of another kind of id is refused", async () => {
    await expect(managedFile.read(machine.host, "yaml:/etc/x", undefined)).rejects.toThrow("is not understood");
  });
});

test.each<[string, Partial<ManagedFileInputs>, string]>([
  ["whole with values", { mode: "whole", content: "", values: { a: 1 } }, "values"],
  ["ini with content", { mode: "ini", values: { a: { b: 1 } }, content: "" }, "content"],
  ["ini without values", { mode: "ini" }, "values"],
  ["ini with a bare key", { mode: "ini", values: { a: 1 } }, "values.a"],
  ["ini with a list", { mode: "ini", values: { a: { b: [1] } } }, "values.a.b"],
  ["ini with a comment in a value", { mode: "ini", values: { a: { b: "1 # 2" } } }, "values.a.b"],
  ["ini with a key twice", { mode: "ini", values: { a: { b: 1 }, A: { B: 2 } } }, "values.A.B"],
  ["no key at all", { mode: "ini", values: { a: {} } }, "values"],
  ["json with an empty object", { mode: "json", values: { a: 1, "b.c": { d: {} } } }, 'values["b.c"].d'],
  ["a block without content", { mode: "block" }, "content"],
  ["a block with a mark in it", { mode: "block", content: "# <<< go-workstation x <<<" }, "content"],
  ["a block's comment with a letter", { mode: "block", content: "", comment: "REM" }, "comment"],
  ["a block's name with a space", { mode: "block", content: "", block: "a b" }, "block"],
  ["a comment without a block", { mode: "ini", values: { a: { b: 1 } }, comment: "#" }, "comment"],
  ["another way with links", { mode: "whole", content: "", symlink: "replace" as never }, "symlink"],
])("%s is refused", async (_name, bad, property) => {
  const { failures } = await managedFile.check(machine.host, { path: conf, ...bad }, none);
  expect(failures.map((failure) => failure.property)).toEqual([property]);
});
