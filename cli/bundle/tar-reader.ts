/**
 * Reads a tar archive as it comes, without any package: it is used before packages are there. Knows what our own archives
 * have (files, folders, links, long names in pax headers) and refuses the rest.
 */
import { CliError } from "../errors.ts";

export interface TarHeader {
  name: string;
  type: "file" | "directory" | "symlink" | "link";
  mode: number;
  size: number;
  /** Of a link. */
  target: string;
}

export interface TarFile extends TarHeader {
  /** Has to be read to its end before the next entry is asked for; what is left is passed over. */
  body: AsyncGenerator<Buffer, void>;
}

const BLOCK = 512;
const types: Record<string, TarHeader["type"]> = {
  "0": "file",
  "\0": "file",
  "1": "link",
  "2": "symlink",
  "5": "directory",
};
/** Names and their like; more is an attack on our memory. */
const longestPax = 1 << 20;

class Source {
  private parts: Buffer[] = [];
  private held = 0;
  private readonly input: AsyncIterator<Buffer>;
  private readonly what: string;

  constructor(input: AsyncIterable<Buffer>, what: string) {
    this.input = input[Symbol.asyncIterator]();
    this.what = what;
  }

  /** What there is, at most `limit` bytes; undefined at the end. */
  async some(limit: number): Promise<Buffer | undefined> {
    while (this.held === 0) {
      const next = await this.input.next();
      if (next.done === true) return undefined;
      this.parts.push(next.value);
      this.held += next.value.length;
    }
    const first = this.parts[0] as Buffer;
    if (first.length <= limit) this.parts.shift();
    else this.parts[0] = first.subarray(limit);
    const part = first.subarray(0, limit);
    this.held -= part.length;
    return part;
  }

  async exactly(size: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let missing = size; missing > 0; ) {
      const part = await this.some(missing);
      if (part === undefined) throw this.cut();
      parts.push(part);
      missing -= part.length;
    }
    return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
  }

  cut(): CliError {
    return new CliError(`${this.what} ends too early: it was cut off. Get it again.`);
  }

  damaged(why: string): CliError {
    return new CliError(`${this.what} is damaged (${why}). Get it again.`);
  }
}

export async function* readTar(input: AsyncIterable<Buffer>, what: string): AsyncGenerator<TarFile, void> {
  const source = new Source(input, what);
  let pax: Record<string, string> = {};
  for (;;) {
    const block = await source.exactly(BLOCK);
    if (block.every((byte) => byte === 0)) {
      // Two empty blocks end it; what stands behind them would be nobody's.
      if (!(await source.exactly(BLOCK)).every((byte) => byte === 0)) throw source.damaged("no end mark");
      if ((await rest(source)) > 0) throw source.damaged("something stands behind its end");
      return;
    }
    const { header, flag } = parseHeader(block, source);
    if (flag === "x") {
      if (header.size > longestPax) throw source.damaged("a name that is too long");
      pax = parsePax(await source.exactly(header.size), source);
      await source.exactly(padding(header.size));
      continue;
    }
    const type = types[flag];
    if (type === undefined)
      throw source.damaged(
        `${JSON.stringify(header.name)} is of the kind ${JSON.stringify(flag)}, which no archive of ours has`,
      );
    const size = pax.size === undefined ? header.size : Number(pax.size);
    if (!Number.isSafeInteger(size) || size < 0 || (type !== "file" && size !== 0))
      throw source.damaged("a size that cannot be");
    const entry = { ...header, type, size, name: pax.path ?? header.name, target: pax.linkpath ?? header.target };
    pax = {};
    const body = bodyOf(source, size);
    yield { ...entry, body };
    for await (const part of body) void part;
    await source.exactly(padding(size));
  }
}

async function* bodyOf(source: Source, size: number): AsyncGenerator<Buffer, void> {
  for (let missing = size; missing > 0; ) {
    const part = await source.some(missing);
    if (part === undefined) throw source.cut();
    missing -= part.length;
    yield part;
  }
}

/** Zeroes fill up the last record; counts what is none. */
async function rest(source: Source): Promise<number> {
  let count = 0;
  for (let part = await source.some(1 << 20); part !== undefined; part = await source.some(1 << 20)) {
    count += part.every((byte) => byte === 0) ? 0 : part.length;
  }
  return count;
}

const padding = (size: number): number => (BLOCK - (size % BLOCK)) % BLOCK;

function parseHeader(block: Buffer, source: Source): { header: Omit<TarHeader, "type">; flag: string } {
  const text = (from: number, length: number): string => {
    const field = block.subarray(from, from + length);
    const end = field.indexOf(0);
    return field.subarray(0, end === -1 ? length : end).toString("utf8");
  };
  const number = (from: number, length: number): number => {
    const digits = text(from, length).trim();
    return /^[0-7]*$/.test(digits) ? Number.parseInt(digits || "0", 8) : Number.NaN;
  };
  let sum = 0;
  for (let at = 0; at < BLOCK; at += 1) sum += at >= 148 && at < 156 ? 32 : (block[at] as number);
  if (number(148, 8) !== sum) throw source.damaged("a header's checksum is wrong");
  if (!text(257, 6).startsWith("ustar")) throw source.damaged("no archive of ours");
  const prefix = text(345, 155);
  const size = number(124, 12);
  if (!Number.isSafeInteger(size)) throw source.damaged("a size that cannot be");
  return {
    header: {
      name: prefix === "" ? text(0, 100) : `${prefix}/${text(0, 100)}`,
      mode: number(100, 8) & 0o777,
      size,
      target: text(157, 100),
    },
    flag: String.fromCharCode(block[156] as number),
  };
}

/** `LENGTH NAME=VALUE\n`, the length in bytes over the whole line. */
function parsePax(content: Buffer, source: Source): Record<string, string> {
  const values: Record<string, string> = {};
  for (let at = 0; at < content.length; ) {
    const space = content.indexOf(32, at);
    const length = Number(content.subarray(at, space).toString("latin1"));
    if (space === -1 || !Number.isSafeInteger(length) || length < 5 || at + length > content.length) {
      throw source.damaged("a pax header cannot be read");
    }
    const line = content.subarray(space + 1, at + length - 1).toString("utf8");
    const equals = line.indexOf("=");
    values[line.slice(0, equals)] = line.slice(equals + 1);
    at += length;
  }
  return values;
}
