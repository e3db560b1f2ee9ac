/** The script that sets the clock right, and the systemd timer that runs it. */
import { CLOCK_LIMIT } from "./clock.ts";

export const CLOCK_SCRIPT = "/usr/local/lib/go-workstation/clock";
export const CLOCK_SERVICE = "/etc/systemd/system/go-workstation-clock.service";
export const CLOCK_TIMER = "/etc/systemd/system/go-workstation-clock.timer";
export const TIMER_UNIT = "go-workstation-clock.timer";

/** A hardware clock without a battery begins in 1970 or 2000: nothing to set another clock by. 2024-01-01. */
const PLAUSIBLE = 1_704_067_200;

/**
 * `powershell` is its path on a mounted drive, because a service has no Windows part in its PATH; empty: only the
 * hardware clock is asked, which is the first choice anyway (no process of Windows, no wait).
 */
export const renderClockScript = (powershell: string): string => `#!/bin/sh
# Written by go-workstation from hostSync.clock: sets this system's clock when it is more than ${CLOCK_LIMIT} seconds off, forward
# or back, as after Windows slept. Compares with the hardware clock, or with Windows where there is none.
set -eu

limit=${CLOCK_LIMIT}
powershell='${powershell}'
rtc=\${WORKSTATION_RTC:-/sys/class/rtc/rtc0/since_epoch}

say() { printf 'go-workstation-clock: %s\\n' "$1"; }

ask_windows() {
  timeout 15 "$powershell" -NoProfile -NonInteractive -Command '[DateTimeOffset]::UtcNow.ToUnixTimeSeconds()' </dev/null |
    tr -d '\\r\\000' | grep -E '^[0-9]{9,11}$' | tail -n 1
}

reference=
from=
if [ -r "$rtc" ]; then
  from='the hardware clock'
  reference=$(cat "$rtc")
elif [ -n "$powershell" ] && [ -x "$powershell" ]; then
  from=Windows
  reference=$(ask_windows || true)
fi

case $reference in
  '' | *[!0-9]*)
    say "no clock to compare with: \${from:-neither $rtc nor powershell.exe is there}"
    exit 1
    ;;
esac
if [ "$reference" -lt ${PLAUSIBLE} ]; then
  say "$from says it is second $reference since 1970, which cannot be: left alone"
  exit 1
fi

offset=$(($(date -u +%s) - reference))
if [ "$offset" -le "$limit" ] && [ "$offset" -ge "-$limit" ]; then
  exit 0
fi

stepped=
if [ "$from" = 'the hardware clock' ] && command -v hwclock >/dev/null; then
  timeout 10 hwclock --hctosys --utc && stepped=yes
fi
if [ -z "$stepped" ]; then
  date -u -s "@$reference" >/dev/null
fi
if [ "$offset" -gt 0 ]; then
  say "was $offset s ahead of $from: set back"
else
  say "was $((-offset)) s behind $from: set forward"
fi
`;

export const renderClockService = (): string => `# Written by go-workstation from hostSync.clock.
[Unit]
Description=Set the clock right after Windows slept (go-workstation)

[Service]
Type=oneshot
ExecStart=${CLOCK_SCRIPT}
TimeoutStartSec=60
# Silent when there is nothing to do: it runs every minute.
SyslogLevel=notice
LogLevelMax=notice
`;

/** The timer's own clock stands still while Windows sleeps, so it is due within a minute of waking up. */
export const renderClockTimer = (): string => `# Written by go-workstation from hostSync.clock.
[Unit]
Description=Look at the clock every minute (go-workstation)

[Timer]
OnBootSec=20s
OnUnitActiveSec=60s
AccuracySec=5s

[Install]
WantedBy=timers.target
`;
