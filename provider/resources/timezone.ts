/**
 * `Timezone`: /etc/localtime is a link to the zone's file, and /etc/timezone names it, as Debian's tools and some
 * languages' libraries read it.
 *
 * - What stood there first (link, file or nothing) is kept and given back on delete.
 * - A zone that somebody chose since, by `timedatectl` or by hand, is left alone on delete: it is that person's now.
 * - Below another root than `/` (staged) nothing is looked up: the tree is for another machine.
 */
import path from "node:path";
import type { CheckFailure, DiffResult, ResourceHandler } from "../handler.ts";
import type { Host } from "../host.ts";
import { type FirstZone, forgetFirst, giveBack, keepFirst, loadFirst, placesOf } from "../timezone-original.ts";

export interface TimezoneInputs {
  /** IANA name, such as `Asia/Shanghai`. */
  zone: string;
  /** `/`, or the folder that takes its place. */
  root: string;
}

export interface TimezoneOutputs {
  root: string;
  /** What /etc/localtime links to; empty when it links to no zone. */
  zone: string;
  /** What /etc/timezone says; empty when there is none. */
  named: string;
  /** What is written, so that whoever reads the state knows what root is needed for. */
  files: string[];
}

const ZONES = "/usr/share/zoneinfo";
const ZONE = /^[A-Z][A-Za-z0-9_+-]*(\/[A-Z][A-Za-z0-9_+-]*)*$/;

export const timezone: ResourceHandler<TimezoneInputs, TimezoneOutputs> = {
  async check(host, news, unknown) {
    const inputs = { root: "/", ...news } as TimezoneInputs;
    const failures: CheckFailure[] = [];
    const { root, zone } = inputs;
    if (!unknown.has("root") && (typeof root !== "string" || path.resolve(root) !== root))
      failures.push({
        property: "root",
        reason: `is ${JSON.stringify(root)}; must be an absolute path, plainly written`,
      });
    if (!unknown.has("zone")) {
      const problem = await zoneProblem(host, zone, unknown.has("root") ? undefined : root);
      if (problem !== undefined) failures.push({ property: "zone", reason: problem });
    }
    return { inputs, failures };
  },

  async diff(_host, olds, news, unknown): Promise<DiffResult> {
    const differs: Record<string, boolean> = {
      root: unknown.has("root") || olds.root !== news.root,
      zone: unknown.has("zone") || olds.zone !== news.zone || olds.named !== news.zone,
    };
    const changed = Object.keys(differs).filter((name) => differs[name]);
    return { changed, replaces: changed.filter((name) => name === "root"), deleteBeforeReplace: false };
  },

  async preview(_host, { root, zone }) {
    return {
      ...(root === undefined ? {} : { root, files: Object.values(placesOf(root)) }),
      ...(zone === undefined ? {} : { zone, named: zone }),
    };
  },

  async create(host, news) {
    return { id: news.root, outputs: await put(host, news) };
  },

  async read(host, id, olds) {
    const found = await look(host, id);
    if (found === undefined) return undefined;
    if (olds !== undefined) return { id, inputs: {}, outputs: found };
    if (found.zone === "")
      throw new Error(`${placesOf(id).link} is no link into ${ZONES}, so its zone has no name to import`);
    return { id, inputs: { root: id, zone: found.zone }, outputs: found };
  },

  async update(host, _id, _olds, news) {
    return put(host, news);
  },

  async delete(host, id, _olds, report) {
    const first = await loadFirst(host, id);
    if (first === undefined) return;
    const found = await look(host, id);
    if (found !== undefined && isTheirs(found, first)) {
      report?.(`the time zone was changed to ${found.zone || "a file"} since we set it, and stays so`, {
        finished: true,
      });
    } else await giveBack(host, id, first);
    await forgetFirst(host, id);
  },
};

/** Neither what we set nor what a stopped run of delete had given back already. */
function isTheirs(found: TimezoneOutputs, first: FirstZone): boolean {
  const given = first.link?.kind === "link" ? zoneOf(first.link.target) : "";
  return !first.ours.includes(found.zone) && found.zone !== given;
}

async function put(host: Host, { zone, root }: TimezoneInputs): Promise<TimezoneOutputs> {
  const problem = await zoneProblem(host, zone, root);
  if (problem !== undefined) throw new Error(`the time zone ${problem}`);
  const { link, text } = placesOf(root);
  const there = await host.files.stat(link);
  if (there !== undefined && there.kind !== "link" && there.kind !== "file")
    throw new Error(`${link} is neither a file nor a link; move it away first`);
  const named = await host.files.stat(text);
  if (named !== undefined && named.kind !== "file") throw new Error(`${text} is not a plain file; move it away first`);
  await keepFirst(host, root, zone);
  await host.files.makeFolder(path.dirname(link));
  await host.files.writeLink(link, `${ZONES}/${zone}`);
  await host.files.write(text, `${zone}\n`, { mode: named?.mode ?? 0o644 });
  return { root, zone, named: zone, files: [link, text] };
}

/** Undefined when there is no /etc/localtime at all. */
async function look(host: Host, root: string): Promise<TimezoneOutputs | undefined> {
  const { link, text } = placesOf(root);
  const there = await host.files.stat(link);
  if (there === undefined) return undefined;
  const target = there.kind === "link" ? await host.files.link(link) : "";
  const named = (await host.files.stat(text))?.kind === "file" ? await host.files.text(text) : undefined;
  return { root, zone: zoneOf(path.resolve("/etc", target)), named: named?.trim() ?? "", files: [link, text] };
}

const zoneOf = (target: string): string => (target.startsWith(`${ZONES}/`) ? target.slice(ZONES.length + 1) : "");

async function zoneProblem(host: Host, zone: unknown, root: string | undefined): Promise<string | undefined> {
  if (typeof zone !== "string" || !ZONE.test(zone))
    return `is ${JSON.stringify(zone) ?? "missing"}; must be a name of the IANA time zone database, such as Asia/Shanghai`;
  if (root !== "/") return undefined;
  const file = `${ZONES}/${zone}`;
  const found = await host.files.stat(file);
  if (found !== undefined && found.kind !== "folder") return undefined;
  if (found?.kind === "folder") return `is "${zone}", a region; name a zone in it, such as one of \`ls ${file}\``;
  const all = await host.files.stat(ZONES);
  return all === undefined
    ? `is "${zone}", but this system has no time zones (${ZONES} is not there): install the package tzdata`
    : `is "${zone}", which this system does not have (${file} is not there). Old names are in the package tzdata-legacy; \`timedatectl list-timezones\` lists those that there are`;
}
