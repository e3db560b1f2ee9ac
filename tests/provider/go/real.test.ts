/** A real SDK from the module proxy, and a small real tool built with it; the machine's own module and build caches help. */
import { execFileSync } from "node:child_process";
import { appendFileSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { goFaults } from "../../../cli/doctor/go-faults.ts";
import { type Host, machineHost } from "../../../provider/host.ts";
import { goSdk } from "../../../provider/resources/go-sdk.ts";
import { goTool } from "../../../provider/resources/go-tool.ts";

const quiet = () => {};
const minutes = 60_000;
const version = "1.22.6";
const pin = { package: "golang.org/x/tools/cmd/goimports", version: "v0.30.0", binary: "goimports" };
/** Of golang.org/x/tools v0.30.0 and of the toolchain module, as the checksum database has them. */
const SUMS = {
  tool: "h1:BgcpHewrV5AUp2G9MebG4XPFI1E2W41zU1SaqVA9vJY=",
  "linux-amd64": "h1:bNlzYVDdz3HI0dMPvwv7Fxx9i4gPk9afUcR+fLwLB64=",
};
const goEnv = (name: string): string => execFileSync("go", ["env", name], { encoding: "utf8" }).trim();

let scratch: string;
let folder: string;
let host: Host;

beforeAll(() => {
  scratch = mkdtempSync(path.join(tmpdir(), "go-real-test-"));
  folder = path.join(scratch, "go");
  host = machineHost({
    env: {
      ...process.env,
      GOROOT: "/nowhere",
      GOMODCACHE: goEnv("GOMODCACHE"),
      GOCACHE: goEnv("GOCACHE"),
      WORKSTATION_CACHE_DIR: path.join(scratch, "cache"),
      WORKSTATION_STATE_DIR: path.join(scratch, "state"),
    },
  });
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

test(
  "an SDK and a tool: installed, run, edited, seen, repaired, removed",
  async () => {
    const sdk = { version, folder };
    const tool = { ...pin, go: version, folder };
    const one = await goSdk.create(host, sdk, quiet);
    if (process.arch === "x64") expect(one.outputs.sum).toBe(SUMS["linux-amd64"]);
    const two = await goTool.create(host, tool, quiet);
    expect(two.outputs).toMatchObject({ ...tool, sum: SUMS.tool });
    const go = path.join(one.id, "bin/go");
    const said = execFileSync(go, ["version", "-m", two.id], { encoding: "utf8", env: { HOME: scratch } });
    expect(said).toContain(
      `: go${version}\n\tpath\t${pin.package}\n\tmod\tgolang.org/x/tools\t${pin.version}\t${SUMS.tool}\n`,
    );

    writeFileSync(path.join(scratch, "x.go"), "package x\n\nfunc f() { fmt.Println() }\n");
    const env = { HOME: scratch, PATH: path.dirname(go), GOTOOLCHAIN: "local", GOFLAGS: "-mod=mod" };
    expect(execFileSync(two.id, [path.join(scratch, "x.go")], { encoding: "utf8", env })).toContain('import "fmt"');

    const plan = { folder, sdks: [{ version, tools: [pin] }], env: { path: "", content: "" }, profile: undefined };
    expect(await goFaults(host, plan, true)).toEqual([]);
    appendFileSync(path.join(one.id, "src/fmt/print.go"), "// edited\n");
    appendFileSync(two.id, "x");
    expect(await goFaults(host, plan, false)).toEqual([
      "go1.22.6: src/fmt/print.go changed",
      "goimports for go1.22.6 was changed since it was installed",
    ]);
    await goSdk.update(host, one.id, one.outputs, sdk, quiet);
    await goTool.update(host, two.id, two.outputs, tool, quiet);
    expect(await goFaults(host, plan, true)).toEqual([]);

    await goTool.delete(host, two.id, two.outputs);
    await goSdk.delete(host, one.id, one.outputs);
    expect(existsSync(folder)).toBe(false);
    expect(readdirSync(path.join(scratch, "state/installed"))).toEqual([]);
    expect(await goFaults(host, plan, false)).toEqual(["go1.22.6 is not there", "goimports for go1.22.6 is not there"]);
  },
  10 * minutes,
);
