/** Progress to the engine's display: at most one passing status a second for a resource, finished steps always. */
import * as grpc from "@grpc/grpc-js";
import type { Report } from "./handler.ts";

export interface EngineLog {
  /** The engine can name another address after the start (`Attach`, `Handshake`). */
  setAddress(address: string): void;
  report(urn: string, clean: (message: string) => string): Report;
  warn(message: string): void;
}

const everyMs = 1000;

export function engineLog(address: string | undefined): EngineLog {
  let current = address;
  let client: Promise<(message: string, urn: string, ephemeral: boolean, warning: boolean) => void> | undefined;

  /** The client's modules load with the first message: most runs never send one. */
  const connect = async () => {
    const [{ default: services }, { default: messages }] = await Promise.all([
      import("@pulumi/pulumi/proto/engine_grpc_pb.js"),
      import("@pulumi/pulumi/proto/engine_pb.js"),
    ]);
    const engine = new services.EngineClient(current ?? "", grpc.credentials.createInsecure());
    return (message: string, urn: string, ephemeral: boolean, warning: boolean) => {
      const request = new messages.LogRequest();
      request.setSeverity(warning ? messages.LogSeverity.WARNING : messages.LogSeverity.INFO);
      request.setMessage(message);
      request.setUrn(urn);
      request.setEphemeral(ephemeral);
      // A display that does not listen must not stop the work.
      engine.log(request, () => {});
    };
  };
  const send = (message: string, urn: string, ephemeral: boolean, warning = false) => {
    if (current === undefined || current === "") return;
    client ??= connect();
    client.then((log) => log(message, urn, ephemeral, warning)).catch(() => {});
  };

  return {
    setAddress: (next) => {
      if (next === "" || next === current) return;
      current = next;
      client = undefined;
    },
    report: (urn, clean) => {
      let last = 0;
      return (message, options) => {
        const finished = options?.finished === true;
        const now = Date.now();
        if (!finished && now - last < everyMs) return;
        last = now;
        send(clean(message), urn, !finished);
      };
    },
    warn: (message) => send(message, "", false, true),
  };
}
