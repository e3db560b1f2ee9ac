/** A session of a stack whose Docker is a program and an object that answer with what real ones printed. */
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { DockerApi } from "../../../cli/docker.ts";
import { checkpointFile } from "../../../cli/engine/checkpoint.ts";
import type { Session } from "../../../cli/session.ts";
import { IMAGE_ID, records } from "../../domain/evidence/records.ts";

export const ROOT = join(__dirname, "../../..");
const RECORDED = join(ROOT, "tests/domain/evidence/recorded");

/** `lines` is shell that runs before the recorded answers come; what was asked is in FOLDER/asked. */
export function standInSession(folder: string, lines = "", root = ROOT): Session {
  const script = `#!/bin/sh
printf '%s\\n' "$*" >> ${folder}/asked
${lines}
case "$1" in
exec) cat ${RECORDED}/ca-status.json ;;
run) cat ${RECORDED}/installed.txt ;;
esac
`;
  writeFileSync(join(folder, "docker"), script);
  chmodSync(join(folder, "docker"), 0o755);
  const answers: Record<string, object> = {
    "/version": { Version: "20.10.24" },
    [`/images/${IMAGE_ID}/json`]: { RootFS: { Layers: [`sha256:${"2".repeat(64)}`] } },
  };
  const docker = { get: async (path: string) => answers[path] } as unknown as DockerApi;
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH}`, PULUMI_HOME: folder };
  const terminal = { step: async <T>(_: string, work: (news: () => void) => Promise<T>) => await work(() => {}) };
  const context = { root, env, cacheDir: join(folder, "cache"), stateDir: join(folder, "state"), terminal };
  return { context, stack: "ada", docker, backend: { folder, url: `file://${folder}` } } as unknown as Session;
}

/** The checkout and the engine's state as files. */
export function writeStack({ backend, stack, context: { root } }: Session, more: object = {}): void {
  const file = checkpointFile(backend, stack) ?? "";
  mkdirSync(dirname(file), { recursive: true });
  const latest = { resources: records.resources, ...more };
  writeFileSync(file, JSON.stringify({ version: 3, checkpoint: { latest } }));
  writeFileSync(join(root, `Pulumi.${stack}.yaml`), "config:\n  go-workstation:projects:\n    - path: ./shop\n");
  copyFileSync(join(ROOT, "package.json"), join(root, "package.json"));
}
