/** The service over real gRPC, spoken to by the engine's own generated client. */
import * as grpc from "@grpc/grpc-js";
import services from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import struct from "google-protobuf/google/protobuf/struct_pb.js";
import { PartialResourceError } from "../../provider/errors.ts";
import type { ResourceHandler } from "../../provider/handler.ts";
import { serve, service } from "../../provider/wire.ts";
import { type Scratch, scratch } from "./scratch.ts";

const key = "4dabf18193072939515e22adb298388d";
const secret = (value: string) => ({ [key]: "1b47061264138c4ac30d75fd1eb44270", value });
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const urn = "urn:pulumi:s::p::a:b:C$workstation:index:StandIn::thing";

interface Inputs {
  name: string;
  content?: string;
}

/** Stand-in for a resource type: fails on command, otherwise echoes. */
const standIn: ResourceHandler<Inputs, Inputs & { length: number }> = {
  reveals: { content: ["length"] },
  async check(_host, news, missing) {
    const failures = news.name === "bad" ? [{ property: "name", reason: `is "bad" with ${news.content}` }] : [];
    return { inputs: { name: missing.has("name") ? "" : "default", ...news }, failures };
  },
  diff: async (_host, olds, news, missing) => {
    const changed = (["name", "content"] as const).filter((name) => missing.has(name) || olds[name] !== news[name]);
    return { changed, replaces: changed.filter((name) => name === "name"), deleteBeforeReplace: true };
  },
  preview: async (_host, news) => ({ ...news, length: 0 }),
  async create(host, news) {
    if (news.name === "partial") throw new PartialResourceError("half done", "id-1", { ...news, length: 1 });
    if (news.name === "wait") {
      await new Promise((_resolve, reject) => host.signal.addEventListener("abort", () => reject(host.signal.reason)));
    }
    if (news.name === "fail") throw new Error(`no luck with ${news.content}`);
    return { id: news.name, outputs: { ...news, length: news.content?.length ?? 0 } };
  },
  read: async (_host, id, olds) =>
    id === "gone"
      ? undefined
      : { id, inputs: olds === undefined ? { name: id } : {}, outputs: { name: id, ...olds, length: 9 } },
  update: async (_host, _id, _olds, news) => ({ ...news, length: 2 }),
  delete: async () => {},
};

let machine: Scratch;
let server: grpc.Server;
// biome-ignore lint/suspicious/noExplicitAny: the generated client, as on the provider's side of the wire
let client: any;

beforeAll(async () => {
  machine = scratch();
  const running = new AbortController();
  server = new grpc.Server();
  server.addService(
    service,
    serve({
      version: "1.2.3",
      host: { ...machine.host, signal: running.signal },
      log: { setAddress: () => {}, report: () => () => {}, warn: () => {} },
      handlers: { "workstation:index:StandIn": standIn as never },
      functions: { "workstation:index:echo": async (_host, args) => ({ got: args }) },
      cancel: () => running.abort(new Error("the run was cancelled")),
    }),
  );
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  client = new services.ResourceProviderClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
});
afterAll(() => {
  client.close();
  server.forceShutdown();
  machine.remove();
});

type Sent = Record<string, unknown>;
function call(method: string, request: string, fields: Record<string, unknown>): Promise<never> {
  // biome-ignore lint/suspicious/noExplicitAny: generated messages
  const message = new (messages as any)[request]();
  for (const [name, value] of Object.entries(fields)) {
    const bag = value !== null && typeof value === "object" && !Array.isArray(value);
    message[`set${name}`](bag ? struct.Struct.fromJavaScript(value as never) : value);
  }
  return new Promise((resolve, reject) =>
    client[method](message, (error: unknown, response: never) => (error ? reject(error) : resolve(response))),
  );
}
// biome-ignore lint/suspicious/noExplicitAny: generated messages
const plain = (bag: any): Sent => bag.toJavaScript();

test("handshake, configuration, plugin information and schema", async () => {
  const configured = (await call("configure", "ConfigureRequest", { Args: {} })) as InstanceType<
    typeof messages.ConfigureResponse
  >;
  expect(configured.getAcceptsecrets()).toBe(true);
  expect(configured.getSupportspreview()).toBe(true);
  const schema = (await call("getSchema", "GetSchemaRequest", {})) as InstanceType<typeof messages.GetSchemaResponse>;
  expect(Object.keys(JSON.parse(schema.getSchema()).resources)).toContain("workstation:index:ManagedFile");
  const config = (await call("checkConfig", "CheckRequest", {
    Urn: urn,
    News: { version: "1", extra: "x" },
  })) as InstanceType<typeof messages.CheckResponse>;
  expect(config.getFailuresList().map((failure) => failure.getProperty())).toEqual(["extra"]);
});

test("check fills in defaults, keeps secrets and unknowns, and shows no secret in a failure", async () => {
  const news = { name: unknown, content: secret("very-secret") };
  const response = (await call("check", "CheckRequest", { Urn: urn, News: news })) as InstanceType<
    typeof messages.CheckResponse
  >;
  expect(plain(response.getInputs())).toEqual(news);
  const bad = (await call("check", "CheckRequest", {
    Urn: urn,
    News: { name: "bad", content: secret("very-secret") },
  })) as InstanceType<typeof messages.CheckResponse>;
  expect(bad.getFailuresList()[0]?.getReason()).toBe('is "bad" with [secret]');
});

test("diff says what changes, what replaces, and honours ignored properties", async () => {
  const bags = { Urn: urn, Olds: { name: "a", content: "1" }, News: { name: "b", content: "2" } };
  const all = (await call("diff", "DiffRequest", bags)) as InstanceType<typeof messages.DiffResponse>;
  expect(all.getDiffsList()).toEqual(["name", "content"]);
  expect(all.getReplacesList()).toEqual(["name"]);
  expect(all.getDeletebeforereplace()).toBe(true);
  expect(all.getDetaileddiffMap().get("name")?.getKind()).toBe(messages.PropertyDiff.Kind.UPDATE_REPLACE);
  const none = (await call("diff", "DiffRequest", { ...bags, IgnorechangesList: ["name", "content"] })) as typeof all;
  expect(none.getChanges()).toBe(messages.DiffResponse.DiffChanges.DIFF_NONE);
});

test("create marks outputs of the same name, and those that tell of a secret", async () => {
  const created = (await call("create", "CreateRequest", {
    Urn: urn,
    Properties: { name: "n", content: secret("12345") },
  })) as InstanceType<typeof messages.CreateResponse>;
  expect(created.getId()).toBe("n");
  expect(plain(created.getProperties())).toEqual({
    name: "n",
    content: secret("12345"),
    length: { ...secret("x"), value: 5 },
  });
});

test("preview answers what is known", async () => {
  const created = (await call("create", "CreateRequest", {
    Urn: urn,
    Properties: { name: "n", content: unknown },
    Preview: true,
  })) as InstanceType<typeof messages.CreateResponse>;
  expect(plain(created.getProperties())).toEqual({ name: "n", content: unknown, length: 0 });
});

test("read: gone has no id; a refresh keeps declared inputs; an import answers them", async () => {
  type Read = InstanceType<typeof messages.ReadResponse>;
  const gone = (await call("read", "ReadRequest", { Id: "gone", Urn: urn, Properties: { name: "gone" } })) as Read;
  expect(gone.getId()).toBe("");
  const inputs = { name: "n", content: secret("12345") };
  const read = (await call("read", "ReadRequest", { Id: "n", Urn: urn, Properties: inputs, Inputs: inputs })) as Read;
  expect(plain(read.getInputs())).toEqual(inputs);
  expect(plain(read.getProperties()).content).toEqual(secret("12345"));
  const imported = (await call("read", "ReadRequest", { Id: "n", Urn: urn, Properties: {} })) as Read;
  expect(plain(imported.getInputs())).toEqual({ name: "n" });
});

test("an exception is its message: no stack, no secret", async () => {
  const failing = call("create", "CreateRequest", {
    Urn: urn,
    Properties: { name: "fail", content: secret("very-secret") },
  });
  await expect(failing).rejects.toMatchObject({ code: grpc.status.UNKNOWN, details: "no luck with [secret]" });
});

test("what exists after a failure is handed to the engine, secrets wrapped", async () => {
  const failing = call("create", "CreateRequest", {
    Urn: urn,
    Properties: { name: "partial", content: secret("very-secret") },
  });
  const error = await failing.then(
    () => undefined,
    (reason: grpc.ServiceError) => reason,
  );
  const details = error?.metadata.get("grpc-status-details-bin")[0] as Buffer;
  expect(details.includes("pulumirpc.ErrorResourceInitFailed")).toBe(true);
  expect(details.includes("id-1")).toBe(true);
  expect(details.includes("1b47061264138c4ac30d75fd1eb44270")).toBe(true);
});

test("unknown types and functions are named with those that exist", async () => {
  const type = call("create", "CreateRequest", { Urn: urn.replace("StandIn", "Nothing"), Properties: {} });
  await expect(type).rejects.toMatchObject({ details: expect.stringContaining("it has workstation:index:StandIn") });
  const echo = (await call("invoke", "InvokeRequest", {
    Tok: "workstation:index:echo",
    Args: { a: [1] },
  })) as InstanceType<typeof messages.InvokeResponse>;
  expect(plain(echo.getReturn())).toEqual({ got: { a: [1] } });
  await expect(call("invoke", "InvokeRequest", { Tok: "x:y:z", Args: {} })).rejects.toMatchObject({
    details: expect.stringContaining('no function "x:y:z"'),
  });
});

// Last: the service is cancelled for good after it.
test("cancel stops running work", async () => {
  const waiting = call("create", "CreateRequest", { Urn: urn, Properties: { name: "wait" } });
  const ended = expect(waiting).rejects.toMatchObject({ details: "the run was cancelled" });
  await new Promise((resolve) => setTimeout(resolve, 50));
  await new Promise((resolve) => client.cancel(new empty.Empty(), resolve));
  await ended;
});
