/** Layers that extend files of the base: root certificates and the user. Pure: base files in, archive entries out. */
import { X509Certificate } from "node:crypto";
import type { TarEntry } from "./tar.ts";

/** Content of the base's `etc/passwd` and others; what the base lacks is absent. */
export type BaseFiles = Readonly<Record<string, string | undefined>>;

const bundle = "etc/ssl/certs/ca-certificates.crt";

export function trustEntries(base: BaseFiles, certificates: readonly string[]): TarEntry[] {
  const entries: TarEntry[] = [];
  const added: string[] = [];
  for (const pem of certificates) {
    const certificate = new X509Certificate(pem);
    const fingerprint = certificate.fingerprint256.replaceAll(":", "").toLowerCase();
    const text = certificate.toString();
    added.push(text);
    // Found again by update-ca-certificates, should somebody run it in the image.
    entries.push(file(`usr/local/share/ca-certificates/go-workstation-${fingerprint}.crt`, text, 0o644));
  }
  entries.push(file(bundle, `${withNewline(base[bundle] ?? "")}${added.join("")}`, 0o644));
  return entries;
}

export interface ImageUser {
  name: string;
  uid: number;
  gid: number;
  directories: readonly string[];
}

/** The user replaces an account of the base that has its name or number: two names for one number confuse every tool. */
export function userEntries(base: BaseFiles, user: ImageUser): TarEntry[] {
  const passwd = rows(base["etc/passwd"]).filter((row) => row[0] !== user.name && row[2] !== String(user.uid));
  const gone = rows(base["etc/passwd"]).filter((row) => !passwd.some((kept) => kept[0] === row[0]));
  const shadow = rows(base["etc/shadow"]).filter(
    (row) => !gone.some((old) => old[0] === row[0]) && row[0] !== user.name,
  );
  const group = rows(base["etc/group"]).filter((row) => row[0] !== user.name || row[2] === String(user.gid));
  const home = `/home/${user.name}`;
  passwd.push([user.name, "x", String(user.uid), String(user.gid), "", home, "/bin/bash"]);
  // A group of the base with that number (such as 100, users) stays as it is.
  if (!group.some((row) => row[2] === String(user.gid))) group.push([user.name, "x", String(user.gid), ""]);
  shadow.push([user.name, "!", "19000", "0", "99999", "7", "", "", ""]);
  const folders = [...new Set([home, ...user.directories])].sort();
  return [
    file("etc/passwd", lines(passwd), 0o644),
    file("etc/group", lines(group), 0o644),
    file("etc/shadow", lines(shadow), 0o640, shadowGroup(group)),
    ...folders.map(
      (folder): TarEntry => ({
        name: folder.replace(/^\/+/, ""),
        type: "directory",
        mode: 0o755,
        uid: user.uid,
        gid: user.gid,
      }),
    ),
  ];
}

function shadowGroup(group: string[][]): number {
  return Number(group.find((row) => row[0] === "shadow")?.[2] ?? 0);
}

function rows(text: string | undefined): string[][] {
  return (text ?? "")
    .split("\n")
    .filter((row) => row !== "")
    .map((row) => row.split(":"));
}

function lines(table: string[][]): string {
  return table.map((row) => `${row.join(":")}\n`).join("");
}

function withNewline(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}

function file(name: string, text: string, mode: number, gid = 0): TarEntry {
  return { name, type: "file", mode, gid, content: Buffer.from(text) };
}
