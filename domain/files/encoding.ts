/** How the bytes of a file make text: UTF-8, or UTF-16 as Notepad writes it. The byte order mark stays as it was. */
import { FileProblem } from "./problem.ts";

export interface Encoding {
  kind: "utf8" | "utf16le" | "utf16be";
  mark: boolean;
}

export const plainEncoding: Encoding = { kind: "utf8", mark: false };

const marks: [Encoding["kind"], readonly number[]][] = [
  ["utf8", [0xef, 0xbb, 0xbf]],
  ["utf16le", [0xff, 0xfe]],
  ["utf16be", [0xfe, 0xff]],
];

export function decodeText(bytes: Buffer): { text: string; encoding: Encoding } {
  const found = marks.find(([, mark]) => mark.every((byte, index) => bytes[index] === byte));
  const encoding: Encoding = found === undefined ? plainEncoding : { kind: found[0], mark: true };
  const body = bytes.subarray(found?.[1].length ?? 0);
  const text = encoding.kind === "utf8" ? body.toString("utf8") : swapped(body, encoding).toString("utf16le");
  if (text.includes("\0")) {
    throw new FileProblem("it holds zero bytes: it is no text, or UTF-16 without a byte order mark; save it as UTF-8");
  }
  // Compared instead of asked for strictly: what cannot be put together again byte for byte is not touched.
  if (!encodeText(text, encoding).equals(bytes)) {
    throw new FileProblem(`it is not valid ${encoding.kind === "utf8" ? "UTF-8" : "UTF-16"} text; save it as UTF-8`);
  }
  return { text, encoding };
}

export function encodeText(text: string, { kind, mark }: Encoding): Buffer {
  const body = kind === "utf8" ? Buffer.from(text, "utf8") : swapped(Buffer.from(text, "utf16le"), { kind, mark });
  const bytes = mark ? (marks.find(([name]) => name === kind)?.[1] ?? []) : [];
  return Buffer.concat([Buffer.from(bytes), body]);
}

/** Buffers know little-endian only. */
function swapped(bytes: Buffer, { kind }: Encoding): Buffer {
  if (kind !== "utf16be" || bytes.length % 2 === 1) return bytes;
  return Buffer.from(bytes).swap16();
}
