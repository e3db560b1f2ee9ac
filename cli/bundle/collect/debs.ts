/**
 * The distribution's packages that set-up installs, as a small archive for apt. Their dependencies are closed as on a machine
 * that has nothing at all: what the other machine has already is passed over there.
 */
import { createHash } from "node:crypto";
import { createReadStream, existsSync, mkdirSync, readdirSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Context } from "../../context.ts";
import { CliError } from "../../errors.ts";
import { check, run } from "../../process.ts";
import { distribution } from "../../setup/distribution.ts";
import { findProgram, shorten } from "../../setup/packages.ts";
import { type Content, shortHash } from "../pack.ts";

/** As `up` asks for them; the second list where the distribution has them. */
const wanted = ["docker.io", "mmdebstrap"];
const optional = ["docker-cli"];

export interface Debs {
  contents: Content[];
  /** Such as `debian 12`. */
  distribution: string;
  docker: string;
}

export async function collectDebs(context: Context, work: string, news: (text: string) => void): Promise<Debs> {
  if (findProgram("apt-get", context.env) === undefined) return { contents: [], distribution: "", docker: "" };
  const folder = join(work, "debs");
  for (const part of ["lists/partial", "cache/archives/partial", "debs"])
    mkdirSync(join(work, "apt", part), { recursive: true });
  writeFileSync(join(work, "apt", "status"), "");
  const apt = join(work, "apt");
  const options = [
    `Dir::State::lists=${join(apt, "lists")}`,
    `Dir::State::status=${join(apt, "status")}`,
    `Dir::Cache=${join(apt, "cache")}`,
    "APT::Sandbox::User=",
    "Debug::NoLocking=1",
  ].flatMap((option) => ["-o", option]);
  const ask = async (args: string[]): Promise<string> =>
    await check("apt-get", [...options, ...args], {
      env: context.env,
      onLine: (line) => news(line.startsWith("Get:") ? "fetching packages" : shorten(line)),
    });
  news("reading package lists");
  await ask(["update", "-q"]);
  const extra: string[] = [];
  for (const name of optional) if ((await run("apt-cache", [...options, "show", name])).code === 0) extra.push(name);
  await ask(["install", "-y", "-q", "--download-only", "--no-install-recommends", ...wanted, ...extra]);
  renameSync(join(apt, "cache", "archives"), folder);
  const packages = await index(folder, news);
  writeFileSync(join(folder, "Packages"), packages);
  const key = shortHash(packages);
  return {
    contents: [
      {
        path: `debs-${key}.tar.zst`,
        kind: "debs",
        key,
        folder,
        leaveOut: (name) => name !== "Packages" && !name.endsWith(".deb"),
      },
    ],
    distribution: distribution(),
    docker: /^Package: docker\.io\n(?:.*\n)*?Version: (\S+)/m.exec(packages)?.[1] ?? "",
  };
}

/** What `dpkg-scanpackages` writes; that program is of a package that few machines have. */
async function index(folder: string, news: (text: string) => void): Promise<string> {
  const names = readdirSync(folder)
    .filter((name) => name.endsWith(".deb"))
    .sort();
  if (names.length === 0 || !existsSync(join(folder, names[0] as string)))
    throw new CliError("apt-get fetched no packages.");
  const parts: string[] = [];
  for (const name of names) {
    news(`${parts.length} of ${names.length} packages listed`);
    const file = join(folder, name);
    const hash = createHash("sha256");
    for await (const part of createReadStream(file)) hash.update(part as Buffer);
    const fields = (await check("dpkg-deb", ["-f", file])).trimEnd();
    parts.push(`${fields}\nFilename: ./${name}\nSize: ${statSync(file).size}\nSHA256: ${hash.digest("hex")}\n`);
  }
  return parts.join("\n");
}
