/** The check `gosum` on real files. */
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { goSumCheck } from "../../../cli/doctor/gosum.ts";
import type { Patient } from "../../../cli/doctor/patient.ts";
import { keepGoSums } from "../../../cli/gosum/store.ts";
import { parseSettings } from "../../../config/load.ts";
import { h1, line } from "../../domain/gosum/sums.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "gows-doctor-gosum-"));
  mkdirSync(join(root, "shop"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const write = (text: string): void => writeFileSync(join(root, "shop", "go.sum"), text);
const stateDir = (): string => join(root, "state");
const keep = async (text: string): Promise<void> => {
  const project = join(root, "shop");
  await keepGoSums(stateDir(), [{ project, file: join(project, "go.sum"), text }], new Date("2026-11-01T00:00:00Z"));
};
const settings = parseSettings({ projects: [{ path: "shop" }] });
const look = (more: Partial<Patient> = {}) =>
  goSumCheck.look({ settings, root, stateDir: stateDir(), ...more } as Patient);

test("settings that cannot be read are another check's", async () => {
  expect(await look({ settings: "wrong" })).toMatchObject({ status: "skip" });
});

test("no go.sum, one that is kept, and one that is not yet", async () => {
  expect(await look()).toMatchObject({ status: "pass", found: "no project has a go.sum" });
  write(line("x.y/m", "v1.0.0"));
  expect(await look()).toMatchObject({ status: "warn", found: expect.stringContaining("not kept yet") });
  await keep(line("x.y/m", "v1.0.0"));
  expect(await look()).toMatchObject({ status: "pass", found: "1 files of the projects, 1 hashes kept" });
});

test("a hash that changed fails, with both hashes", async () => {
  await keep(line("x.y/m", "v1.0.0", "first"));
  write(line("x.y/m", "v1.0.0", "second"));
  const { status, found } = await look();
  expect(status).toBe("fail");
  for (const part of ["x.y/m@v1.0.0", h1("first"), h1("second"), "2026-11-01"]) expect(found).toContain(part);
});

test("a damaged archive and lines that are no sums are warnings", async () => {
  write(`${line("x.y/m", "v1.0.0")}=======\n`);
  await keep(line("x.y/m", "v1.0.0"));
  truncateSync(join(stateDir(), "gosum", "index.json"), 5);
  const { status, found } = await look();
  expect(status).toBe("warn");
  expect(found).toContain("index was damaged");
  expect(found).toContain("go.sum:2: is a mark of a merge");
});
