/** Checks of what follows Windows or the settings: clock, time zone, proxy. */
import { readlink } from "node:fs/promises";
import { connect } from "node:net";
import { resolve } from "node:path";
import type { LoadedSettings } from "../../config/load.ts";
import type { Facts } from "../../domain/facts.ts";
import { resolveMode } from "../../domain/machine/mode.ts";
import { resolveProxy } from "../../domain/proxy/resolve.ts";
import { planTime } from "../../domain/sync/time.ts";
import { CLOCK_LIMIT, judgeClock } from "../../domain/time/clock.ts";
import { TIMER_UNIT } from "../../domain/time/clock-files.ts";
import { type CheckDefinition, check, type Verdict } from "./check.ts";
import type { Patient } from "./patient.ts";

/** How the machine itself is looked at; tests look elsewhere. */
export interface Look {
  /** IANA name; empty when /etc/localtime is no link to a zone. */
  zone: () => Promise<string>;
  /** Undefined when somebody listens there, else why not. */
  listens: (host: string, port: number) => Promise<string | undefined>;
}

const PATIENCE_MS = 3000;
const ZONES = "/usr/share/zoneinfo/";

const machineLook: Look = {
  async zone() {
    try {
      const target = resolve("/etc", await readlink("/etc/localtime"));
      return target.startsWith(ZONES) ? target.slice(ZONES.length) : "";
    } catch {
      // No link: the zone has no name, which is what the check then says.
      return "";
    }
  },
  listens: (host, port) =>
    new Promise((answer) => {
      const socket = connect({ host, port, timeout: PATIENCE_MS });
      const end = (reason?: string) => {
        socket.destroy();
        answer(reason);
      };
      socket.on("connect", () => end());
      socket.on("timeout", () => end(`no answer within ${PATIENCE_MS / 1000} s`));
      socket.on("error", (error) => end(error.message));
    }),
};

type Judge = (facts: Facts, settings: LoadedSettings, patient: Patient) => Promise<Verdict> | Verdict;

/** Facts are asked for about settings, so without those there are none. */
const withFacts =
  (judge: Judge) =>
  async (patient: Patient): Promise<Verdict> => {
    const { settings, facts } = patient;
    if (settings === undefined || typeof settings === "string") return ["skip", "no settings"];
    return await judge(await facts(), settings, patient);
  };

/** Seconds from which certificates and tokens begin to fail. */
const HARMFUL = 60;

const clock = check(
  "clock",
  `a clock at most ${CLOCK_LIMIT} seconds off`,
  "sudo hwclock --hctosys --utc",
  withFacts(({ clock: found, system, machine }, { hostSync }) => {
    if (found === undefined || found.source === "") return ["skip", "no other clock to compare with"];
    const action = judgeClock(found);
    if (action.do === "nothing") return ["pass", action.because];
    // Plain Linux may keep local time in its hardware clock, and has the network to go by.
    if (system.kind !== "wsl")
      return ["warn", action.because, "timedatectl set-ntp true; `timedatectl` shows which is off"];
    const status = action.seconds > HARMFUL ? "fail" : "warn";
    const timer = hostSync.clock && machine.init === "systemd" && resolveMode(hostSync.mode, system) === "live";
    return timer
      ? [status, action.because, `systemctl status ${TIMER_UNIT}; if it is not there, ./workstation up`]
      : [status, action.because];
  }),
);

const timezone = (look: Look) =>
  check(
    "timezone",
    "Windows' time zone, or that of the settings",
    "./workstation up",
    withFacts(async (facts, settings, { root, stack = "" }) => {
      const found = (await look.zone()) || "no name (/etc/localtime is no link to a zone)";
      const plan = planTime({ stack, root, settings, facts });
      const zone = plan?.timezone?.zone;
      const [warning] = (plan?.warnings ?? []).filter((text) => text.includes("time zone"));
      if (zone === undefined)
        return warning === undefined ? ["pass", `${found}, left alone`] : ["warn", `${found}. ${warning}`];
      if (plan?.timezone?.root !== "/") return ["pass", `${zone} in the staged files; this system: ${found}`];
      return found === zone ? ["pass", zone] : ["fail", `${found} instead of ${zone}`];
    }),
  );

const proxy = (look: Look) =>
  check(
    "proxy",
    "a proxy that listens, where there is one",
    "start it, or correct hostSync.proxy (in Windows: Settings > Network & internet > Proxy)",
    withFacts(async (facts, settings) => {
      const { source, values, problems, warnings } = resolveProxy({ settings: settings.hostSync, facts });
      if (problems.length > 0) return ["fail", problems.join(" ")];
      if (values === undefined) return warnings.length === 0 ? ["pass", "none"] : ["warn", warnings.join(" ")];
      const addresses = [...new Set([values.http, values.https].filter((address) => address !== ""))];
      const answers = await Promise.all(addresses.map(async (address) => await reach(address, look)));
      const from = `${addresses.map(withoutSecrets).join(", ")} (from ${ORIGIN[source]})`;
      const silent = answers.filter((answer) => answer !== undefined);
      if (silent.length > 0) return ["fail", `${from}: ${silent.join("; ")}`];
      return warnings.length === 0 ? ["pass", from] : ["warn", `${from}. ${warnings.join(" ")}`];
    }),
  );

const ORIGIN = { settings: "the settings", windows: "Windows", environment: "the environment", none: "nowhere" };

/** Who listens is all that is asked: no request is sent. */
async function reach(address: string, { listens }: Look): Promise<string | undefined> {
  let url: URL;
  try {
    url = new URL(address.includes("://") ? address : `http://${address}`);
  } catch {
    return "is not an address";
  }
  const usual = url.protocol === "https:" ? 443 : url.protocol.startsWith("socks") ? 1080 : 80;
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = url.port === "" ? usual : Number(url.port);
  const reason = await listens(host, port);
  return reason === undefined ? undefined : `${host}:${port} does not answer (${reason})`;
}

const withoutSecrets = (text: string): string => text.replace(/(:\/\/)[^/@\s]*@/g, "$1***@");

export const syncChecks = (look: Look = machineLook): CheckDefinition[] => [clock, timezone(look), proxy(look)];
