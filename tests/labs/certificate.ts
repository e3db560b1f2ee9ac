/** A root of its own and a certificate from it, made by openssl. */
import { readFile, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import { run } from "./server.ts";

export interface Certificate {
  /** PEM of the root; clients trust this. */
  root: string;
  /** The same in a file, for SSL_CERT_FILE and GIT_SSL_CAINFO. */
  rootFile: string;
  cert: string;
  key: string;
}

const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

/** For host names and addresses, valid for two days. Its files go into `folder`. */
export async function certificate(folder: string, names: readonly string[]): Promise<Certificate> {
  const openssl = (...args: string[]) => run("openssl", args, { cwd: folder });
  await openssl("req", "-x509", ...KEY, "-keyout", "root.key", "-out", "root.pem", "-days", "2", "-subj", "/CN=Lab");
  await openssl("req", ...KEY, "-keyout", "leaf.key", "-out", "leaf.csr", "-subj", "/CN=lab");
  const list = names.map((name) => `${isIP(name) === 0 ? "DNS" : "IP"}:${name}`);
  await writeFile(join(folder, "leaf.ext"), `subjectAltName=${list.join(",")}\n`);
  const signer = ["-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-extfile", "leaf.ext", "-days", "2"];
  await openssl("x509", "-req", "-in", "leaf.csr", ...signer, "-out", "leaf.pem");
  const read = (name: string) => readFile(join(folder, name), "utf8");
  return {
    root: await read("root.pem"),
    rootFile: join(folder, "root.pem"),
    cert: await read("leaf.pem"),
    key: await read("leaf.key"),
  };
}
