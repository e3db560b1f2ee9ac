/** A stack with one project of its own, for measurements. */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

/** A Go program of one line. */
export function writeProject(folder: string): void {
  mkdirSync(folder);
  writeFileSync(path.join(folder, "go.mod"), "module example.com/one\n\ngo 1.22\n");
  writeFileSync(path.join(folder, "main.go"), "package main\n\nfunc main() {}\n");
}

/** Default of `source`: bootstrap. */
export function writeStackFile(file: string, project: string, source = "bootstrap"): void {
  writeFileSync(
    file,
    `config:
  go-workstation:image:
    source: ${source}
  go-workstation:smokeTest:
    enabled: false
  go-workstation:projects:
    - path: ${JSON.stringify(project)}
`,
  );
}
