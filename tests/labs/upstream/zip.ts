/** A well-formed module zip with other content than the real one. */
import { crc32 } from "node:zlib";

interface Entry {
  name: string;
  content: Buffer;
}

const u16 = (value: number): Buffer => Buffer.from([value & 0xff, value >> 8]);
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};

/** What the local header and the directory have in common: stored, 1 January 1980. */
const described = ({ name, content }: Entry): Buffer =>
  Buffer.concat([
    u16(20),
    u16(0),
    u16(0),
    u16(0),
    u16(0x21),
    u32(crc32(content)),
    u32(content.length),
    u32(content.length),
    u16(Buffer.byteLength(name)),
    u16(0),
  ]);

export function zip(entries: readonly Entry[]): Buffer {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const name = Buffer.from(entry.name);
    const file = Buffer.concat([u32(0x04034b50), described(entry), name, entry.content]);
    directory.push(
      Buffer.concat([u32(0x02014b50), u16(20), described(entry), u16(0), u16(0), u16(0), u32(0), u32(offset), name]),
    );
    files.push(file);
    offset += file.length;
  }
  const central = Buffer.concat(directory);
  const counts = [u16(0), u16(0), u16(entries.length), u16(entries.length)];
  const end = Buffer.concat([u32(0x06054b50), ...counts, u32(central.length), u32(offset), u16(0)]);
  return Buffer.concat([...files, central, end]);
}

/** Capital letters are written as `!` and the small one. */
const unescaped = (text: string): string => text.replaceAll(/!([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** For the path `/MODULE/@v/VERSION.zip`. */
export function changedZip(path: string): Buffer {
  const [, module = "", version = ""] = /^\/(.*)\/@v\/(.*)\.zip$/.exec(path) ?? [];
  const name = unescaped(module);
  const folder = `${name}@${unescaped(version)}`;
  const file = (inside: string, text: string): Entry => ({ name: `${folder}/${inside}`, content: Buffer.from(text) });
  return zip([file("go.mod", `module ${name}\n`), file("changed.go", "package changed\n")]);
}
