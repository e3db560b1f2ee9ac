/**
 * All that the projects' go.sum files name, as a `file://` module proxy with the part of the checksum database that goes
 * with it. Fetched by the go command through what this machine is configured with, and compared with go.sum.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { type GoSum, mergeGoSums, parseGoSum } from "../../../domain/gosum/parse.ts";
import type { Context } from "../../context.ts";
import { CliError } from "../../errors.ts";
import { check, run } from "../../process.ts";
import { findGo } from "../../setup/toolchain-go.ts";
import { type Wanted, wantedOf } from "../go-sums.ts";
import { type Content, shortHash } from "../pack.ts";
import { addChecksums } from "./checksums.ts";

export interface Modules {
  contents: Content[];
  count: number;
  goEnv: Record<string, string>;
}

const settingNames = ["GOPROXY", "GOSUMDB", "GONOSUMDB", "GOPRIVATE", "GOMODCACHE"];
/** So many in a call: arguments have a limit, and progress shows. */
const atOnce = 40;

export async function collectModules(
  context: Context,
  { projects, whole }: { projects: readonly string[]; whole: boolean },
  work: string,
  news: (text: string) => void,
): Promise<Modules> {
  const files = projects.flatMap(sumFiles);
  const read = files.map(readSums);
  const sums = read.flatMap((found) => found.sums);
  if (sums.length === 0) return { contents: [], count: 0, goEnv: {} };
  const go = findGo(context.env);
  if (go === undefined)
    throw new CliError(
      "Modules are fetched by the go command, and there is none on PATH. Install any Go from 1.21 on.",
    );
  const machine = JSON.parse(await check(go.path, ["env", "-json", ...settingNames], { env: context.env })) as Record<
    string,
    string
  >;
  const cache = join(work, "gomodcache");
  const known = join(machine.GOMODCACHE ?? "", "cache", "download");
  const env: NodeJS.ProcessEnv = {
    ...context.env,
    ...(existsSync(known) && machine.GOPROXY !== "off"
      ? { GOPROXY: `file://${known},${machine.GOPROXY || "direct"}` }
      : {}),
    GOMODCACHE: cache,
    GOFLAGS: "-modcacherw",
    GOWORK: "off",
    GO111MODULE: "on",
    GOTOOLCHAIN: "local",
  };
  const wanted = wantedOf(sums);
  await fetchAll(go.path, whole ? wanted.map(needsZip) : wanted, env, work, news);
  const folder = join(work, "modules");
  mkdirSync(folder);
  renameSync(join(cache, "cache", "download"), join(folder, "proxy"));
  const checked = machine.GOSUMDB !== "off";
  const privates = [...new Set([machine.GONOSUMDB, machine.GOPRIVATE].filter(Boolean))].join(",");
  if (checked)
    await addChecksums(
      context,
      { files, folder, privates, database: machine.GOSUMDB ?? "", proxy: machine.GOPROXY ?? "" },
      news,
    );
  const head = checked ? readFileSync(join(folder, "sumdb", "latest"), "utf8") : "";
  const key = shortHash(mergeGoSums(read) + head);
  return {
    contents: [{ path: `modules-${key}.tar.zst`, kind: "modules", key, folder, leaveOut: isLeftOut }],
    count: wanted.length,
    goEnv: {
      GOSUMDB: machine.GOSUMDB || "sum.golang.org",
      ...(privates === "" ? {} : { GONOSUMDB: privates }),
    },
  };
}

/** All lines have to be right: what is left out here is missing there. */
function readSums(file: string): GoSum {
  const found = parseGoSum(readFileSync(file, "utf8"));
  const [problem] = found.problems;
  if (problem === undefined) return found;
  throw new CliError(`${file}:${problem.line}: ${problem.message}. \`go mod tidy\` writes the file anew.`);
}

/** The module proxy keeps whole versions only, so that those of which a build reads just go.mod are fetched whole too. */
const needsZip = (wanted: Wanted): Wanted => ({ zip: "", ...wanted });

/** Locks, and what go keeps for itself. */
const isLeftOut = (name: string): boolean =>
  name.endsWith(".lock") || name === "sumdb/lock" || name === "proxy/cache" || name === "sumdb/.tmp";

/** Of the folder, of modules in it, and of a workspace. */
export function sumFiles(project: string): string[] {
  if (!existsSync(project)) throw new CliError(`--projects: ${project} is not a folder.`);
  const found: string[] = [];
  const visit = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (entry.isFile() && (entry.name === "go.sum" || entry.name === "go.work.sum"))
        found.push(join(folder, entry.name));
      if (entry.isDirectory() && !/^(\.|_)|^(node_modules|vendor|testdata)$/.test(entry.name))
        visit(join(folder, entry.name));
    }
  };
  visit(project);
  return found;
}

interface Download {
  Path: string;
  Version: string;
  Error?: string;
  Sum?: string;
  GoModSum?: string;
}

async function fetchAll(
  go: string,
  wanted: readonly Wanted[],
  env: NodeJS.ProcessEnv,
  cwd: string,
  news: (text: string) => void,
): Promise<void> {
  const problems: string[] = [];
  const zips = wanted.filter(({ zip }) => zip !== undefined);
  const others = wanted.filter(({ zip }) => zip === undefined);
  let done = 0;
  const told = (count: number): void => {
    done += count;
    news(`${done} of ${wanted.length} module versions`);
  };
  const nameOf = ({ module, version }: Wanted): string => `${module}@${version}`;
  for (let at = 0; at < zips.length; at += atOnce) {
    const some = zips.slice(at, at + atOnce);
    const result = await run(go, ["mod", "download", "-json", ...some.map(nameOf)], { cwd, env });
    const answers = parseStream<Download>(result.stdout);
    for (const item of some)
      problems.push(
        ...differences(
          item,
          answers.find((answer) => answer.Path === item.module && answer.Version === item.version),
          result.stderr,
        ),
      );
    told(some.length);
  }
  for (let at = 0; at < others.length; at += atOnce) {
    const some = others.slice(at, at + atOnce);
    const result = await run(go, ["list", "-m", "-e", "-json", ...some.map(nameOf)], { cwd, env });
    const answers = parseStream<{ Path: string; Version: string; GoModSum?: string; Error?: { Err: string } }>(
      result.stdout,
    );
    for (const item of some) {
      const answer = answers.find(({ Path, Version }) => Path === item.module && Version === item.version);
      const { Error: error, ...rest } = answer ?? { Path: item.module, Version: item.version };
      problems.push(
        ...differences(
          item,
          answer === undefined ? undefined : { ...rest, ...(error === undefined ? {} : { Error: error.Err }) },
          result.stderr,
        ),
      );
    }
    told(some.length);
  }
  if (problems.length > 0) {
    throw new CliError(
      `${problems.length} of ${wanted.length} module versions cannot be bundled:\n${problems.slice(0, 20).join("\n")}`,
    );
  }
}

function differences(wanted: Wanted, answer: Download | undefined, said: string): string[] {
  const name = `  ${wanted.module}@${wanted.version}: `;
  if (answer === undefined) return [`${name}${said.trim().split("\n").at(-1) ?? "not answered"}`];
  if (answer.Error !== undefined) return [`${name}${answer.Error}`];
  const compare = (hash: string | undefined, found: string | undefined, what: string): string[] =>
    !hash || found === undefined || hash === found ? [] : [`${name}${what} has ${found}, and go.sum says ${hash}`];
  return [...compare(wanted.zip, answer.Sum, "the module"), ...compare(wanted.goMod, answer.GoModSum, "its go.mod")];
}

/** JSON values one after the other, as the go command prints them. */
function parseStream<T>(text: string): T[] {
  return text
    .split(/^(?=\{)/m)
    .filter((part) => part.trim() !== "")
    .map((part) => JSON.parse(part) as T);
}
