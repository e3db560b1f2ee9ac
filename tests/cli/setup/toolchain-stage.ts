/** A machine in a folder: a `go` that answers like the real one but compiles nothing, and a release server on loopback. */
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

export interface Stage {
  folder: string;
  cacheDir: string;
  pulumiHome: string;
  env: NodeJS.ProcessEnv;
  /** Lines of `go build`, one a call. */
  builds: () => string[];
  remove: () => void;
}

/** `seconds`: how long each build takes. `fail`: what it says before it fails. */
export function stage(options: { go?: string | undefined; seconds?: number; fail?: string } = {}): Stage {
  const folder = mkdtempSync(join(tmpdir(), "toolchain-"));
  const log = join(folder, "builds.log");
  writeFileSync(log, "");
  const version = "go" in options ? options.go : "go1.26.8";
  const bin = join(folder, "goroot", "bin");
  mkdirSync(bin, { recursive: true });
  if (version !== undefined) {
    writeFileSync(join(folder, "goroot", "VERSION"), `${version}\ntime 2026-01-01\n`);
    script(
      join(bin, "go"),
      `if [ "$1" = env ]; then
  echo '{"GOPROXY":"off","GOMODCACHE":"${folder}/gomod","GOTOOLCHAIN":"local","GOVERSION":"${version}","GOENV":"off","GOFLAGS":""}'
  exit 0
fi
echo "$GOTOOLCHAIN $PWD $*" >> ${log}
echo "fmt" >&2
sleep ${options.seconds ?? 0}
${options.fail === undefined ? "" : `echo '${options.fail}' >&2; exit 1`}
while [ "$1" != "-o" ]; do shift; done
echo "#!/bin/sh" > "$2"; echo "echo v3.256.0" >> "$2"; chmod 755 "$2"`,
    );
  }
  return {
    folder,
    cacheDir: join(folder, "cache"),
    pulumiHome: join(folder, "pulumi"),
    env: { PATH: `${bin}:/usr/bin:/bin`, HOME: folder, WORKSTATION_RELEASE_MIRROR: "http://127.0.0.1:9" },
    builds: () => readFileSync(log, "utf8").split("\n").filter(Boolean),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export function script(path: string, body: string): void {
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
}

/** Runs `ensureToolchain` in a process of its own, as two terminals would. */
export function elsewhere(on: Stage): { done: Promise<{ code: number | null; output: string }>; kill: () => void } {
  const module = pathToFileURL(join(__dirname, "../../../cli/setup/toolchain.ts")).href;
  const program = `const { ensureToolchain } = await import(${JSON.stringify(module)});
    const options = ${JSON.stringify({ cacheDir: on.cacheDir, pulumiHome: on.pulumiHome, env: on.env })};
    const made = await ensureToolchain({ ...options, report: (e) => console.log(e.step, e.detail ?? "") });
    console.log(JSON.stringify(made));`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], { env: { ...process.env, ...on.env } });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += String(chunk)));
  return {
    done: new Promise((resolve) => child.on("close", (code) => resolve({ code, output }))),
    kill: () => child.kill("SIGKILL"),
  };
}

export interface ReleaseServer {
  url: string;
  asked: string[];
  close: () => Promise<void>;
}

/** Serves what the official release would hold; `corrupt` changes the engine's archive after its digest was taken. */
export async function serveRelease(folder: string, options: { corrupt?: boolean } = {}): Promise<ReleaseServer> {
  const files = new Map<string, Buffer>();
  const publish = (
    dir: string,
    archive: string,
    list: string,
    content: Record<string, string>,
    version: string,
  ): void => {
    const from = mkdtempSync(join(folder, "release-"));
    for (const [path, body] of Object.entries(content)) {
      mkdirSync(join(from, path, ".."), { recursive: true });
      script(join(from, path), body);
    }
    execFileSync("tar", ["-czf", join(from, archive), "-C", from, ...Object.keys(content)]);
    const bytes = readFileSync(join(from, archive));
    const digest = createHash("sha256").update(bytes).digest("hex");
    const damaged = options.corrupt === true && dir === "pulumi" ? Buffer.concat([bytes, Buffer.from("x")]) : bytes;
    const base = `/pulumi/${dir}/releases/download/v${version}`;
    files.set(`${base}/${archive}`, damaged);
    files.set(`${base}/${list}`, Buffer.from(`${digest}  ${archive}\n`));
  };
  const goarch = process.arch === "x64" ? "amd64" : process.arch;
  publish(
    "pulumi",
    `pulumi-v3.256.0-linux-${process.arch}.tar.gz`,
    "pulumi-3.256.0-checksums.txt",
    { "pulumi/pulumi": "echo v3.256.0", "pulumi/pulumi-language-nodejs": "echo host" },
    "3.256.0",
  );
  for (const [name, version] of Object.entries({ command: "1.2.1", docker: "5.2.0", random: "4.21.2" })) {
    publish(
      `pulumi-${name}`,
      `pulumi-resource-${name}-v${version}-linux-${goarch}.tar.gz`,
      `pulumi-${name}_${version}_checksums.txt`,
      { [`pulumi-resource-${name}`]: `echo ${name}` },
      version,
    );
  }
  const asked: string[] = [];
  const server: Server = createServer((request, response) => {
    asked.push(request.url ?? "");
    const body = files.get(request.url ?? "");
    if (body === undefined) response.writeHead(404).end();
    else response.writeHead(200, { "content-length": body.length }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
