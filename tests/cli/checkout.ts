/** As much of this checkout as the command line needs, somewhere else. */
import { cpSync, symlinkSync } from "node:fs";
import { join } from "node:path";

const repository = join(__dirname, "..", "..");
const PARTS = [
  "cli",
  "config",
  "domain",
  "policy",
  "provider",
  "toolchain",
  "package.json",
  "Pulumi.yaml",
  "Pulumi.dev.yaml",
];

export function copyCheckout(to: string): void {
  for (const part of PARTS) cpSync(join(repository, part), join(to, part), { recursive: true });
  symlinkSync(join(repository, "node_modules"), join(to, "node_modules"));
}
