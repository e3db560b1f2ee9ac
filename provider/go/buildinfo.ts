/** What a Go program says about its own making, read from the file as `go version -m` does, without starting Go. */

export interface BuildInfo {
  /** Go release that built it, such as `1.22.6`. */
  go: string;
  /** Package path of its main package. */
  package: string;
  /** Version of its main module, such as `v0.16.2`. */
  version: string;
  /** `h1:` sum of that module, as the checksum database has it; empty for a build from a folder. */
  sum: string;
}

const MAGIC = Buffer.from("\xff Go buildinf:", "latin1");
/** The block is aligned, and since Go 1.18 both texts stand in it as length and bytes. */
const ALIGN = 16;
const INLINE = 2;
const HEADER = 32;
/** Marks around the module lines. */
const SENTINEL = 16;

export function readBuildInfo(program: Buffer): BuildInfo | undefined {
  for (let at = program.indexOf(MAGIC); at >= 0; at = program.indexOf(MAGIC, at + 1)) {
    const flags = program[at + MAGIC.length + 1];
    if (at % ALIGN !== 0 || flags === undefined || (flags & INLINE) === 0) continue;
    const version = lengthPrefixed(program, at + HEADER);
    const lines = version && lengthPrefixed(program, version.end);
    if (version === undefined || lines === undefined || !version.text.startsWith("go")) continue;
    return parse(version.text, lines.text.slice(SENTINEL, -SENTINEL));
  }
  return undefined;
}

function lengthPrefixed(bytes: Buffer, at: number): { text: string; end: number } | undefined {
  let length = 0;
  for (let shift = 0, index = at; shift < 35; shift += 7, index += 1) {
    const byte = bytes[index];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) {
      const end = index + 1 + length;
      return end > bytes.length ? undefined : { text: bytes.toString("latin1", index + 1, end), end };
    }
  }
  return undefined;
}

function parse(version: string, lines: string): BuildInfo {
  const info: BuildInfo = { go: version.slice(2).split(" ")[0] ?? "", package: "", version: "", sum: "" };
  for (const line of lines.split("\n")) {
    const [kind, first = "", second = "", third = ""] = line.split("\t");
    if (kind === "path") info.package = first;
    if (kind === "mod") {
      info.version = second;
      info.sum = third;
    }
  }
  return info;
}
