/** Certificates for tests, made by openssl. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
const openssl = (cwd: string, ...args: string[]): string =>
  execFileSync("openssl", args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });

export interface Authority {
  pem: string;
  /** A certificate for localhost and 127.0.0.1 that it signed, with its key. */
  leaf: { cert: string; key: string };
}

export function authority(name: string): Authority {
  const folder = mkdtempSync(path.join(tmpdir(), "trust-test-"));
  const read = (file: string): string => readFileSync(path.join(folder, file), "utf8");
  try {
    const subject = ["-subj", `/O=Test/CN=${name}`];
    openssl(
      folder,
      "req",
      "-utf8",
      "-x509",
      ...EC,
      "-keyout",
      "root.key",
      "-out",
      "root.pem",
      "-days",
      "2",
      ...subject,
    );
    openssl(folder, "req", ...EC, "-keyout", "leaf.key", "-out", "leaf.csr", "-subj", "/CN=localhost");
    writeFileSync(path.join(folder, "leaf.ext"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
    const signed = ["-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-extfile", "leaf.ext", "-days", "2"];
    openssl(folder, "x509", "-req", "-in", "leaf.csr", ...signed, "-out", "leaf.pem");
    return { pem: read("root.pem"), leaf: { cert: read("leaf.pem"), key: read("leaf.key") } };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
