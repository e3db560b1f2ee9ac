import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { readBuildInfo } from "../../../provider/go/buildinfo.ts";
import { standInProgram } from "./standin.ts";

const info = { go: "1.22.6", package: "example.com/m/cmd/x", version: "v1.2.3", sum: "h1:abc=" };

test("a real program says what `go version -m` says", () => {
  const gofmt = `${execFileSync("go", ["env", "GOROOT"], { encoding: "utf8" }).trim()}/bin/gofmt`;
  const said = execFileSync("go", ["version", "-m", gofmt], { encoding: "utf8" });
  const found = readBuildInfo(readFileSync(gofmt));
  expect(found?.go).toBe(/: go(\S+)/.exec(said)?.[1]);
  expect(found?.package).toBe(/\tpath\t(\S+)/.exec(said)?.[1]);
});

test("module, version and sum of the main module, not of what it needs", () => {
  expect(readBuildInfo(standInProgram(info))).toEqual(info);
});

test("the release is told without experiments", () => {
  expect(readBuildInfo(standInProgram({ ...info, go: "1.26.8 X:nodwarf5" }))?.go).toBe("1.26.8");
});

test.each([
  ["nothing", Buffer.alloc(0)],
  ["no Go program", Buffer.from("#!/bin/sh\nexit 0\n")],
  ["a program that was cut off", standInProgram(info).subarray(0, 110)],
  ["the words of the mark at no place for it", Buffer.concat([Buffer.alloc(3), standInProgram(info)])],
])("%s says nothing", (_name, bytes) => expect(readBuildInfo(bytes)).toBeUndefined());
