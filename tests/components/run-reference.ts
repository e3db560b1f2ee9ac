/** Runs the program that docs/exports.md shows, against a stand-in engine that knows one stack, and prints what it put out. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { settled } from "./mocks.ts";

const { program, outputs } = JSON.parse(readFileSync(0, "utf8")) as { program: string; outputs: object };
const references: string[] = [];
await pulumi.runtime.setMocks(
  {
    newResource({ type, inputs }) {
      if (type !== "pulumi:pulumi:StackReference") throw new Error(`nobody makes ${type}`);
      references.push(String(inputs.name));
      return { id: String(inputs.name), state: { name: inputs.name, outputs, secretOutputNames: [] } };
    },
    call({ token }) {
      throw new Error(`nobody answers ${token}`);
    },
  },
  "reader",
  "dev",
  false,
);
// Below the checkout, where packages are found.
const local = join(import.meta.dirname, "../../.workstation");
mkdirSync(local, { recursive: true });
const folder = mkdtempSync(join(local, "reference."));
try {
  const file = join(folder, "index.ts");
  writeFileSync(file, program);
  console.log(JSON.stringify({ read: await settled(pulumi.output(await import(file))), references }));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
