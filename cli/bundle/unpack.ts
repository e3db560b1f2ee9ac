/**
 * Reads a bundle once, from its beginning to its end: manifest, signature, then each member, hashed as it is unpacked into
 * a staging folder. Nothing leaves that folder before all of it was right.
 */
import { createHash, type KeyObject } from "node:crypto";
import { createReadStream, statSync } from "node:fs";
import type { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { CliError, codeOf, messageOf } from "../errors.ts";
import { signerOf } from "../signing/keys.ts";
import { extract } from "./extract.ts";
import { MANIFEST, type Manifest, type Member, parseManifest, refuseWrongMachine, SIGNATURE } from "./manifest.ts";
import { readTar, type TarFile } from "./tar-reader.ts";

/** The manifest of a thousand members takes a quarter of it. */
const longestText = 4 << 20;

export interface Opened {
  manifest: Manifest;
  /** Undefined when nobody signed it. The signature fits. */
  signer: KeyObject | undefined;
}

export interface UnpackOptions {
  file: string;
  /** Says whether the bundle may be used, or throws, before anything of it is unpacked. */
  agree: (opened: Opened) => void;
  /** Empty folder that a member goes to; undefined when it is there already: then only its hash is checked. */
  place: (member: Member) => string | undefined;
  report?: (done: number, total: number) => void;
  signal?: AbortSignal;
}

export async function unpackBundle(options: UnpackOptions): Promise<Opened> {
  const reading = await startReading(options);
  const { entries, opened, first } = reading;
  options.agree(opened);
  const { members } = opened.manifest;
  let entry = first;
  for (const member of members) {
    if (entry === undefined) throw new CliError(`${options.file} is cut off: ${member.path} is missing. Get it again.`);
    if (entry.name !== member.path || entry.type !== "file") {
      throw new CliError(
        `${options.file} is damaged: ${JSON.stringify(entry.name)} stands where ${member.path} should be. Get it again.`,
      );
    }
    await unpackMember(options, member, entry);
    entry = (await entries.next()).value as TarFile | undefined;
  }
  if (entry !== undefined) {
    throw new CliError(
      `${options.file} was refused: it holds ${JSON.stringify(entry.name)}, which its ${MANIFEST} does not name.`,
    );
  }
  return opened;
}

/** Only who made it and what for; the members are not looked at. */
export async function openBundle(file: string): Promise<Opened> {
  const { opened, entries } = await startReading({ file });
  await entries.return();
  return opened;
}

interface Reading {
  entries: AsyncGenerator<TarFile, void>;
  opened: Opened;
  /** What follows manifest and signature. */
  first: TarFile | undefined;
}

async function startReading(options: Pick<UnpackOptions, "file" | "report" | "signal">): Promise<Reading> {
  const { file } = options;
  const total = sizeOf(file);
  const input = counted(
    createReadStream(file, { highWaterMark: 1 << 20 }),
    (done) => options.report?.(done, total),
    options.signal,
  );
  const entries = readTar(input, file);
  const head = await next(entries);
  if (head?.name !== MANIFEST || head.type !== "file") {
    throw new CliError(`${file} is no bundle: it does not begin with ${MANIFEST}.`);
  }
  const content = await textOf(head, file);
  const manifest = parseManifest(content.toString("utf8"), file);
  let first = await next(entries);
  let signer: KeyObject | undefined;
  if (first?.name === SIGNATURE) {
    signer = signerOf((await textOf(first, file)).toString("utf8"), content, file);
    first = await next(entries);
  }
  refuseWrongMachine(manifest, file);
  return { entries, opened: { manifest, signer }, first };
}

const next = async (entries: AsyncGenerator<TarFile, void>): Promise<TarFile | undefined> =>
  (await entries.next()).value as TarFile | undefined;

function sizeOf(file: string): number {
  try {
    return statSync(file).size;
  } catch (error) {
    throw new CliError(`The bundle ${file} cannot be read (${messageOf(error)}).`);
  }
}

async function* counted(
  input: AsyncIterable<Buffer>,
  report: (done: number) => void,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer, void> {
  let done = 0;
  for await (const part of input) {
    signal?.throwIfAborted();
    done += part.length;
    report(done);
    yield part;
  }
}

async function textOf(entry: TarFile, file: string): Promise<Buffer> {
  if (entry.size > longestText)
    throw new CliError(
      `${file}: ${entry.name} has ${entry.size} bytes, which is too much. It is damaged or no bundle.`,
    );
  const parts: Buffer[] = [];
  for await (const part of entry.body) parts.push(part);
  return Buffer.concat(parts);
}

async function unpackMember(options: UnpackOptions, member: Member, entry: TarFile): Promise<void> {
  const folder = options.place(member);
  const what = `${options.file}: ${member.path}`;
  const hash = createHash("sha256");
  const hashed = hashing(entry.body, hash);
  // Before it is unpacked: a wrong size is told as such, not as an archive that ends too early.
  if (entry.size !== member.size) throw changed(what);
  try {
    if (folder === undefined) for await (const part of hashed) void part;
    else {
      await pipeline(hashed, decompressor(member) as Transform, async (input: AsyncIterable<Buffer>) => {
        await extract(input, folder, what);
      });
    }
  } catch (error) {
    throw explained(error, what, folder);
  }
  if (hash.digest("hex") !== member.sha256) throw changed(what);
}

async function* hashing(
  input: AsyncIterable<Buffer>,
  hash: ReturnType<typeof createHash>,
): AsyncGenerator<Buffer, void> {
  for await (const part of input) {
    hash.update(part);
    yield part;
  }
}

const decompressor = (member: Member) => (member.path.endsWith(".gz") ? createGunzip() : createZstdDecompress());

const changed = (what: string): CliError =>
  new CliError(
    `${what} is not what was bundled: its SHA-256 differs from the manifest's. It was damaged on the way or changed: get the bundle again.`,
  );

function explained(error: unknown, what: string, folder: string | undefined): unknown {
  if (error instanceof CliError) return error;
  const code = codeOf(error);
  if (["ENOSPC", "EDQUOT"].includes(code)) {
    return new CliError(
      `The disk is full: ${what} cannot be unpacked to ${folder}. Free some, or set WORKSTATION_CACHE_DIR to another disk, and run this again.`,
      { cause: error },
    );
  }
  if (/^(Z_|ZSTD_|ERR_ZSTD|ERR_ZLIB)/.test(code)) return changed(what);
  return error;
}
