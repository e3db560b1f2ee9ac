import { parseSettings } from "../../../config/load.ts";
import { planFiles } from "../../../domain/machine/files.ts";
import { absolutePath } from "../../../domain/plan.ts";

const absolute = (path: string): string => absolutePath(path, { root: "/home/ada/ws", home: "/home/ada" });
const planned = (files: unknown[]) => planFiles(parseSettings({ files }).files, absolute);

test("paths become absolute and names stay the same whatever stands before them in the list", () => {
  const one = { path: "~/.config/app/settings.json", mode: "jsonc", values: { editor: { tabSize: 2 } } };
  const two = { path: "etc/daemon.json", mode: "json", values: { "live-restore": true } };
  const { files, problems } = planned([one, two]);
  expect(problems).toEqual([]);
  expect(files.map(({ file }) => file.path)).toEqual([
    "/home/ada/.config/app/settings.json",
    "/home/ada/ws/etc/daemon.json",
  ]);
  expect(files[1]?.name).toMatch(/^file-daemon\.json-[0-9a-f]{8}$/);
  expect(planned([two]).files[0]?.name).toBe(files[1]?.name);
});

test("two entries for one file are refused", () => {
  const { problems } = planned([
    { path: "~/a", content: "1" },
    { path: "/home/ada/a", content: "2" },
  ]);
  expect(problems).toEqual(["files[1].path: /home/ada/a is that of files[0] already; write its keys there."]);
});

test.each([
  [{ path: "/a" }, "files[0].content: is missing: mode whole wants the text here"],
  [{ path: "/a", mode: "ini" }, "files[0].values: is missing: mode ini wants the keys here"],
  [
    { path: "/a", mode: "ini", values: {}, content: "x" },
    'files[0].content: "x" is not allowed: mode ini has no text of its own',
  ],
  [
    { path: "/a", mode: "block", content: "x", values: {} },
    "files[0].values: {} is not allowed: mode block has no keys",
  ],
  [{ path: "/a", content: "x", comment: ";" }, 'files[0].comment: ";" is not allowed: belongs to mode block'],
  [{ path: "/a", content: "x", permissions: "rw" }, 'files[0].permissions: "rw" is not allowed'],
  [{ path: "/a", mode: "yaml", content: "x" }, "must be one of whole, block, ini, json, jsonc"],
])("%j is refused", (file, message) => {
  expect(() => parseSettings({ files: [file] })).toThrow(message);
});
