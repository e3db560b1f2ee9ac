/** What `up` says about go.sum files, before and after the engine. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DockerApi } from "../../../cli/docker.ts";
import { lookAtProjects, prefetchModules } from "../../../cli/gosum/tend.ts";
import type { Session } from "../../../cli/session.ts";
import { Terminal } from "../../../cli/terminal.ts";
import { parseSettings } from "../../../config/load.ts";
import { h1, line } from "../../domain/gosum/sums.ts";

let root: string;
let screen: string[];
let asked: string[];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "gows-tend-"));
  for (const name of ["aa", "bb"]) mkdirSync(join(root, name));
  [screen, asked] = [[], []];
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const projects = [{ path: "aa" }, { path: "bb" }];

/** A daemon that has no container. */
function session(stateDir = join(root, "state")): Session {
  const terminal = new Terminal({
    color: false,
    live: false,
    write: (text) => screen.push(text),
    columns: () => 80,
    now: () => 0,
  });
  const standinDocker = {
    get: async (path: string) => {
      asked.push(path);
      return undefined;
    },
  } as unknown as DockerApi;
  return { stack: "me", docker: standinDocker, context: { root, stateDir, env: {}, terminal } } as unknown as Session;
}

test("a changed hash is said by the look alone, before anything is built", async () => {
  writeFileSync(join(root, "aa", "go.sum"), line("x.y/m", "v1.0.0", "first"));
  writeFileSync(join(root, "bb", "go.sum"), line("x.y/m", "v1.0.0", "second"));
  await lookAtProjects(session(), parseSettings({ projects }));
  expect(screen.join("")).toContain(`! x.y/m@v1.0.0 has changed: ${h1("second")}`);
  expect(asked).toEqual([]);
});

test("a state folder that cannot be written is a warning, and nothing is fetched ahead", async () => {
  writeFileSync(join(root, "aa", "go.sum"), line("x.y/m", "v1.0.0"));
  writeFileSync(join(root, "file"), "");
  const broken = session(join(root, "file", "state"));
  const settings = parseSettings({ projects, goProxy: { mode: "local" } });
  await prefetchModules(broken, settings, await lookAtProjects(broken, settings));
  expect(screen.join("")).toMatch(/^! The go\.sum files of the projects could not be kept: .*ENOTDIR/);
  expect(asked).toEqual([]);
});

test("with a proxy its container is asked, without one nobody is", async () => {
  writeFileSync(join(root, "aa", "go.sum"), line("x.y/m", "v1.0.0"));
  const tended = await lookAtProjects(session(), parseSettings({ projects }));
  await prefetchModules(session(), parseSettings({ projects }), tended);
  expect(asked).toEqual([]);
  await prefetchModules(session(), parseSettings({ projects, goProxy: { mode: "local" } }), tended);
  expect(asked).toEqual(["/containers/gows-me-goproxy/json"]);
  expect(screen.join("")).toContain("the container gows-me-goproxy is not there");
});
