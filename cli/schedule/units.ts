/** What systemd and cron read to run `drift` on a schedule. Pure. */
import type { Interval } from "./interval.ts";

export interface Job {
  stack: string;
  /** The checkout. */
  root: string;
  /** What the command needs of this environment: PATH and whatever names another place than the usual one. */
  env: Record<string, string>;
  every: Interval;
}

export const unitName = (stack: string): string => `go-workstation-drift-${stack}`;

/** A word of a unit's line: quotes and backslashes escaped, and neither `%` nor `$` read as something else. */
export const unitWord = (text: string): string =>
  `"${text.replace(/[\\"]/g, "\\$&").replaceAll("%", "%%").replaceAll("$", "$$$$").replaceAll("\n", "\\n")}"`;

export function renderService({ stack }: Job, script: string): string {
  return `# Written by \`./workstation drift --install-timer\`; removed by \`--remove-timer\` and by destroy.
[Unit]
Description=Drift of the Go workstation "${stack.replaceAll("%", "%%")}"

[Service]
Type=oneshot
# Through the shell: in the path of a program itself systemd would take a doubled dollar sign for two.
ExecStart=/bin/sh ${unitWord(script)}
# 2 says that something drifted: that is a result, not a failure.
SuccessExitStatus=2
Nice=10
TimeoutStartSec=600
`;
}

export function renderTimer({ stack, every }: Job): string {
  return `# Written by \`./workstation drift --install-timer\`; removed by \`--remove-timer\` and by destroy.
[Unit]
Description=Looks for drift of the Go workstation "${stack.replaceAll("%", "%%")}" every ${every.text}

[Timer]
OnActiveSec=1min
OnUnitActiveSec=${every.minutes}min
RandomizedDelaySec=30s

[Install]
WantedBy=timers.target
`;
}

const mark = (stack: string): string => `# go-workstation drift ${stack}`;

/** The table without our line, and with `line` at its end when given. Everything else stays as it is. */
export function editCrontab(table: string, stack: string, line: string | undefined): string {
  const rows = table.split("\n");
  const kept = rows.filter((row, index) => row !== mark(stack) && rows[index - 1] !== mark(stack));
  if (line === undefined) return kept.join("\n");
  const text = kept.join("\n");
  return `${text === "" || text.endsWith("\n") ? text : `${text}\n`}${mark(stack)}\n${line}\n`;
}

const shellWord = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/**
 * What both start. A file for oneself alone: systemd tells every user a unit's environment, where a proxy's password may be,
 * and cron takes lines of at most 1,000 characters, while PATH alone is longer in WSL.
 */
export function renderScript({ stack, root, env }: Job): string {
  const variables = Object.entries(env).map(([name, value]) => `export ${name}=${shellWord(value)}`);
  return `#!/bin/sh
# Written by \`./workstation drift --install-timer\`; removed by \`--remove-timer\` and by destroy.
${variables.join("\n")}
exec ${shellWord(`${root}/workstation`)} drift --stack ${stack} --json
`;
}

/** A percent sign would be a line's end for cron. */
export const cronLine = (times: string, script: string): string =>
  `${times} /bin/sh ${shellWord(script).replaceAll("%", "\\%")} >/dev/null 2>&1`;
