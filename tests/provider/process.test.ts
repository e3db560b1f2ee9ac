/** The plugin as the engine starts it: a process that prints its port, serves, and goes when its parent goes. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import * as grpc from "@grpc/grpc-js";
import services from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import struct from "google-protobuf/google/protobuf/struct_pb.js";
import { isAlive } from "../../provider/host-files.ts";
import { type Scratch, scratch } from "./scratch.ts";

const program = path.join(__dirname, "../../provider/pulumi-resource-workstation");
let machine: Scratch;
beforeEach(() => {
  machine = scratch();
});
afterEach(() => machine.remove());

const environment = () => ({
  ...process.env,
  WORKSTATION_CACHE_DIR: machine.real("/cache"),
  WORKSTATION_STATE_DIR: machine.real("/state"),
  NODE_COMPILE_CACHE: "",
});

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.stdout?.once("data", (text: Buffer) => resolve(text.toString().trim()));
    child.once("exit", (code) => reject(new Error(`ended with ${code}`)));
  });
}

test("a managed file from create to delete", async () => {
  const child = spawn(program, ["127.0.0.1:9"], { env: environment(), stdio: ["ignore", "pipe", "inherit"] });
  try {
    const port = await firstLine(child);
    expect(port).toMatch(/^\d+$/);
    // biome-ignore lint/suspicious/noExplicitAny: the generated client
    const client = new services.ResourceProviderClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure()) as any;
    // biome-ignore lint/suspicious/noExplicitAny: generated messages
    const send = (method: string, request: any): Promise<any> =>
      new Promise((resolve, reject) =>
        client[method](request, (error: unknown, response: unknown) => (error ? reject(error) : resolve(response))),
      );
    const urn = "urn:pulumi:s::p::workstation:index:ManagedFile::f";
    const file = machine.put("/etc/a", "before");
    const create = new messages.CreateRequest();
    create.setUrn(urn);
    create.setProperties(struct.Struct.fromJavaScript({ path: machine.real(file), mode: "whole", content: "after" }));
    const created = await send("create", create);
    expect(readFileSync(machine.real(file), "utf8")).toBe("after");
    const remove = new messages.DeleteRequest();
    remove.setUrn(urn);
    remove.setId(created.getId());
    remove.setProperties(created.getProperties());
    await send("delete", remove);
    expect(readFileSync(machine.real(file), "utf8")).toBe("before");
    client.close();
  } finally {
    child.kill("SIGTERM");
  }
}, 20_000);

test("it ends when the engine is killed", async () => {
  // The shell stands in for the engine: it prints the plugin's process number and waits.
  const script = `"${program}" >/dev/null & echo $!; wait`;
  const engine = spawn("sh", ["-c", script], { env: environment(), stdio: ["ignore", "pipe", "ignore"] });
  const plugin = Number(await firstLine(engine));
  await new Promise((resolve) => setTimeout(resolve, 1000));
  expect(isAlive(plugin)).toBe(true);
  engine.kill("SIGKILL");
  const deadline = Date.now() + 10_000;
  while (isAlive(plugin) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50));
  const alive = isAlive(plugin);
  if (alive) process.kill(plugin, "SIGKILL");
  expect(alive).toBe(false);
}, 20_000);
