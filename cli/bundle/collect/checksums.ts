/** The checksum database's records of the modules, with all that proves them, as files beside the modules. */
import { cpSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { SIDECAR_GO, sidecarProgram } from "../../../domain/sidecar.ts";
import { sourcesDigest } from "../../../provider/go/program-cache.ts";
import { programHere } from "../../../provider/go/program-here.ts";
import { machineHost } from "../../../provider/host.ts";
import type { Context } from "../../context.ts";
import { check, run } from "../../process.ts";
import { shortHash } from "../pack.ts";

export interface Question {
  /** go.sum files. */
  files: readonly string[];
  /** Has `proxy`, and gets `sumdb`. */
  folder: string;
  /** As in GONOSUMDB. */
  privates: string;
  /** As in GOSUMDB: a name, or a verifier key, and perhaps an address behind it. */
  database: string;
  /** As in GOPROXY: what passes the database on is asked first, as the go command would. */
  proxy: string;
}

/**
 * The store is kept between runs: as long as it has all that is asked for, its head stays, and with it the bundle's bytes.
 */
export async function addChecksums(context: Context, question: Question, news: (text: string) => void): Promise<void> {
  const { files, folder, privates, database } = question;
  const program = await sumdbProgram(context, news);
  const [key = "", address] = database.split(" ");
  const store = join(context.cacheDir, "sumdb", shortHash(key));
  mkdirSync(store, { recursive: true });
  const common = [
    "--store",
    store,
    ...(privates === "" ? [] : ["--private", privates]),
    ...(key.includes("+") ? ["--key", key] : []),
  ];
  news("checksums");
  const held =
    existsSync(join(store, "latest")) &&
    (await run(program, ["fetch", ...common, "--offline", ...files], { env: context.env })).code === 0;
  if (!held) {
    const upstream = address === undefined ? [] : ["--upstream", address];
    await check(program, ["fetch", ...common, ...upstream, ...files], {
      env: { ...context.env, GOPROXY: question.proxy },
    });
  }
  rmSync(join(folder, "proxy", "sumdb"), { recursive: true, force: true });
  await check(program, ["export", ...common, "--out", join(folder, "proxy"), ...files], { env: context.env });
  // For a proxy with a mirror of its own.
  cpSync(store, join(folder, "sumdb"), { recursive: true });
}

async function sumdbProgram(context: Context, news: (text: string) => void): Promise<string> {
  const named = sidecarProgram(context.root, "sumdb");
  const program = { ...named, digest: await sourcesDigest(named.module) };
  return await programHere(machineHost({ env: context.env }), program, SIDECAR_GO, news);
}
