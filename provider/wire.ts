/** The engine's ResourceProvider service over our handlers. Everything that is not plain values stays on this side. */
import * as grpc from "@grpc/grpc-js";
import plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import services from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import struct from "google-protobuf/google/protobuf/struct_pb.js";
import type { Report, ResourceHandler } from "./handler.ts";
import type { FunctionHandler } from "./handlers.ts";
import type { Host } from "./host.ts";
import { grpcError } from "./wire-errors.ts";
import type { EngineLog } from "./wire-log.ts";
import { packageSchema } from "./wire-schema.ts";
import { type Decoded, decode, encode, type PlainObject, redact, withUnknowns } from "./wire-values.ts";

export interface Service {
  version: string;
  host: Host;
  log: EngineLog;
  handlers: Readonly<Record<string, ResourceHandler<object, object>>>;
  functions: Readonly<Record<string, FunctionHandler>>;
  /** The engine wants all running work stopped. */
  cancel: () => void;
}

// Requests and responses of the generated code: their types differ in every call, so this boundary alone is untyped.
// biome-ignore lint/suspicious/noExplicitAny: the wire boundary
type Message = any;
type Work = (request: Message, seen: Seen) => Promise<Message>;

/** Every property bag that a call brought in, so that no message about it shows a secret. */
class Seen {
  readonly texts: Set<string>[] = [];

  decode(value: Message): Decoded {
    const decoded = decode((value?.toJavaScript() ?? {}) as PlainObject);
    this.texts.push(decoded.secretTexts);
    return decoded;
  }

  clean = (message: string): string => redact(message, ...this.texts);
}

export function serve(service: Service): grpc.UntypedServiceImplementation {
  const { host, log } = service;

  const unary =
    (work: Work): grpc.handleUnaryCall<Message, Message> =>
    (call, callback) => {
      const seen = new Seen();
      work(call.request, seen).then(
        (response) => callback(null, response),
        (error: unknown) => callback(grpcError(error, seen.clean)),
      );
    };
  const nothing = async () => new empty.Empty();

  const handlerOf = (request: Message): ResourceHandler<object, object> => {
    const type: string = request.getType() || typeOfUrn(request.getUrn());
    const handler = service.handlers[type];
    if (handler === undefined) {
      const known = Object.keys(service.handlers).join(", ");
      throw new Error(`the provider "workstation" has no resource type "${type}"; it has ${known}`);
    }
    return handler;
  };
  const reporter = (request: Message, seen: Seen): Report => log.report(request.getUrn(), seen.clean);

  /** Unknown values cannot be acted on; the engine should not have sent them. */
  const known = (decoded: Decoded, what: string): object => {
    if (decoded.unknown.size > 0)
      throw new Error(`${what} got values that are not known yet: ${[...decoded.unknown].join(", ")}`);
    return decoded.values;
  };

  const outputs = (handler: ResourceHandler<object, object>, values: object, ...inputs: Decoded[]): Message =>
    struct.Struct.fromJavaScript(encode(values, secretNames(handler, ...inputs)));

  const check: Work = async (request, seen) => {
    const handler = handlerOf(request);
    const news = seen.decode(request.getNews());
    const result = await handler.check(host, news.values, news.unknown);
    const response = new messages.CheckResponse();
    response.setInputs(struct.Struct.fromJavaScript(withUnknowns(encode(result.inputs, news.secret), news)));
    for (const failure of result.failures) {
      const message = new messages.CheckFailure();
      message.setProperty(failure.property);
      message.setReason(seen.clean(failure.reason));
      response.addFailures(message);
    }
    return response;
  };

  const diff: Work = async (request, seen) => {
    const handler = handlerOf(request);
    const olds = seen.decode(request.getOlds());
    const news = seen.decode(request.getNews());
    const ignored = new Set<string>(request.getIgnorechangesList());
    const result = await handler.diff(host, olds.values, news.values, news.unknown);
    const changed = result.changed.filter((name) => !ignored.has(name));
    const replaces = result.replaces.filter((name) => changed.includes(name));
    const { DiffChanges } = messages.DiffResponse;
    const { Kind } = messages.PropertyDiff;
    const response = new messages.DiffResponse();
    response.setChanges(changed.length > 0 ? DiffChanges.DIFF_SOME : DiffChanges.DIFF_NONE);
    response.setDiffsList(changed);
    response.setReplacesList(replaces);
    response.setDeletebeforereplace(replaces.length > 0 && result.deleteBeforeReplace);
    response.setHasdetaileddiff(true);
    for (const name of changed) {
      const detail = new messages.PropertyDiff();
      detail.setKind(replaces.includes(name) ? Kind.UPDATE_REPLACE : Kind.UPDATE);
      for (const path of result.details?.[name] ?? [name]) response.getDetaileddiffMap().set(path, detail);
    }
    return response;
  };

  const create: Work = async (request, seen) => {
    const handler = handlerOf(request);
    const news = seen.decode(request.getProperties());
    const response = new messages.CreateResponse();
    if (request.getPreview()) {
      const values = encode(await handler.preview(host, news.values), secretNames(handler, news));
      response.setProperties(struct.Struct.fromJavaScript(withUnknowns(values, news)));
      return response;
    }
    const inputs = known(news, "create");
    const result = await handler.create(host, inputs, reporter(request, seen)).catch(marking(handler, news));
    response.setId(result.id);
    response.setProperties(outputs(handler, result.outputs, news));
    return response;
  };

  const read: Work = async (request, seen) => {
    const handler = handlerOf(request);
    const olds = seen.decode(request.getProperties());
    const inputs = seen.decode(request.getInputs());
    const importing = Object.keys(olds.raw).length === 0;
    const result = await handler.read(host, request.getId(), importing ? undefined : olds.values);
    const response = new messages.ReadResponse();
    // No id: the engine takes it as gone.
    if (result === undefined) return response;
    const secret = secretNames(handler, olds, inputs);
    response.setId(result.id);
    response.setProperties(struct.Struct.fromJavaScript(encode(result.outputs, secret)));
    response.setInputs(struct.Struct.fromJavaScript({ ...inputs.raw, ...encode(result.inputs, secret) }));
    return response;
  };

  const update: Work = async (request, seen) => {
    const handler = handlerOf(request);
    const olds = seen.decode(request.getOlds());
    const news = seen.decode(request.getNews());
    const response = new messages.UpdateResponse();
    if (request.getPreview()) {
      const values = encode(await handler.preview(host, news.values), secretNames(handler, news));
      response.setProperties(struct.Struct.fromJavaScript(withUnknowns(values, news)));
      return response;
    }
    const inputs = known(news, "update");
    const result = await handler
      .update(host, request.getId(), olds.values, inputs, reporter(request, seen))
      .catch(marking(handler, news));
    response.setProperties(outputs(handler, result, news));
    return response;
  };

  const remove: Work = async (request, seen) => {
    const olds = seen.decode(request.getProperties());
    seen.decode(request.getOldInputs());
    await handlerOf(request).delete(host, request.getId(), olds.values, reporter(request, seen));
    return new empty.Empty();
  };

  const invoke: Work = async (request, seen) => {
    const token: string = request.getTok();
    const run = service.functions[token];
    if (run === undefined) {
      throw new Error(
        `the provider "workstation" has no function "${token}"; it has ${Object.keys(service.functions).join(", ")}`,
      );
    }
    const result = await run(host, known(seen.decode(request.getArgs()), token) as Record<string, unknown>);
    const response = new messages.InvokeResponse();
    response.setReturn(struct.Struct.fromJavaScript(encode(result, new Set())));
    return response;
  };

  const checkConfig: Work = async (request, seen) => {
    const news = seen.decode(request.getNews());
    const response = new messages.CheckResponse();
    response.setInputs(request.getNews());
    for (const name of Object.keys(news.values)) {
      // These two belong to the engine: they choose the plugin.
      if (name === "version" || name === "pluginDownloadURL") continue;
      const failure = new messages.CheckFailure();
      failure.setProperty(name);
      failure.setReason('the provider "workstation" takes no settings; remove this one');
      response.addFailures(failure);
    }
    return response;
  };

  return {
    handshake: unary(async (request) => {
      log.setAddress(request.getEngineAddress());
      const response = new messages.ProviderHandshakeResponse();
      response.setAcceptSecrets(true);
      return response;
    }),
    getPluginInfo: unary(async () => {
      const response = new plugin.PluginInfo();
      response.setVersion(service.version);
      return response;
    }),
    getSchema: unary(async () => {
      const response = new messages.GetSchemaResponse();
      response.setSchema(packageSchema(service.version));
      return response;
    }),
    checkConfig: unary(checkConfig),
    diffConfig: unary(async () => {
      const response = new messages.DiffResponse();
      response.setChanges(messages.DiffResponse.DiffChanges.DIFF_NONE);
      return response;
    }),
    configure: unary(async () => {
      const response = new messages.ConfigureResponse();
      response.setAcceptsecrets(true);
      response.setSupportspreview(true);
      return response;
    }),
    attach: unary(async (request) => {
      log.setAddress(request.getAddress());
      return new empty.Empty();
    }),
    cancel: unary(async () => {
      service.cancel();
      return nothing();
    }),
    check: unary(check),
    diff: unary(diff),
    create: unary(create),
    read: unary(read),
    update: unary(update),
    delete: unary(remove),
    invoke: unary(invoke),
    getMapping: unary(async () => new messages.GetMappingResponse()),
    getMappings: unary(async () => new messages.GetMappingsResponse()),
    ...refused("parameterize", "call", "construct"),
  };
}

export const service = services.ResourceProviderService;

function refused(...names: string[]): grpc.UntypedServiceImplementation {
  const answer: grpc.handleUnaryCall<Message, Message> = (_call, callback) =>
    callback({ code: grpc.status.UNIMPLEMENTED, details: 'the provider "workstation" has nothing of that kind' });
  return Object.fromEntries(names.map((name) => [name, answer]));
}

/** Outputs are secret when an input of the same name is, or one that they tell something about. */
function secretNames(handler: ResourceHandler<object, object>, ...bags: Decoded[]): Set<string> {
  const secret = new Set(bags.flatMap((bag) => [...bag.secret]));
  for (const name of [...secret]) for (const told of handler.reveals?.[name] ?? []) secret.add(told);
  return secret;
}

/** A partial result goes to the state too: its secrets are wrapped as those of a whole one. */
function marking(handler: ResourceHandler<object, object>, news: Decoded) {
  return (error: unknown): never => {
    if (error instanceof Error && "outputs" in error) {
      Object.assign(error, {
        wireOutputs: encode(error.outputs as object, secretNames(handler, news)),
        wireInputs: news.raw,
      });
    }
    throw error;
  };
}

/** `urn:pulumi:stack::project::parent$type::name` */
function typeOfUrn(urn: string): string {
  return (urn.split("::")[2] ?? "").split("$").pop() ?? "";
}
