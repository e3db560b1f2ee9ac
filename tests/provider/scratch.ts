/** A machine in a folder: hosts of these tests see nothing else of the file system, and keep cache and state in it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { type Host, machineHost } from "../../provider/host.ts";

export interface Scratch {
  /** Of the machine as the host sees it. */
  root: string;
  host: Host;
  put(file: string, content: string | Buffer, mode?: number): string;
  real(file: string): string;
  remove(): void;
}

export function scratch(env: Record<string, string> = {}): Scratch {
  const root = mkdtempSync(path.join(os.tmpdir(), "provider-test-"));
  const host = machineHost({
    root,
    // State and cache are looked up below the root as well.
    env: { PATH: process.env.PATH, HOME: "/home/tester", WORKSTATION_STATE_DIR: "/state", ...env },
    user: { name: "tester", uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0, home: "/home/tester" },
  });
  const real = (file: string) => path.join(root, file);
  return {
    root,
    host,
    real,
    put: (file, content, mode = 0o644) => {
      mkdirSync(path.dirname(real(file)), { recursive: true });
      writeFileSync(real(file), content, { mode });
      return file;
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}
