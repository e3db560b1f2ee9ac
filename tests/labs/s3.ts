/** A real S3 server: the Versity S3 Gateway over a folder, built once from its Go module (s3/go.mod, s3/go.sum). */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { cacheFolder } from "../../provider/folders.ts";
import { lab } from "./cleanup.ts";
import { accepts, freePort, LOOPBACK, labFolder, type Running, run, serve } from "./server.ts";

const source = join(import.meta.dirname, "s3");

export interface S3Lab {
  /** `http://address:port` */
  endpoint: string;
  port: number;
  region: string;
  bucket: string;
  accessKeyId: string;
  secretAccessKey: string;
  /** Keys of all objects, sorted. */
  objects(): Promise<string[]>;
  /** The file of an object: what is written there is in the bucket, as from somebody else who may write to it. */
  file(key: string): string;
  /** Connections are refused from here on; the objects stay. */
  cut(): Promise<void>;
  restore(): Promise<void>;
  log(): Promise<string>;
  stop(): Promise<void>;
}

export interface S3Options {
  /** Where to listen. Default: 127.0.0.1. */
  address?: string;
  /** Made empty at the start. Default: `go-modules`. */
  bucket?: string;
}

/** Builds the server unless one from the same sources and compiler is in the cache folder: some minutes once. */
export async function s3Server(): Promise<string> {
  const { stdout: compiler } = await run("go", ["env", "GOVERSION"], { cwd: source });
  const hash = createHash("sha256").update(compiler);
  for (const file of ["go.mod", "go.sum"]) hash.update(readFileSync(join(source, file)));
  const labs = join(cacheFolder(process.env, homedir()), "labs");
  const target = join(labs, `s3-${hash.digest("hex").slice(0, 16)}`);
  if (existsSync(target)) return target;
  await mkdir(labs, { recursive: true });
  const work = await mkdtemp(join(labs, ".s3-"));
  try {
    // Out of the checkout, so that `go` takes no go.work or vendor folder above it into account.
    for (const file of ["go.mod", "go.sum"]) await cp(join(source, file), join(work, file));
    const flags = ["-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", join(work, "versitygw")];
    await run("go", ["build", ...flags, "github.com/versity/versitygw/cmd/versitygw"], {
      cwd: work,
      env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "", GOWORK: "off" },
      maxBuffer: 1 << 26,
    });
    await rename(join(work, "versitygw"), target);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return target;
}

export async function startS3(options: S3Options = {}): Promise<S3Lab> {
  const { address = LOOPBACK, bucket = "go-modules" } = options;
  const keys = { accessKeyId: "s3-lab-key", secretAccessKey: "s3-lab-secret" };
  const region = "us-east-1";
  return await lab(async (cleanup) => {
    const binary = await s3Server();
    const folder = await labFolder(cleanup, "s3");
    // Attributes go into files beside, because not every file system has extended ones.
    for (const name of ["objects", "attributes", `objects/${bucket}`]) await mkdir(join(folder, name));
    const port = await freePort(address);
    const begin = (): Promise<Running> =>
      serve({
        name: "versitygw",
        argv: [
          binary,
          ...["--port", `${address}:${port}`, "--region", region],
          ...["posix", "--sidecar", join(folder, "attributes"), join(folder, "objects")],
        ],
        env: { ...process.env, ROOT_ACCESS_KEY: keys.accessKeyId, ROOT_SECRET_KEY: keys.secretAccessKey },
        ready: () => accepts(port, address),
        logFile: join(folder, "log"),
      });
    let running = await begin();
    cleanup.add(() => running.stop("SIGKILL"));
    const objects = join(folder, "objects", bucket);
    return {
      endpoint: `http://${address}:${port}`,
      port,
      region,
      bucket,
      ...keys,
      file: (key) => join(objects, key),
      objects: async () => {
        const found = await readdir(objects, { recursive: true, withFileTypes: true });
        const files = found.filter((entry) => entry.isFile());
        return files.map(({ parentPath, name }) => join(parentPath, name).slice(objects.length + 1)).sort();
      },
      // Asked to end it would wait for the connections that clients keep open.
      cut: () => running.stop("SIGKILL"),
      restore: async () => {
        running = await begin();
      },
      log: () => running.log(),
    };
  });
}
