/** The distribution's tool and every program at their real paths, in a mount namespace where those are copies. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { authority } from "./certificates.ts";

const child = path.resolve(__dirname, "../fixtures/trust-child.ts");
const COPIES = ["/etc/ssl/certs", "/usr/local/share/ca-certificates", "/etc/profile.d"];
/** Hooks of other packages would write elsewhere. */
const EMPTY = "/etc/ca-certificates/update.d";
const script = `set -e
for folder in ${COPIES.join(" ")}; do
  copy="$SCRATCH/copies$folder"
  mkdir -p "$copy"
  cp -a "$folder/." "$copy/"
  mount --bind "$copy" "$folder"
done
mkdir "$SCRATCH/empty"
mount --bind "$SCRATCH/empty" ${EMPTY}
: >/etc/ssl/certs/copy-of-a-test
exec "$NODE" --disable-warning=ExperimentalWarning "$CHILD" "$SCRATCH"
`;

/** What this machine has, outside the namespace. */
const outside = (): string => {
  const hash = createHash("sha256").update(readFileSync("/etc/ssl/certs/ca-certificates.crt"));
  for (const folder of COPIES) hash.update(readdirSync(folder).sort().join("\n"));
  return hash.digest("hex");
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "trust-namespace-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("programs follow a root that comes and goes, with nothing but the store and a login shell's profile to tell them", () => {
  const { pem, leaf } = authority("Namespace Root");
  for (const [name, text] of [
    ["root.pem", pem],
    ["cert.pem", leaf.cert],
    ["key.pem", leaf.key],
  ] as const)
    writeFileSync(path.join(folder, name), text);
  const before = outside();
  // An ordinary user becomes root of a namespace of users as well.
  const alone = process.getuid?.() === 0 ? ["-m"] : ["-r", "-m"];
  const output = execFileSync("unshare", [...alone, "/bin/sh", "-c", script], {
    encoding: "utf8",
    env: { PATH: process.env.PATH, SCRATCH: folder, NODE: process.execPath, CHILD: child },
  });
  const answer = JSON.parse(output.trim().split("\n").at(-1) ?? "");
  expect(answer).toEqual({
    everybody: ["curl", "git", "go", "node", "openssl", "python3"],
    before: [],
    added: ["curl", "git", "go", "node", "openssl", "python3"],
    removed: [],
    timeStays: true,
    timeMoves: true,
  });
  expect(outside()).toBe(before);
}, 180_000);
