import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { distribution } from "../../../cli/setup/distribution.ts";

test.each([
  ['PRETTY_NAME="Debian GNU/Linux 12"\nVERSION_ID="12"\nID=debian\n', "debian 12"],
  ["ID=ubuntu\nVERSION_ID='24.04'\nVERSION_CODENAME=noble\n", "ubuntu 24.04"],
  ["ID=arch\n", "arch"],
])("%j is %s", (text, wanted) => {
  const folder = mkdtempSync(join(tmpdir(), "gows-os-"));
  try {
    writeFileSync(join(folder, "os-release"), text);
    expect(distribution(join(folder, "os-release"))).toBe(wanted);
    expect(distribution(join(folder, "none"))).toBe("");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
