/** The module proxy's programs when the disk is really full, and when they are killed again and again under load. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { startUpstream, type UpstreamLab } from "../labs/upstream.ts";
import { type GateLab, type GatePrograms, gatePrograms, startGate } from "./support/gates.ts";
import type { Result } from "./support/workbench.ts";

const minutes = 60_000;
let programs: GatePrograms;
let upstream: UpstreamLab;

beforeAll(async () => {
  programs = await gatePrograms();
  upstream = await startUpstream();
}, 30 * minutes);

afterAll(async () => upstream?.stop(), minutes);

const start = (disk?: string): Promise<GateLab> =>
  startGate({
    ...{ programs, upstream: { GOPROXY: upstream.url }, shared: undefined, fetchTimeout: "30s" },
    ...(disk === undefined ? {} : { disk }),
  });

const said = ({ stdout, stderr }: Result): string => `${stdout}${stderr}`;

test(
  "a full disk says so, keeps nothing half, and goes on serving what is there",
  async () => {
    const gate = await start("6m");
    try {
      const small = ["rsc.io/quote@v1.5.2", "github.com/pkg/errors@v0.9.1"];
      expect((await gate.download(small)).code).toBe(0);
      const large = await gate.download(["golang.org/x/tools@v0.20.0"]);
      expect(large.code).not.toBe(0);
      expect(said(large)).toMatch(/no space left|disk/i);
      expect((await gate.download(small)).code).toBe(0);
      // What the large one took on its way is free again.
      expect((await gate.download(["github.com/google/uuid@v1.6.0"])).code).toBe(0);
    } finally {
      await gate.stop();
    }
  },
  2 * minutes,
);

test(
  "killed under load no client ever takes a wrong module, and all is served afterwards",
  async () => {
    const gate = await start();
    const modules = ["rsc.io/quote@v1.5.2", "github.com/BurntSushi/toml@v1.3.2", "golang.org/x/text@v0.22.0"];
    let stopped = false;
    const told: string[] = [];
    const client = async (number: number): Promise<void> => {
      for (let round = number; !stopped; round += 1) {
        const result = await gate.download([modules[round % modules.length] as string]);
        if (result.code !== 0) told.push(said(result));
      }
    };
    try {
      const clients = Array.from({ length: 6 }, (_, number) => client(number));
      for (let kill = 0; kill < 3; kill += 1) {
        // A new module is under way each time.
        const under = gate.download([`golang.org/x/tools@v0.2${kill}.0`]);
        await until(() => [...upstream.requests.keys()].some((path) => path.includes(`tools/@v/v0.2${kill}.0`)));
        await gate.end("SIGKILL");
        await gate.begin();
        await under;
      }
      stopped = true;
      await Promise.all(clients);
      // Go says so when a module is not what the checksum database has.
      expect(told.filter((text) => /checksum mismatch|SECURITY|not a valid zip/i.test(text))).toEqual([]);
      for (const module of [...modules, "golang.org/x/tools@v0.20.0"])
        expect([module, (await gate.download([module])).code]).toEqual([module, 0]);
      expect(halfVersions(join(gate.config.storage, "modules"))).toEqual([]);
    } finally {
      stopped = true;
      await gate.stop();
    }
  },
  4 * minutes,
);

async function until(holds: () => boolean): Promise<void> {
  const end = Date.now() + 30_000;
  while (!holds() && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Folders of versions that say they are whole, by their .info, and are not. */
function halfVersions(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".info"))
    .filter(({ parentPath }) => !["go.mod", "source.zip"].every((name) => readdirSync(parentPath).includes(name)))
    .map(({ parentPath }) => parentPath);
}
