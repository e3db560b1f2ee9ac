import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { sha256 } from "../../../provider/originals.ts";
import { managedFile } from "../../../provider/resources/managed-file.ts";
import { type Scratch, scratch } from "../scratch.ts";

const none = new Set<string>();
const file = "/etc/thing.conf";
const inputs = { path: file, mode: "whole" as const, content: "ours\n" };
let machine: Scratch;

beforeEach(() => {
  machine = scratch();
  mkdirSync(machine.real("/etc"), { recursive: true });
});
afterEach(() => machine.remove());

const create = (news = inputs) => managedFile.create(machine.host, news, () => {});
const content = () => readFileSync(machine.real(file), "utf8");
const modeOf = (at = file) => (statSync(machine.real(at)).mode & 0o7777).toString(8);

describe("what stood there", () => {
  test("comes back byte for byte, with its mode", async () => {
    const bytes = Buffer.from([0, 255, 10, 13, 128]);
    machine.put(file, bytes);
    chmodSync(machine.real(file), 0o640);
    const { outputs } = await create();
    expect(content()).toBe("ours\n");
    expect(modeOf()).toBe("640");
    await managedFile.delete(machine.host, file, outputs);
    expect(readFileSync(machine.real(file)).equals(bytes)).toBe(true);
    expect(modeOf()).toBe("640");
    expect(existsSync(machine.real("/state/originals"))).toBe(true);
    expect(readdirSync(machine.real("/state/originals"))).toEqual([]);
  });

  test("is kept private", async () => {
    machine.put(file, "original");
    await create();
    const [folder = ""] = readdirSync(machine.real("/state/originals"));
    expect(folder).toBe(sha256(file));
    expect(modeOf(`/state/originals/${folder}`)).toBe("700");
    for (const name of ["content", "record.json"]) expect(modeOf(`/state/originals/${folder}/${name}`)).toBe("600");
  });

  test("is the first content, however often we write", async () => {
    machine.put(file, "original");
    const { outputs } = await create();
    const later = await managedFile.update(machine.host, file, outputs, { ...inputs, content: "ours 2" }, () => {});
    await create({ ...inputs, content: "ours 3" });
    await managedFile.delete(machine.host, file, later);
    expect(content()).toBe("original");
  });

  test("was nothing: the file goes, and the folders that we made", async () => {
    const deep = "/srv/a/b/thing.conf";
    const { outputs } = await create({ ...inputs, path: deep });
    expect(modeOf(deep)).toBe("644");
    await managedFile.delete(machine.host, deep, outputs);
    expect(existsSync(machine.real("/srv"))).toBe(false);
  });

  test("was nothing, but somebody uses our folder: the folder stays", async () => {
    const deep = "/srv/a/b/thing.conf";
    const { outputs } = await create({ ...inputs, path: deep });
    machine.put("/srv/a/theirs", "x");
    await managedFile.delete(machine.host, deep, outputs);
    expect(readdirSync(machine.real("/srv/a"))).toEqual(["theirs"]);
  });

  test("is not given back from a damaged copy", async () => {
    machine.put(file, "original");
    const { outputs } = await create();
    writeFileSync(machine.real(`/state/originals/${sha256(file)}/content`), "rotten");
    await expect(managedFile.delete(machine.host, file, outputs)).rejects.toThrow("is damaged");
    expect(content()).toBe("ours\n");
  });
});

describe("a person's edit", () => {
  test("survives delete beside the original, and is reported", async () => {
    machine.put(file, "original");
    const { outputs } = await create();
    writeFileSync(machine.real(file), "edited by hand");
    const messages: string[] = [];
    // A refresh in between made the edit's hash the state's.
    const seen = await managedFile.read(machine.host, file, outputs);
    await managedFile.delete(machine.host, file, seen?.outputs ?? outputs, (message) => messages.push(message));
    expect(content()).toBe("original");
    expect(readFileSync(machine.real(`${file}.go-workstation-kept`), "utf8")).toBe("edited by hand");
    expect(messages.join()).toContain(`${file}.go-workstation-kept`);
  });

  test("does not overwrite an edit that was kept before", async () => {
    machine.put(file, "original");
    machine.put(`${file}.go-workstation-kept`, "older edit");
    const { outputs } = await create();
    writeFileSync(machine.real(file), "edited");
    await managedFile.delete(machine.host, file, outputs);
    expect(readFileSync(machine.real(`${file}.go-workstation-kept`), "utf8")).toBe("older edit");
    expect(readFileSync(machine.real(`${file}.go-workstation-kept-2`), "utf8")).toBe("edited");
  });

  test("shows as drift of content and permissions, and its text stays out of the state", async () => {
    const { outputs } = await create({ ...inputs, permissions: "0644" } as never);
    writeFileSync(machine.real(file), "edited");
    chmodSync(machine.real(file), 0o600);
    const read = await managedFile.read(machine.host, file, outputs);
    expect(JSON.stringify(read)).not.toContain("edited");
    const news = { ...inputs, permissions: "0644" };
    const diff = await managedFile.diff(machine.host, read?.outputs ?? outputs, news, none);
    expect(diff).toEqual({ changed: ["content", "permissions"], replaces: [], deleteBeforeReplace: false });
  });
});

test("a file that is gone is read as gone; nothing changed is no change", async () => {
  const { outputs } = await create();
  const read = await managedFile.read(machine.host, file, outputs);
  expect((await managedFile.diff(machine.host, read?.outputs ?? outputs, inputs, none)).changed).toEqual([]);
  rmSync(machine.real(file));
  expect(await managedFile.read(machine.host, file, outputs)).toBeUndefined();
});

test("import answers what has to be declared", async () => {
  machine.put(file, "there\n");
  const read = await managedFile.read(machine.host, file, undefined);
  expect(read?.inputs).toEqual({ path: file, mode: "whole", content: "there\n", permissions: "0644" });
  // Never written by us: delete leaves it alone.
  await managedFile.delete(machine.host, file, read?.outputs as never);
  expect(content()).toBe("there\n");
});

test("another path is another file", async () => {
  const { outputs } = await create();
  const diff = await managedFile.diff(machine.host, outputs, { ...inputs, path: "/etc/other" }, none);
  expect(diff).toEqual({ changed: ["path"], replaces: ["path"], deleteBeforeReplace: false });
});

test.each([
  ["relative", "must be an absolute path"],
  ["/etc/../etc/x", "must be written plainly"],
  ["/etc", "a folder"],
  ["/etc/link", "a symbolic link to /etc/target"],
  ["/etc/link/under", "not a folder"],
])("the path %s is refused", async (bad, reason) => {
  machine.put("/etc/target", "x");
  symlinkSync("target", machine.real("/etc/link"));
  const { failures } = await managedFile.check(machine.host, { ...inputs, path: bad }, none);
  if (failures.length > 0) expect(failures[0]?.reason).toContain(reason);
  await expect(create({ ...inputs, path: bad })).rejects.toThrow(reason);
  expect(readFileSync(machine.real("/etc/target"), "utf8")).toBe("x");
});

test("permissions and mode are checked", async () => {
  const bad = { ...inputs, permissions: "rw-r--r--", mode: "half" } as never;
  const { failures } = await managedFile.check(machine.host, bad, none);
  expect(failures.map((failure) => failure.property)).toEqual(["mode", "permissions"]);
  const good = await managedFile.check(machine.host, { ...inputs, permissions: "600" }, none);
  expect(good.inputs.permissions).toBe("0600");
});
