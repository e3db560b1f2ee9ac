import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { timezone } from "../../../provider/resources/timezone.ts";
import { type Scratch, scratch } from "../scratch.ts";

const none = new Set<string>();
const china = { zone: "Asia/Shanghai", root: "/" };
let machine: Scratch;

beforeEach(() => {
  machine = scratch();
  for (const zone of ["Asia/Shanghai", "Europe/Berlin", "Etc/UTC"])
    machine.put(`/usr/share/zoneinfo/${zone}`, `TZif ${zone}`);
  mkdirSync(machine.real("/etc"));
});
afterEach(() => machine.remove());

const create = (news = china) => timezone.create(machine.host, news, () => {});
const update = (outputs: never, news = china) => timezone.update(machine.host, "/", outputs, news, () => {});
const link = (at = "/etc/localtime") => readlinkSync(machine.real(at));
const setBy = (target: string) => {
  rmSync(machine.real("/etc/localtime"), { force: true });
  symlinkSync(target, machine.real("/etc/localtime"));
};
const seen = async (outputs: never, news = china) => {
  const read = await timezone.read(machine.host, "/", outputs);
  return read && (await timezone.diff(machine.host, read.outputs, news, none)).changed;
};

describe("what stood there comes back", () => {
  test.each([
    ["/usr/share/zoneinfo/Etc/UTC", "Etc/UTC\n"],
    ["../usr/share/zoneinfo/Europe/Berlin", undefined],
    ["/somewhere/else", "odd, without newline"],
  ])("a link to %s", async (target, text) => {
    setBy(target);
    if (text !== undefined) machine.put("/etc/timezone", text, 0o640);
    const { id, outputs } = await create();
    expect([id, link(), readFileSync(machine.real("/etc/timezone"), "utf8")]).toEqual([
      "/",
      "/usr/share/zoneinfo/Asia/Shanghai",
      "Asia/Shanghai\n",
    ]);
    await update(outputs as never, { ...china, zone: "Europe/Berlin" });
    await timezone.delete(machine.host, "/", outputs);
    expect(link()).toBe(target);
    expect(existsSync(machine.real("/etc/timezone"))).toBe(text !== undefined);
    if (text !== undefined) {
      expect(readFileSync(machine.real("/etc/timezone"), "utf8")).toBe(text);
      expect(lstatSync(machine.real("/etc/timezone")).mode & 0o777).toBe(0o640);
    }
    expect(readdirSync(machine.real("/etc")).sort()).toEqual(
      text === undefined ? ["localtime"] : ["localtime", "timezone"],
    );
    expect(readdirSync(machine.real("/state/originals"))).toEqual([]);
  });

  test("a copy of the zone's file", async () => {
    const bytes = Buffer.from([84, 90, 105, 102, 0, 255]);
    machine.put("/etc/localtime", bytes, 0o600);
    const { outputs } = await create();
    await timezone.delete(machine.host, "/", outputs);
    expect(readFileSync(machine.real("/etc/localtime")).equals(bytes)).toBe(true);
    expect(lstatSync(machine.real("/etc/localtime")).mode & 0o777).toBe(0o600);
  });

  test("nothing: link, file and folders of ours go", async () => {
    const root = "/ws/.workstation/dev/machine";
    const { id, outputs } = await create({ zone: "Asia/Shanghai", root });
    expect(id).toBe(root);
    expect(link(`${root}/etc/localtime`)).toBe("/usr/share/zoneinfo/Asia/Shanghai");
    await timezone.delete(machine.host, root, outputs);
    expect(existsSync(machine.real("/ws"))).toBe(false);
  });
});

describe("drift", () => {
  test("none after create, and after update to another zone", async () => {
    const { outputs } = await create();
    expect(await seen(outputs as never)).toEqual([]);
    const berlin = { ...china, zone: "Europe/Berlin" };
    expect(await seen(outputs as never, berlin)).toEqual(["zone"]);
    await update(outputs as never, berlin);
    expect(await seen(outputs as never, berlin)).toEqual([]);
  });

  test.each<[string, () => void, string[] | undefined]>([
    ["another link", () => setBy("/usr/share/zoneinfo/Etc/UTC"), ["zone"]],
    ["the same by a relative link", () => setBy("../usr/share/zoneinfo/Asia/Shanghai"), []],
    [
      "a file in its place",
      () => {
        rmSync(machine.real("/etc/localtime"));
        machine.put("/etc/localtime", "TZif");
      },
      ["zone"],
    ],
    ["/etc/timezone says another", () => writeFileSync(machine.real("/etc/timezone"), "Etc/UTC\n"), ["zone"]],
    ["/etc/timezone gone", () => rmSync(machine.real("/etc/timezone")), ["zone"]],
    ["/etc/localtime gone", () => rmSync(machine.real("/etc/localtime")), undefined],
  ])("%s", async (_, change, changed) => {
    const { outputs } = await create();
    change();
    expect(await seen(outputs as never)).toEqual(changed);
    await update(outputs as never);
    expect(await seen(outputs as never)).toEqual([]);
  });
});

test("a zone that a person chose since stays on delete, and is told", async () => {
  setBy("/usr/share/zoneinfo/Etc/UTC");
  const { outputs } = await create();
  setBy("/usr/share/zoneinfo/Europe/Berlin");
  const told: string[] = [];
  await timezone.delete(machine.host, "/", outputs, (message) => told.push(message));
  expect(link()).toBe("/usr/share/zoneinfo/Europe/Berlin");
  expect(told).toEqual([expect.stringContaining("changed to Europe/Berlin")]);
  expect(readdirSync(machine.real("/state/originals"))).toEqual([]);
});

test("a delete that was stopped half-way ends the same", async () => {
  setBy("/usr/share/zoneinfo/Etc/UTC");
  const { outputs } = await create();
  // It had given the link back, not the file.
  setBy("/usr/share/zoneinfo/Etc/UTC");
  await timezone.delete(machine.host, "/", outputs);
  expect([link(), existsSync(machine.real("/etc/timezone"))]).toEqual(["/usr/share/zoneinfo/Etc/UTC", false]);
  await timezone.delete(machine.host, "/", outputs);
  expect(link()).toBe("/usr/share/zoneinfo/Etc/UTC");
});

test("another root is another time zone", async () => {
  const { outputs } = await create();
  const diff = await timezone.diff(machine.host, outputs, { ...china, root: "/other" }, none);
  expect(diff).toEqual({ changed: ["root"], replaces: ["root"], deleteBeforeReplace: false });
});

test("import by the root; delete of what was only imported leaves it alone", async () => {
  setBy("/usr/share/zoneinfo/Europe/Berlin");
  const read = await timezone.read(machine.host, "/", undefined);
  expect(read?.inputs).toEqual({ root: "/", zone: "Europe/Berlin" });
  await timezone.delete(machine.host, "/", read?.outputs as never);
  expect(link()).toBe("/usr/share/zoneinfo/Europe/Berlin");
  setBy("/odd");
  await expect(timezone.read(machine.host, "/", undefined)).rejects.toThrow("no name to import");
});

test.each<[string, object, string, RegExp]>([
  ["a zone that is not there", { zone: "Asia/Calcutta" }, "zone", /"Asia\/Calcutta".*not there.*tzdata-legacy/],
  ["a region", { zone: "Asia" }, "zone", /a region; name a zone/],
  ["a path", { zone: "../../etc/shadow" }, "zone", /must be a name of the IANA/],
  ["nothing", {}, "zone", /missing/],
  ["a relative root", { zone: "Etc/UTC", root: "x/" }, "root", /must be an absolute path/],
])("%s is refused", async (_, news, property, reason) => {
  const { failures } = await timezone.check(machine.host, news, none);
  expect(failures).toContainEqual({ property, reason: expect.stringMatching(reason) });
});

test("a system without time zones says which package has them", async () => {
  rmSync(machine.real("/usr/share/zoneinfo"), { recursive: true });
  await expect(create()).rejects.toThrow("install the package tzdata");
  expect(existsSync(machine.real("/etc/localtime"))).toBe(false);
  // Staged, it is for another machine.
  expect((await timezone.check(machine.host, { zone: "Asia/Shanghai", root: "/ws" }, none)).failures).toEqual([]);
});

test("a folder in its place is not touched", async () => {
  mkdirSync(machine.real("/etc/localtime"));
  await expect(create()).rejects.toThrow("move it away first");
});

test("unknown at preview", async () => {
  const { failures } = await timezone.check(machine.host, {}, new Set(["zone"]));
  expect(failures).toEqual([]);
  expect(await timezone.preview(machine.host, { root: "/" })).toEqual({
    root: "/",
    files: ["/etc/localtime", "/etc/timezone"],
  });
});
