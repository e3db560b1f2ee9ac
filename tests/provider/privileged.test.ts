/** The client against a server of the test's own, and files of a user whose rights end. */
import { mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { machineHost } from "../../provider/host.ts";
import { type Files, filesBelow } from "../../provider/host-files.ts";
import { withPrivileged } from "../../provider/host-privileged.ts";
import { type Privileged, privilegedClient } from "../../provider/privileged.ts";

let folder: string;
let server: net.Server | undefined;
const connections = new Set<net.Socket>();
const seen: Record<string, unknown>[] = [];

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "privileged-client-"));
  seen.length = 0;
});
afterEach(async () => {
  const closing = server;
  server = undefined;
  // The client keeps its connection for the next request.
  for (const connection of connections) connection.destroy();
  connections.clear();
  if (closing !== undefined) await new Promise((resolve) => closing.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

/** Answers each line with what `answer` makes of it; undefined cuts the connection. */
async function serve(answer: (request: Record<string, unknown>) => object | undefined): Promise<Privileged> {
  const socket = path.join(folder, "s");
  server = net.createServer((connection) => {
    let rest = "";
    connections.add(connection);
    connection.on("error", () => connection.destroy());
    connection.on("data", (part) => {
      const lines = (rest + part.toString()).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const request = JSON.parse(line) as Record<string, unknown>;
        seen.push(request);
        const reply = answer(request);
        if (reply === undefined) connection.destroy();
        else connection.write(`${JSON.stringify({ id: request.id, ...reply })}\n`);
      }
    });
  });
  await new Promise<void>((resolve) => server?.listen(socket, resolve));
  return privilegedClient(socket);
}

test("asks for each verb with exactly its fields", async () => {
  const client = await serve(() => ({ ok: true }));
  await client.write("/etc/wsl.conf", "ours\n", { mode: 0o644, owner: { uid: 0, gid: 0 } });
  await client.restore("/etc/wsl.conf", Buffer.from([0, 255]), { mode: 0o100600 });
  await client.remove("/etc/wsl.conf");
  await client.setMode("/etc/wsl.conf", 0o600);
  await client.makeFolder("/etc/docker");
  await client.removeFolder("/etc/docker");
  await client.link("/etc/localtime", "/usr/share/zoneinfo/UTC");
  await client.refreshTrust("debian");
  await client.restartDaemon("docker");
  await client.reloadUnits();
  await client.enableUnit("go-workstation-a.timer");
  await client.disableUnit("go-workstation-a.timer");
  expect(seen.map(({ id: _, ...rest }) => rest)).toEqual([
    { verb: "write", path: "/etc/wsl.conf", content: "b3Vycwo=", mode: "0644", uid: 0, gid: 0 },
    { verb: "restore", path: "/etc/wsl.conf", content: "AP8=", mode: "0600" },
    { verb: "remove", path: "/etc/wsl.conf" },
    { verb: "setMode", path: "/etc/wsl.conf", mode: "0600" },
    { verb: "makeFolder", path: "/etc/docker" },
    { verb: "removeFolder", path: "/etc/docker" },
    { verb: "link", path: "/etc/localtime", target: "/usr/share/zoneinfo/UTC" },
    { verb: "refreshTrust", kind: "debian" },
    { verb: "restartDaemon", name: "docker" },
    { verb: "reloadUnits" },
    { verb: "enableUnit", name: "go-workstation-a.timer" },
    { verb: "disableUnit", name: "go-workstation-a.timer" },
  ]);
});

test("values come back, and nothing is nothing", async () => {
  const values: Record<string, unknown> = {
    read: Buffer.from([0, 1, 255]).toString("base64"),
    stat: { kind: "file", mode: 0o600, uid: 0, gid: 0, size: 3 },
    makeFolder: true,
    removeFolder: false,
  };
  const client = await serve(({ verb, path: at }) => ({
    ok: true,
    value: at === "/missing" ? null : values[verb as string],
  }));
  expect(await client.read("/there")).toEqual(Buffer.from([0, 1, 255]));
  expect(await client.read("/missing")).toBeUndefined();
  expect(await client.stat("/there")).toEqual(values.stat);
  expect(await client.stat("/missing")).toBeUndefined();
  expect(await client.makeFolder("/there")).toBe(true);
  expect(await client.removeFolder("/there")).toBe(false);
});

test("requests that are made at once each get their own answer", async () => {
  const client = await serve(({ path: at }) => ({ ok: true, value: Buffer.from(String(at)).toString("base64") }));
  const paths = Array.from({ length: 50 }, (_, index) => `/file-${index}`);
  const contents = await Promise.all(paths.map((at) => client.read(at)));
  expect(contents.map(String)).toEqual(paths);
});

test("a refusal carries the helper's code and words", async () => {
  const client = await serve(() => ({ ok: false, code: "REFUSED", error: "not this one" }));
  await expect(client.remove("/etc/passwd")).rejects.toMatchObject({ code: "REFUSED", message: "not this one" });
});

test("a helper that ends in the middle is an error for all who wait, and the next request tries again", async () => {
  let cut = true;
  const client = await serve(() => (cut ? undefined : { ok: true }));
  const waiting = await Promise.allSettled([client.reloadUnits(), client.remove("/etc/wsl.conf")]);
  for (const one of waiting) {
    expect(one.status).toBe("rejected");
    expect(String((one as PromiseRejectedResult).reason)).toMatch(/ended.*run \.\/workstation up again/);
  }
  cut = false;
  await client.reloadUnits();
});

test("a helper that is not there any more is told so", async () => {
  await expect(privilegedClient(path.join(folder, "gone")).reloadUnits()).rejects.toThrow(/it has ended; run/);
});

describe("files of an ordinary user", () => {
  const denied = Object.assign(new Error("cannot write: this user may not"), { code: "EACCES" });
  const full = Object.assign(new Error("cannot write: no space"), { code: "ENOSPC" });
  /** Files whose every change fails so: what a user without rights meets. */
  const failing = (error: Error): Files => {
    const files = filesBelow(folder);
    const fail = () => Promise.reject(error);
    return { ...files, write: fail, remove: fail, setMode: fail, makeFolder: fail, removeEmptyFolder: fail };
  };
  const write = (files: Files, at = "/etc/wsl.conf") => files.write(at, "ours\n", { mode: 0o644 });

  test("go to the helper where the user's rights end", async () => {
    const client = await serve(({ verb }) => ({ ok: true, value: verb === "removeFolder" }));
    const files = withPrivileged(failing(denied), client);
    await write(files);
    await files.remove("/etc/wsl.conf");
    await files.setMode("/etc/wsl.conf", 0o600);
    expect(await files.makeFolder("/etc/docker")).toEqual(["/etc", "/etc/docker"]);
    expect(await files.removeEmptyFolder("/etc/docker")).toBe(true);
    expect(seen.map(({ verb, path: at }) => `${verb} ${at}`)).toEqual([
      "write /etc/wsl.conf",
      "remove /etc/wsl.conf",
      "setMode /etc/wsl.conf",
      "makeFolder /etc",
      "makeFolder /etc/docker",
      "removeFolder /etc/docker",
    ]);
  });

  test("never go there for another reason", async () => {
    const client = await serve(() => ({ ok: true }));
    await expect(write(withPrivileged(failing(full), client))).rejects.toBe(full);
    await write(withPrivileged(filesBelow(folder), client), "/mine");
    expect(seen).toEqual([]);
  });

  test("say once what to do where no helper runs", async () => {
    await expect(write(withPrivileged(failing(denied), undefined))).rejects.toMatchObject({
      code: "EACCES",
      message:
        "cannot write /etc/wsl.conf: that needs root's rights. Run `./workstation up`, which asks for sudo once (plain `pulumi up` does not), or run as root",
    });
    // A file that the helper never writes is not promised to anybody.
    await expect(write(withPrivileged(failing(denied), undefined), "/root/x")).rejects.toBe(denied);
  });

  test("say what the helper said when it refuses", async () => {
    const client = await serve(() => ({ ok: false, code: "REFUSED", error: '"/root/x" is not a path it touches' }));
    await expect(write(withPrivileged(failing(denied), client), "/root/x")).rejects.toThrow(
      'cannot write /root/x: this user may not, and neither does the privileged helper of this run: "/root/x" is not a path it touches',
    );
  });
});

test("root has no helper, whatever the environment names", () => {
  const env = { WORKSTATION_PRIVILEGED_SOCKET: "/run/x/s" };
  const user = (uid: number) => ({ name: "tester", uid, gid: uid, home: "/home/tester" });
  expect(machineHost({ env, user: user(0) }).privileged).toBeUndefined();
  expect(machineHost({ env, user: user(1000) }).privileged).toBeDefined();
  expect(machineHost({ env: {}, user: user(1000) }).privileged).toBeUndefined();
});
