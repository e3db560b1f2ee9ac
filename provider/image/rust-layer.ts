/**
 * A Rust program as an image layer, compiled in a container of the distribution that it will run in, so that its C library
 * fits. Builder, downloads and objects are given back: only the program stays, under the hash of its sources.
 */
import { randomBytes } from "node:crypto";
import { access, constants, copyFile, mkdir, rm, stat } from "node:fs/promises";
import path from "node:path";
import { PassThrough } from "node:stream";
import type Docker from "dockerode";
import type { RootfsBase, RustProgram } from "../../domain/recipe.ts";
import type { Report } from "../handler.ts";
import type { Host } from "../host.ts";
import { daemonError, drain, inspectImage } from "./daemon.ts";
import { makeRootfs } from "./rootfs.ts";
import { rustSources } from "./rust-sources.ts";
import { type TarResult, writeTar } from "./tar.ts";

const buildLimitMs = 40 * 60_000;
/** How cargo is told about registries, proxies and certificates; what carries a token has no place in a container's description. */
const INHERITED = /^(CARGO_(HTTP|NET|SOURCE|REGISTRIES)_\w+|(https?|no|all)_proxy|(HTTPS?|NO|ALL)_PROXY)$/;

export async function makeRustProgram(
  host: Host,
  { builder, program }: { builder: RootfsBase; program: RustProgram },
  folder: string,
  report: Report,
): Promise<TarResult> {
  const tag = `go-workstation-builder:${randomBytes(6).toString("hex")}`;
  const work = path.join(folder, "build");
  const client = await host.docker();
  report(`building ${program.binary}: the distribution with its Rust`);
  const rootfs = path.join(folder, "builder");
  await mkdir(rootfs);
  await makeRootfs(host, builder, rootfs, (text) => report(`building ${program.binary}: ${text}`));
  try {
    await importImage(client, path.join(rootfs, "layer.tar"), tag);
    await rm(rootfs, { recursive: true, force: true });
    await copySources(program.module, path.join(work, "src"));
    await compile(host, client, { tag, work, program }, report);
    const file = path.join(work, "target", "release", program.binary);
    const { size } = await stat(file);
    const entry = { type: "file" as const, mode: 0o755, content: { file, size } };
    const entries = [
      { name: "usr/local/bin", type: "directory" as const, mode: 0o755 },
      { name: `usr/local/bin/${program.binary}`, ...entry },
    ];
    return await writeTar(path.join(folder, "layer.tar"), entries, host.signal);
  } finally {
    await client
      .getImage(tag)
      .remove({ force: true })
      .catch((error: unknown) => report(`the builder's image ${tag} stays: ${String(error)}`, { finished: true }));
    await rm(rootfs, { recursive: true, force: true });
    await rm(work, { recursive: true, force: true });
  }
}

async function importImage(client: Docker, file: string, tag: string): Promise<void> {
  const [repo, name] = tag.split(":") as [string, string];
  const answer = await client.importImage(file, { repo, tag: name });
  await drain(answer, () => {});
  if ((await inspectImage(client, tag)) === undefined) throw new Error(`Docker imported ${tag}, but does not have it`);
}

async function copySources(from: string, to: string): Promise<void> {
  for (const name of await rustSources(from)) {
    await mkdir(path.dirname(path.join(to, name)), { recursive: true });
    await copyFile(path.join(from, name), path.join(to, name));
  }
}

async function compile(
  host: Host,
  client: Docker,
  { tag, work, program }: { tag: string; work: string; program: RustProgram },
  report: Report,
): Promise<void> {
  const { uid, gid, home } = host.user;
  const roots = "/etc/ssl/certs/ca-certificates.crt";
  const binds = [`${work}:/build`, ...((await readable(roots)) ? [`${roots}:${roots}:ro`] : [])];
  const cargo = path.join(work, "cargo");
  await mkdir(cargo, { recursive: true });
  // Which registry mirror this machine uses.
  const own = path.join(host.env.CARGO_HOME || path.join(home, ".cargo"), "config.toml");
  if (await readable(own)) await copyFile(own, path.join(cargo, "config.toml"));
  const inherited = Object.entries(host.env).flatMap(([name, value]) =>
    value !== undefined && INHERITED.test(name) && !/TOKEN|CREDENTIAL/.test(name) ? [`${name}=${value}`] : [],
  );
  const container = await client.createContainer({
    Image: tag,
    Cmd: ["cargo", "build", "--release", "--locked", "--bin", program.binary],
    WorkingDir: "/build/src",
    User: `${uid}:${gid}`,
    Env: [
      ...inherited,
      "HOME=/build",
      "CARGO_HOME=/build/cargo",
      "CARGO_TARGET_DIR=/build/target",
      `CARGO_HTTP_CAINFO=${roots}`,
      "CARGO_TERM_COLOR=never",
    ],
    Tty: true,
    HostConfig: {
      Binds: binds,
      // Registries are asked as this machine asks them, also by a proxy on its loopback.
      NetworkMode: "host",
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges"],
    },
  });
  try {
    await watch(host, container, program, report);
  } finally {
    await container.remove({ force: true });
  }
}

async function watch(host: Host, container: Docker.Container, program: RustProgram, report: Report): Promise<void> {
  const output = await container.attach({ stream: true, stdout: true, stderr: true });
  const lines: string[] = [];
  const text = output.pipe(new PassThrough());
  text.setEncoding("utf8");
  text.on("data", (chunk: string) => {
    for (const line of chunk.split(/[\r\n]+/)) {
      if (line.trim() === "") continue;
      lines.push(line.trim());
      report(`building ${program.binary}: ${line.trim().slice(0, 100)}`);
    }
  });
  const limit = AbortSignal.any([host.signal, AbortSignal.timeout(buildLimitMs)]);
  const stop = () => void container.kill().catch(() => {});
  limit.addEventListener("abort", stop, { once: true });
  try {
    await container.start();
    const { StatusCode } = (await container.wait()) as { StatusCode: number };
    if (limit.aborted) throw new Error(`the build of ${program.binary} was stopped`);
    if (StatusCode !== 0)
      throw new Error(`cargo could not build ${program.binary} (exit ${StatusCode}):\n${lines.slice(-15).join("\n")}`);
  } catch (error) {
    throw (error as { statusCode?: number }).statusCode === undefined
      ? error
      : daemonError(`build ${program.binary}`, error);
  } finally {
    limit.removeEventListener("abort", stop);
  }
}

async function readable(file: string): Promise<boolean> {
  try {
    await access(file, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
