/** Runs programs of Windows: found on PATH only, no shell, never longer than their time, output in whatever encoding. */
import path from "node:path";
import { decodeWindowsText } from "../../domain/windows/wsl-output.ts";
import { onPath } from "../facts/programs.ts";
import type { Host } from "../host.ts";

export interface WindowsRun {
  code: number;
  stdout: string;
  stderr: string;
}

/** Where it is; undefined when it is not on PATH. */
export const windowsProgram = (host: Host, name: string): Promise<string | undefined> => onPath(name, host.env.PATH);

/** Answers whatever the exit code. Throws when the program is missing, or was ended because its time was up. */
export async function runWindows(
  host: Host,
  name: string,
  args: readonly string[],
  timeoutMs: number,
): Promise<WindowsRun> {
  const file = await windowsProgram(host, name);
  if (file === undefined) throw new Error(notOnPath(name));
  // Programs of Windows cannot start in every folder of Linux: they complain and go elsewhere. Their own is on a drive.
  const cwd = path.dirname(file);
  const { code, stdout, stderr } = await host.run(file, args, {
    timeoutMs,
    anyExit: true,
    cwd,
    encoding: "latin1",
    name,
  });
  return { code, stdout: decodeWindowsText(Buffer.from(stdout, "latin1")), stderr };
}

export const notOnPath = (name: string): string =>
  `${name} is not on PATH. In WSL that means that interop or the Windows part of PATH is off: set [interop] enabled=true and appendWindowsPath=true in /etc/wsl.conf, then \`wsl.exe --shutdown\` on Windows`;
