/**
 * The module proxy beside going direct: `node bench/go-proxy.ts [--rounds 5] [--seconds 5] [--only downloads,load,crowd,sumdb]
 * [--checkout DIR] [--athens FILE] [--scratch DIR] [--json FILE]`. All runs on this machine's loopback, as plain processes; what stands for
 * the upstream relays to what the machine is configured with, and answers from a folder when it has been asked before.
 */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { startUpstream } from "../tests/labs/upstream.ts";
import { measureDownloads, modules, scratchFolder } from "./go-proxy/downloads.ts";
import { programs, startProxy } from "./go-proxy/proxy.ts";
import { type Load, measureCrowd, measureLoad, measureLookups } from "./go-proxy/requests.ts";
import { ratio } from "./lib/measure.ts";
import { machine, options, positive, summaryRows, table, writeJson } from "./lib/report.ts";
import { benchFolder } from "./lib/tofu.ts";

const PARTS = ["downloads", "load", "crowd", "sumdb"];
const given = options(process.argv.slice(2), ["rounds", "seconds", "only", "checkout", "athens", "scratch", "json"]);
const rounds = positive(given.rounds ?? "5", "rounds");
const seconds = positive(given.seconds ?? "5", "seconds");
const parts = (given.only ?? PARTS.join(",")).split(",");
for (const part of parts) {
  if (!PARTS.includes(part)) throw new Error(`--only ${part}: must be some of ${PARTS.join(",")}`);
}
const scratch = given.scratch ?? (await scratchFolder());
const where = machine();
const checkout = path.resolve(given.checkout ?? path.join(import.meta.dirname, ".."));
const built = await programs(checkout, path.join(benchFolder(), "go-proxy"), given.athens);

const upstream = await startUpstream();
try {
  const proxy = await startProxy(built, upstream);
  try {
    await proxy.warm(await readFile(path.join(modules, "go.sum"), "utf8"));
    const print = (text: string): void => void process.stdout.write(`${text}\n`);
    print(`${where.processor}, ${where.cores} cores, ${where.memoryGiB} GiB, ${where.system}, load ${where.load}`);
    const result: Record<string, object> = { machine: where };

    if (parts.includes("downloads")) {
      const { summaries, requests } = await measureDownloads({ upstream, proxy, scratch }, rounds);
      const ratios = {
        slow: ratio(summaries.proxySlow, summaries.directSlow),
        same: ratio(summaries.proxy, summaries.direct),
        cut: ratio(summaries.proxyCut, summaries.proxy),
      };
      result.downloads = { inMemory: scratch === "/dev/shm", summaries, requests, ratios };
      print(`\nCold \`go mod download\` of 60 modules into ${scratch}`);
      const [head = [], ...rows] = summaryRows(Object.values(summaries));
      const asked = Object.values(requests).map((one) => [`${one.requests}`, `${one.sumdb}`]);
      print(table([[...head, "upstream", "of it sumdb"], ...rows.map((row, i) => [...row, ...(asked[i] ?? [])])]));
      print(`proxy / direct: ${ratios.slow} with the delay (at most 0.5), ${ratios.same} without (at most 1.1)`);
      print(`proxy with the upstream cut / without: ${ratios.cut}`);
    }
    if (parts.includes("load")) {
      const loads = await measureLoad(built, proxy, seconds);
      result.load = loads;
      print("\nCached answers, 50 connections (at least 3,000/s, p99 at most 100 ms, memory at most 150 MB)");
      print(table([["", "requests/s", "p50 ms", "p99 ms", "MB/s", "errors", "MiB"], ...loads.map(loadRow)]));
    }
    if (parts.includes("crowd")) {
      const crowds = await measureCrowd(upstream, proxy, 200);
      result.crowd = crowds;
      print("\n200 clients at once for a module that is not held");
      for (const { module, good, contents, upstream: asked } of crowds) {
        print(`${module}: ${good} good answers, ${contents} content; upstream ${JSON.stringify(asked)}`);
      }
    }
    if (parts.includes("sumdb")) {
      const found = await measureLookups(built, upstream, proxy, { versions: 300, lookups: 1000 });
      result.sumdb = found;
      print(
        `\n${found.lookups} random lookups by cold clients, upstream cut: ${found.failures} failures, ${found.seconds.toFixed(2)} s`,
      );
      if (found.firstError !== undefined) print(found.firstError);
    }
    writeJson(given.json, result);
  } catch (error) {
    process.stderr.write(`${(await proxy.log()).split("\n").slice(-20).join("\n")}\n`);
    throw error;
  } finally {
    await proxy.stop();
  }
} finally {
  await upstream.stop();
}

function loadRow(load: Load): string[] {
  const megabytes = load.bytes / 1e6 / load.seconds;
  return [
    load.name,
    ...[load.rps, load.p50, load.p99, megabytes].map((value) => value.toFixed(value < 100 ? 1 : 0)),
    `${load.errors}`,
    load.peakMiB.toFixed(0),
  ];
}
