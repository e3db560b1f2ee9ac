/** Runs every command that README and docs show, as shown, in the order in which they are shown. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chown, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { Workbench } from "./support/workbench.ts";

const minutes = 60_000;
const run = promisify(execFile);

/** Words that stand for something the reader fills in: such a line is a form, not a command. */
const placeholder = /\b[A-Z]{3,}\b|…|<|\[|\|/;

/** This is the run that `test` starts; and what set-up installed is shared with the machine the tests run on. */
const elsewhere = new Set(["test", "uninstall"]);

/** Questions are answered beforehand, because nobody sits there. */
const asks = new Set(["up", "destroy", "uninstall"]);

function commandsIn(text: string): string[] {
  const fenced = [...text.matchAll(/^```sh\n(.*?)^```/gms)].flatMap((match) => (match[1] ?? "").split("\n"));
  const inline = [...text.matchAll(/`(\.\/workstation [^`]+)`/g)].map((match) => match[1] ?? "");
  // Recorded sessions: what was typed stands behind the prompt.
  const typed = [...text.matchAll(/^\$ (.+)$/gm)].map((match) => match[1] ?? "");
  const evaluated = [...text.matchAll(/\$\((\.\/workstation [^)]+)\)/g)].map((match) => match[1] ?? "");
  return [...fenced, ...typed, ...inline, ...evaluated]
    .map((line) => line.trim())
    .filter((line) => line.startsWith("./workstation "));
}

/** `a && b` shown as one line is two commands. Quotes hold words together, as in a shell; what follows `;` is the shell's. */
function argumentsOf(line: string): string[][] {
  const words = (part: string) =>
    [...part.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? "");
  return (line.split(";")[0] ?? "").split(" && ").map((part) => words(part.replace(/^\.\/workstation /, "")));
}

/** Shown because it ends so. */
const endings = new Map([["./workstation exec hello -- sh -c 'exit 7'; echo $?", 7]]);

/** A real agent with a key in it; ends with the test. */
async function startAgent(folder: string): Promise<{ socket: string; process: ChildProcess }> {
  const socket = join(folder, "agent.sock");
  const key = join(folder, "key");
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
  const agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: ["ignore", "pipe", "inherit"] });
  // It prints the socket's address when it listens.
  await once(agent.stdout, "data");
  await run("ssh-add", ["-q", key], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
  return { socket, process: agent };
}

let bench: Workbench;
let agent: ChildProcess | undefined;
let commands: { page: string; line: string }[] = [];

beforeAll(async () => {
  bench = await Workbench.open();
  const started = await startAgent(bench.folder);
  agent = started.process;
  bench.environment.SSH_AUTH_SOCK = started.socket;
  const home = join(bench.folder, "home");
  for (const name of ["mine", "greeting"]) {
    const folder = join(home, "src", name);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "go.mod"), `module example.com/${name}\n\ngo 1.22\n`);
    await writeFile(join(folder, "main.go"), "package main\n\nfunc main() {}\n");
    // What the pages tell someone to do whose projects belong to root.
    if (process.getuid?.() === 0) await chown(folder, 1000, 1000);
  }
  const pages = (await readdir(join(bench.checkout, "docs"))).filter((name) => name.endsWith(".md")).sort();
  for (const page of ["README.md", ...pages.map((name) => `docs/${name}`)]) {
    const text = await readFile(join(bench.checkout, page), "utf8");
    commands.push(...commandsIn(text).map((line) => ({ page, line })));
  }
  const seen = new Set<string>();
  commands = commands.filter(({ line }) => !placeholder.test(line) && !seen.has(line) && seen.add(line));
  // What undoes comes last, wherever it is shown.
  const undoes = ({ line }: { line: string }) => Number(line.includes("destroy"));
  commands.sort((a, b) => undoes(a) - undoes(b));
}, 5 * minutes);

afterAll(async () => {
  agent?.kill("SIGTERM");
  await bench?.close();
}, 2 * minutes);

test("the pages show the commands of every day", () => {
  const names = new Set(commands.flatMap(({ line }) => argumentsOf(line).map(([name]) => name)));
  for (const name of ["up", "drift", "doctor", "shell", "exec", "project", "stop", "start", "destroy", "env"]) {
    expect(names).toContain(name);
  }
});

test(
  "each command runs as shown",
  async () => {
    const failures: string[] = [];
    for (const { page, line } of commands) {
      for (const [name = "", ...rest] of argumentsOf(line)) {
        if (elsewhere.has(name)) continue;
        const home = join(bench.folder, "home");
        const args = [
          name,
          ...rest.map((word) => word.replace(/^~(?=\/)/, home)),
          ...(asks.has(name) ? ["--yes"] : []),
        ];
        const result = await bench.workstation(...args);
        // Drift is an answer too: `drift` after `stop` has something to tell.
        const good = result.code === (endings.get(line) ?? 0) || (name === "drift" && result.code === 2);
        if (!good) failures.push(`${page}: ${line}: exit ${result.code}\n${result.stderr}`);
      }
    }
    expect(failures).toEqual([]);
  },
  30 * minutes,
);
