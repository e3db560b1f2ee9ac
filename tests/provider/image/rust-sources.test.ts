import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rustDigest, rustSources } from "../../../provider/image/rust-sources.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "gows-rust-"));
  for (const name of ["src", "tests", "target/debug"]) await mkdir(join(folder, name), { recursive: true });
  const files = ["Cargo.toml", "Cargo.lock", "src/main.rs", "tests/all.rs", "target/debug/build.rs", "README.md"];
  for (const name of files) await writeFile(join(folder, name), name);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test("what the compiler reads, and nothing else", async () => {
  expect(await rustSources(folder)).toEqual(["Cargo.lock", "Cargo.toml", "src/main.rs"]);
});

test("an edit of a source is another program, one of a test or a page is not", async () => {
  const before = await rustDigest(folder);
  await writeFile(join(folder, "tests/all.rs"), "changed");
  await writeFile(join(folder, "README.md"), "changed");
  expect(await rustDigest(folder)).toBe(before);
  await writeFile(join(folder, "src/main.rs"), "changed");
  expect(await rustDigest(folder)).not.toBe(before);
});

test("a folder without Cargo.lock is no program", async () => {
  await rm(join(folder, "Cargo.lock"));
  await expect(rustDigest(folder)).rejects.toThrow(/no Cargo.toml with a Cargo.lock/);
});
