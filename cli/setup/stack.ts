/** Step 5: the stack of this checkout, with a person's own settings file. */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { basename, join } from "node:path";
import { addEngineKeys, type EngineKeys, engineKeys } from "../../config/edit-credentials.ts";
import { seedStackFile } from "../../config/seed.ts";
import { LABEL_STACK } from "../../domain/names.ts";
import { type Context, chosenStack, stackFile } from "../context.ts";
import { type DockerApi, labelled } from "../docker.ts";
import { checkpointFile } from "../engine/checkpoint.ts";
import type { Engine } from "../engine/engine.ts";
import { readRunRecord } from "../engine/fingerprint.ts";
import { messageOf } from "../errors.ts";
import { check } from "../process.ts";
import { writeFileAtomic } from "./record.ts";
import type { Backend } from "./state.ts";

/** A login name in the form of a stack name. `dev` is the team's file, so nobody's stack is called that. */
export function stackNameFor(login: string): string {
  const name = login
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 36)
    .replace(/-+$/, "");
  if (name === "") return "workstation";
  return name.length === 1 || name === "dev" ? `${name}-user` : name;
}

/** `root`, `root-2`, `root-3`: the first that is free. */
export async function freeName(wanted: string, taken: (name: string) => Promise<boolean>): Promise<string> {
  for (let number = 1; ; number++) {
    const name = number === 1 ? wanted : `${wanted}-${number}`;
    if (!(await taken(name))) return name;
  }
}

/** The name that was chosen before, or a new one that collides with nothing on this machine. */
export async function chooseStack(context: Context, docker: DockerApi, backend: Backend): Promise<string> {
  const chosen = chosenStack(context);
  if (chosen !== undefined) return chosen;
  const wanted = stackNameFor(loginName(context.env));
  const name = await freeName(wanted, async (candidate) => await taken(context, docker, backend, candidate));
  if (name !== wanted) {
    context.terminal.line(
      `Stack: the name "${wanted}" belongs to another checkout or to containers of another state folder, so this one is called "${name}".`,
    );
  }
  mkdirSync(context.local, { recursive: true });
  writeFileAtomic(join(context.local, "stack"), `${name}\n`, 0o644);
  return name;
}

export function loginName(env: Context["env"]): string {
  try {
    return userInfo().username;
  } catch {
    return env.USER ?? "";
  }
}

async function taken(context: Context, docker: DockerApi, backend: Backend, name: string): Promise<boolean> {
  if (stackExists(backend, name)) {
    const record = readRunRecord(context.stateDir, name);
    return record !== undefined && record.root !== context.root && existsSync(join(record.root, "Pulumi.yaml"));
  }
  const containers = await docker.get<unknown[]>(`/containers/json?all=true&${labelled(`${LABEL_STACK}=${name}`)}`);
  return backend.folder !== undefined && containers !== undefined && containers.length > 0;
}

/** For a file backend a look at a file; others are asked by the engine itself. */
export function stackExists(backend: Backend, stack: string): boolean {
  const file = checkpointFile(backend, stack);
  return file !== undefined && existsSync(file);
}

/** Seeds the person's file from the team's default. True when it was written now. */
export function ensureStackFile(context: Context, stack: string): boolean {
  const file = stackFile(context, stack);
  if (existsSync(file)) return false;
  const seed = seedStackFile(readFileSync(join(context.root, "Pulumi.dev.yaml"), "utf8"), stack);
  writeFileAtomic(file, seed, 0o644);
  return true;
}

/** Makes the stack in the backend when it is not there. */
export async function initStack(context: Context, engine: Engine, backend: Backend): Promise<void> {
  if (stackExists(backend, engine.stack)) return;
  if (backend.folder === undefined) {
    // Other backends answer only through the engine.
    try {
      await engine.command(["stack", "output"]);
      return;
    } catch (error) {
      if (!/no stack named/.test(messageOf(error))) throw error;
    }
  }
  const file = stackFile(context, engine.stack);
  dropForeignSalt(file);
  const before = readFileSync(file, "utf8");
  const args = ["stack", "init", "--non-interactive", "--no-select", engine.stack];
  await check(engine.program, args, { cwd: context.root, env: engine.env });
  // The engine adds its salt and respells the rest: comments move, empty lines go. Only what it added is taken over.
  const name = basename(file);
  const added = engineKeys(readFileSync(file, "utf8"), name);
  const same = Object.entries(engineKeys(before, name)).every(
    ([key, value]) => added[key as keyof EngineKeys] === value,
  );
  if (same) writeFileAtomic(file, addEngineKeys(before, name, added), 0o644);
}

/** A salt left from another state folder belongs to another passphrase. Only encrypted values would need it. */
function dropForeignSalt(file: string): void {
  const text = readFileSync(file, "utf8");
  const without = text.replace(/^encryptionsalt:.*\n?/m, "");
  if (without !== text && !/^\s+secure:/m.test(text)) writeFileAtomic(file, without, 0o644);
}
