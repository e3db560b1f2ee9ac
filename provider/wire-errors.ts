/** A handler's exception as the engine wants it: our message without a stack, and what exists nevertheless. */
import * as grpc from "@grpc/grpc-js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import status from "@pulumi/pulumi/proto/status_pb.js";
import any from "google-protobuf/google/protobuf/any_pb.js";
import struct from "google-protobuf/google/protobuf/struct_pb.js";
import { PartialResourceError } from "./errors.ts";
import type { PlainObject } from "./wire-values.ts";

export function grpcError(error: unknown, clean: (message: string) => string): Partial<grpc.ServiceError> {
  const message = clean(error instanceof Error ? error.message : String(error));
  const metadata = new grpc.Metadata();
  if (error instanceof PartialResourceError) {
    const { wireOutputs, wireInputs } = error as { wireOutputs?: PlainObject; wireInputs?: PlainObject };
    const detail = new messages.ErrorResourceInitFailed();
    detail.setId(error.id);
    detail.setProperties(struct.Struct.fromJavaScript(wireOutputs ?? {}));
    detail.setInputs(struct.Struct.fromJavaScript(wireInputs ?? {}));
    detail.setReasonsList([message]);
    const packed = new any.Any();
    packed.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
    const whole = new status.Status();
    whole.setCode(grpc.status.UNKNOWN);
    whole.setMessage(message);
    whole.addDetails(packed);
    // gRPC for Node has no call for structured details; this header is how they travel.
    metadata.add("grpc-status-details-bin", Buffer.from(whole.serializeBinary()));
  }
  return { code: grpc.status.UNKNOWN, details: message, metadata };
}
