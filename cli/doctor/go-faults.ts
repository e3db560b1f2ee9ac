/** Go and its tools outside containers, compared with the plan and with what was installed. */
import path from "node:path";
import type { GoHostPlan } from "../../domain/go-host/plan.ts";
import type { Host } from "../../provider/host.ts";
import { deepSdkDifferences, goSdk } from "../../provider/resources/go-sdk.ts";
import { goTool } from "../../provider/resources/go-tool.ts";
import { messageOf } from "../errors.ts";

/** One line for each thing that is wrong. `deep` compares the content of every file. */
export async function goFaults(host: Host, plan: GoHostPlan, deep: boolean): Promise<string[]> {
  const faults: string[] = [];
  for (const { version, tools } of plan.sdks) {
    const sdk = path.join(plan.folder, `go${version}`);
    faults.push(...(await quietly(() => sdkFaults(host, sdk, version, deep))));
    for (const { binary, version: wanted } of tools) {
      const file = path.join(`${sdk}-tools`, "bin", binary);
      faults.push(...(await quietly(() => toolFaults(host, file, `${binary} for go${version}`, wanted))));
    }
  }
  return faults;
}

/** What cannot be read is wrong too. */
async function quietly(look: () => Promise<string[]>): Promise<string[]> {
  try {
    return await look();
  } catch (error) {
    return [messageOf(error)];
  }
}

async function sdkFaults(host: Host, sdk: string, version: string, deep: boolean): Promise<string[]> {
  const found = await goSdk.read(host, sdk, undefined);
  if (found === undefined) return [`go${version} is not there`];
  const { damaged } = found.outputs;
  if (damaged.length > 0) return [`go${version}: ${damaged.join(", ")}`];
  const differ = deep ? ((await deepSdkDifferences(host, sdk)) ?? []) : [];
  return differ.length === 0 ? [] : [`go${version}: another content: ${differ.join(", ")}`];
}

async function toolFaults(host: Host, file: string, name: string, wanted: string): Promise<string[]> {
  const found = await goTool.read(host, file, undefined);
  if (found === undefined) return [`${name} is not there`];
  const { version, sha256, installed, go } = found.outputs;
  if (version !== wanted) return [`${name} is ${version}, not ${wanted}`];
  if (sha256 !== installed) return [`${name} was changed since it was installed`];
  return go === "" ? [`${name} may not be started (its permissions)`] : [];
}
