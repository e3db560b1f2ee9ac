/** From a file to what this machine has: all of a bundle is checked, then what is missing is put in place. No packages needed. */
import { homedir } from "node:os";
import { resolve } from "node:path";
import { interrupted } from "../interrupt.ts";
import { signingFolder } from "../signing/keys.ts";
import type { Terminal } from "../terminal.ts";
import type { Manifest } from "./manifest.ts";
import { type Places, placeBundle } from "./place.ts";
import { recordBundle } from "./record.ts";
import { type Consent, judgeSigner } from "./trusted.ts";

export interface Taking extends Places, Consent {
  file: string;
  env: NodeJS.ProcessEnv;
  terminal: Terminal;
}

/** What the entry script put in place a moment ago, and this process need not check again. */
export const placedVariable = "WORKSTATION_BUNDLE_PLACED";

export async function takeBundle(taking: Taking): Promise<Manifest> {
  const file = resolve(taking.file);
  const keys = signingFolder(taking.env, homedir());
  let words = "";
  return await taking.terminal.step(
    "Bundle",
    async (news) => {
      const { manifest, placed } = await placeBundle({
        root: taking.root,
        cacheDir: taking.cacheDir,
        file,
        agree: (opened) => {
          words = judgeSigner(opened, file, keys, taking);
        },
        report: (done, total) =>
          news(`${Math.round(done / 1e6)} of ${Math.round(total / 1e6)} MB checked and unpacked`),
        onWait: (holder) => news(`waiting for ${holder}, which unpacks one`),
        signal: interrupted,
      });
      recordBundle(taking.cacheDir, manifest);
      words = `${words}; ${placed} of ${manifest.members.length} parts were missing here`;
      return manifest;
    },
    () => words,
  );
}
