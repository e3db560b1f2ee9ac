import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { athensLayout } from "../../../cli/bundle/athens.ts";
import { wantedOf } from "../../../cli/bundle/go-sums.ts";

test("whole versions are written as Athens names them; the rest is told", () => {
  const folder = mkdtempSync(join(tmpdir(), "gows-athens-"));
  try {
    const write = (name: string): void => {
      const path = join(folder, "proxy", name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, name);
    };
    for (const end of ["mod", "zip", "info", "ziphash"]) {
      write(`github.com/!azure/sdk/@v/v1.0.0-!r!c1.${end}`);
      write(`github.com/!azure/sdk/v2/@v/v2.0.0+incompatible.${end}`);
    }
    write("example.com/only/@v/v1.0.0.mod");
    write("example.com/only/@v/v1.0.0.info");
    write("example.com/only/@v/list");
    write("sumdb/sum.golang.org/lookup/x@v1.0.0");
    const target = join(folder, "modules");
    const result = { written: 2, passedOver: ["example.com/only@v1.0.0"] };
    expect(athensLayout(join(folder, "proxy"), target)).toEqual(result);
    const version = join(target, "github.com/Azure/sdk/v1.0.0-RC1");
    expect(readFileSync(join(version, "source.zip"), "utf8")).toBe("github.com/!azure/sdk/@v/v1.0.0-!r!c1.zip");
    expect(existsSync(join(version, "go.mod"))).toBe(true);
    expect(existsSync(join(version, "v1.0.0-RC1.info"))).toBe(true);
    expect(existsSync(join(target, "github.com/Azure/sdk/v2/v2.0.0+incompatible/source.zip"))).toBe(true);
    expect(existsSync(join(target, "sumdb"))).toBe(false);
    expect(athensLayout(join(folder, "proxy"), target)).toEqual(result);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("lines of go.sum become versions, each once and sorted", () => {
  const sum = (module: string, kind: "zip" | "mod", hash: string) => ({
    module,
    version: "v1.0.0",
    kind,
    hash,
    line: 1,
  });
  const sums = [sum("b.example", "zip", "h1:b="), sum("b.example", "mod", "h1:bm="), sum("a.example", "mod", "h1:am=")];
  expect(wantedOf([...sums, ...sums])).toEqual([
    { module: "a.example", version: "v1.0.0", goMod: "h1:am=" },
    { module: "b.example", version: "v1.0.0", zip: "h1:b=", goMod: "h1:bm=" },
  ]);
});
