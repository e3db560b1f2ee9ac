import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { OWN_LIST_VARIABLES, renderTrustProfile, STORE_BUNDLES } from "../../../domain/trust/profile.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "trust-profile-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What a shell that stops at unset variables has after the script; the stores are files of the test's. */
function variables(stores: readonly string[], env: Record<string, string> = {}): Record<string, string> {
  let script = renderTrustProfile();
  for (const [index, file] of STORE_BUNDLES.entries()) {
    const standIn = path.join(folder, String(index));
    if (stores.includes(file)) writeFileSync(standIn, "");
    script = script.replaceAll(file, standIn);
  }
  const print = `${script}\nset | grep -E '^(${OWN_LIST_VARIABLES.join("|")}|go_workstation.*)=' | tr -d "'\\""; true`;
  const output = execFileSync("/bin/sh", ["-eu", "-c", print], {
    encoding: "utf8",
    env: { PATH: process.env.PATH, ...env },
  });
  return Object.fromEntries(
    output
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => line.split("=") as [string, string]),
  );
}
const all = (value: string) => Object.fromEntries(OWN_LIST_VARIABLES.map((name) => [name, value]));

test.each(STORE_BUNDLES.map((file, index) => [file, index] as const))(
  "the store of this distribution: %s",
  (file, index) => {
    expect(variables([file])).toEqual(all(path.join(folder, String(index))));
  },
);

test("no store: nothing is set", () => {
  expect(variables([])).toEqual({});
});

test("what a person has set stays", () => {
  expect(variables(STORE_BUNDLES, { NODE_EXTRA_CA_CERTS: "/mine.pem" })).toEqual({
    ...all(path.join(folder, "0")),
    NODE_EXTRA_CA_CERTS: "/mine.pem",
  });
});
