/** A program of this checkout for this machine itself, built by a Go that may have to be fetched. */
import { rm } from "node:fs/promises";
import path from "node:path";
import type { GoProgram } from "../../domain/recipe.ts";
import { onPath } from "../facts/programs.ts";
import { machineArch } from "../facts/system.ts";
import type { Report } from "../handler.ts";
import type { Host } from "../host.ts";
import { workFolder } from "../work-folder.ts";
import { builtProgram, programsCache } from "./program-cache.ts";

/** Path of the program; an SDK that was unpacked for the build is removed again. `program` has its digest. */
export async function programHere(host: Host, program: GoProgram, go: string, report: Report): Promise<string> {
  let work: string | undefined;
  const sdk = async () => {
    const found = await ownSdk(host, go);
    if (found !== undefined) return found;
    const { anySdkLayer, unpackSdk } = await import("../image/go-layers.ts");
    const layer = await anySdkLayer(host, go, machineArch(), report);
    work = await workFolder(host, programsCache(host));
    const folder = path.join(work, "sdk");
    await unpackSdk(host, layer, go, folder);
    return folder;
  };
  try {
    return (await builtProgram(host, { program, go, arch: machineArch() }, sdk, report)).file;
  } finally {
    if (work !== undefined) await rm(work, { recursive: true, force: true });
  }
}

/** The machine's own Go where it is that release. */
async function ownSdk(host: Host, version: string): Promise<string | undefined> {
  const go = await onPath("go", host.env.PATH);
  if (go === undefined) return undefined;
  const answer = await host.run(go, ["env", "GOROOT", "GOVERSION"], {
    env: { ...host.env, GOTOOLCHAIN: "local" },
    anyExit: true,
  });
  const [root = "", found = ""] = answer.stdout.trim().split("\n");
  return answer.code === 0 && found === `go${version}` ? root : undefined;
}
