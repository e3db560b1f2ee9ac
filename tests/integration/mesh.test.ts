/**
 * The mesh under the real engine, daemon, Tongsuo and Go: what goes over the wire, that nothing leads around it, what happens
 * when services, tunnels or files change, and that all goes.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LinkStatus } from "../../cli/mesh.ts";
import { freePort } from "../labs/server.ts";
import { filesBelow, textsForOthers, until } from "./support/helpers.ts";
import { type Result, Workbench } from "./support/workbench.ts";

const minutes = 60_000;
let bench: Workbench;

const named = (role: string): string => `gows-${bench.stack}-${role}`;
const own = (...path: string[]): string => join(bench.checkout, ".workstation", bench.stack, ...path);

const service = `package main

import (
	"fmt"
	"net/http"
	"os"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "billing answers") })
	panic(http.ListenAndServe(os.Args[1], nil))
}
`;

async function inside(project: string, script: string): Promise<Result> {
  return await bench.workstation("exec", project, "--", "sh", "-c", script);
}

async function status(): Promise<{ code: number; links: LinkStatus[] }> {
  const { code, stdout, stderr } = await bench.workstation("mesh", "status", "--json");
  if (stdout === "") throw new Error(`mesh status: exit ${code}\n${stderr}`);
  return { code, links: (JSON.parse(stdout) as { links: LinkStatus[] }).links };
}

const holds = async (): Promise<boolean> => (await status()).code === 0;

/** The service of `billing`, at another address when asked again. */
async function serve(address: string): Promise<void> {
  await inside("billing", "pid=$(pidof billing) && kill $pid && while kill -0 $pid 2>/dev/null; do :; done; true");
  await bench.docker("exec", "--detach", named("billing"), "sh", "-c", `exec /tmp/billing ${address}`);
}

beforeAll(async () => {
  bench = await Workbench.open();
  for (const name of ["shop", "billing"]) {
    const folder = join(bench.folder, name);
    mkdirSync(folder);
    writeFileSync(join(folder, "go.mod"), `module example.com/${name}\n\ngo 1.22\n`);
    writeFileSync(join(folder, "main.go"), service);
  }
  writeFileSync(bench.stackFile, "config:\n  go-workstation:image:\n    source: bootstrap\n");
  await bench.configure(
    ["go-workstation:projects"],
    ["shop", "billing"].map((name) => ({ path: join(bench.folder, name) })),
  );
  await bench.configure(["go-workstation:smokeTest"], { enabled: false });
  await bench.configure(["go-workstation:goProxy"], { mode: "local", port: await freePort() });
  await bench.configure(["go-workstation:mesh"], {
    enabled: true,
    links: [
      { from: "*", to: "goproxy", port: 8443 },
      { from: "shop", to: "billing", port: 9000 },
    ],
  });
}, 5 * minutes);

afterAll(async () => bench?.close(), 2 * minutes);

test(
  "all links are SM4 with SM2 on the wire; a second up changes nothing",
  async () => {
    await bench.succeed("up", "--yes");
    await bench.docker("exec", named("billing"), "sh", "-c", "go build -o /tmp/billing .");
    await serve("127.0.0.1:9000");
    await until("the links", holds);
    const { links } = await status();
    expect(links.map(({ from, to }) => `${from} ${to}`).sort()).toEqual([
      "billing goproxy",
      "shop billing",
      "shop goproxy",
    ]);
    for (const { negotiated, to } of links) {
      expect(negotiated).toMatchObject({ suite: "0x00c6", suiteName: "TLS_SM4_GCM_SM3", group: "curveSM2" });
      expect(negotiated?.peer.names).toEqual([`${to}.mesh.gows-${bench.stack}.internal`]);
    }
    await bench.upChangesNothing();
  },
  30 * minutes,
);

test(
  "modules and requests go through, and nothing leads around",
  async () => {
    const download =
      "cd $(mktemp -d) && GOMODCACHE=$PWD/m GOFLAGS=-modcacherw go mod download -json rsc.io/quote@v1.5.2";
    const { code, stdout, stderr } = await inside("shop", download);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("h1:w5fcysjrx7yqtD/aO+QwRjYZOKnaM9Uh2b40tElTs3Y=");
    const asked = await inside("shop", `curl -s http://billing.gows-${bench.stack}.internal:9000/`);
    expect(asked.stdout).toBe("billing answers");
    const around = async (target: string) =>
      (await inside("shop", `curl -sk -m 5 -o /dev/null -w '%{exitcode}' ${target}; true`)).stdout;
    // 7: nobody listens there.
    expect(await around(`https://${named("goproxy")}:8443/`)).toBe("7");
    expect(await around(`http://${named("billing")}:9000/`)).toBe("7");
    // 35: TLS failed, since curl knows no SM4 and has no certificate.
    expect(await around(`https://${named("goproxy")}:18443/`)).toBe("35");
    const ports = await bench.docker("inspect", "--format", "{{json .HostConfig.PortBindings}}", named("goproxy"));
    expect(ports).toMatch(/^(null|\{\})$/);
  },
  5 * minutes,
);

test(
  "a service that others can reach without the tunnel gets nothing from it, until that ends",
  async () => {
    await serve("0.0.0.0:9000");
    await until("the refusal", async () => !(await holds()));
    const refused = await inside("shop", `curl -s -m 5 http://billing.gows-${bench.stack}.internal:9000/`);
    expect([refused.code === 0, refused.stdout]).toEqual([false, ""]);
    await serve("127.0.0.1:9000");
    await until("the link", holds);
  },
  5 * minutes,
);

test(
  "a restarted service gets its tunnels back by itself",
  async () => {
    await bench.docker("restart", "--time", "1", named("goproxy"));
    await bench.docker("restart", "--time", "1", named("billing"));
    await serve("127.0.0.1:9000");
    await until("the links", holds);
    await bench.succeed("stop");
    await bench.succeed("start");
    await serve("127.0.0.1:9000");
    await until("the links", holds);
    expect((await bench.drift()).report.drifted).toEqual([]);
  },
  5 * minutes,
);

test(
  "a removed tunnel, a widened configuration and a foreign certificate are drift, and up repairs them",
  async () => {
    const root = readFileSync(own("mesh", "ca", "out", "bundle.pem"), "utf8");
    const config = own("mesh", "tunnels", "mesh.billing.9000.rfc8998", "config.json");
    const widened = { ...(JSON.parse(readFileSync(config, "utf8")) as object), requireLoopback: false };
    // The authority would put the certificate right at once.
    await bench.docker("stop", "--time", "1", named("mesh-ca"));
    writeFileSync(config, JSON.stringify(widened));
    const leaf = own("mesh", "ca", "out", "shop", "current", "tls.crt");
    writeFileSync(leaf, readFileSync(own("mesh", "ca", "out", "billing", "current", "tls.crt")));
    await bench.docker("rm", "--force", named("mesh.shop.billing.9000"));
    const { report } = await bench.drift();
    expect(report.drifted.map(({ name, kind }) => `${name} ${kind}`).sort()).toEqual([
      "mesh-ca-authority changed",
      "mesh-ca-container changed",
      "mesh.billing.9000.rfc8998-config changed",
      "mesh.shop.billing.9000-container missing",
      "mesh.shop.billing.9000-processes missing",
    ]);
    await bench.succeed("up", "--yes");
    await until("the links", holds);
    await until("the certificate", async () => (await bench.drift()).report.drifted.length === 0);
    expect(readFileSync(own("mesh", "ca", "out", "bundle.pem"), "utf8")).toBe(root);
  },
  10 * minutes,
);

test(
  "no key is in state, containers, logs, or files that others may read",
  async () => {
    const keys = readdirSync(own("mesh", "ca", "out"))
      .map((leaf) => own("mesh", "ca", "out", leaf, "current", "tls.key"))
      .filter((file) => existsSync(file));
    expect(keys).toHaveLength(3);
    const secrets = keys.map((file) => readFileSync(file, "utf8").split("\n")[1] ?? "");
    for (const secret of secrets) expect(secret.length).toBeGreaterThan(40);
    const containers = (
      await bench.docker("ps", "-a", "--filter", `name=${named("mesh")}`, "--format", "{{.Names}}")
    ).split("\n");
    const texts = await Promise.all([
      bench.docker("inspect", ...containers),
      ...containers.map((name) => bench.docker("logs", name)),
      ...filesBelow(join(bench.folder, "state")).map((file) => readFileSync(file, "utf8")),
      ...textsForOthers(own()),
    ]);
    for (const secret of secrets) expect(texts.filter((text) => text.includes(secret))).toEqual([]);
  },
  2 * minutes,
);

test(
  "destroy leaves nothing",
  async () => {
    await bench.succeed("destroy", "--yes");
    expect(await bench.leftovers()).toEqual([]);
    expect(existsSync(own("mesh"))).toBe(false);
  },
  5 * minutes,
);
