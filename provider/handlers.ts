/** Every resource type and function of this provider, by its token. Called over the wire and, by `drift`, in-process. */
import { facts } from "./facts.ts";
import type { ResourceHandler } from "./handler.ts";
import type { Host } from "./host.ts";
import { certificateAuthority } from "./resources/certificate-authority.ts";
import { goSdk } from "./resources/go-sdk.ts";
import { goTool } from "./resources/go-tool.ts";
import { localImage } from "./resources/local-image.ts";
import { managedFile } from "./resources/managed-file.ts";
import { processLimit } from "./resources/process-limit.ts";
import { systemdUnit } from "./resources/systemd-unit.ts";
import { timezone } from "./resources/timezone.ts";
import { trustAnchors } from "./resources/trust-anchors.ts";
import { trustBundle } from "./resources/trust-bundle.ts";

// The dispatcher does not know what a handler's arguments are; each handler checks its own.
type AnyHandler = ResourceHandler<object, object>;

export const handlers: Readonly<Record<string, AnyHandler>> = {
  "workstation:index:ManagedFile": managedFile as unknown as AnyHandler,
  "workstation:index:ProcessLimit": processLimit as unknown as AnyHandler,
  "workstation:index:LocalImage": localImage as unknown as AnyHandler,
  "workstation:index:CertificateAuthority": certificateAuthority as unknown as AnyHandler,
  "workstation:index:GoSdk": goSdk as unknown as AnyHandler,
  "workstation:index:GoTool": goTool as unknown as AnyHandler,
  "workstation:index:TrustAnchors": trustAnchors as unknown as AnyHandler,
  "workstation:index:TrustBundle": trustBundle as unknown as AnyHandler,
  "workstation:index:SystemdUnit": systemdUnit as unknown as AnyHandler,
  "workstation:index:Timezone": timezone as unknown as AnyHandler,
};

export type FunctionHandler = (host: Host, args: Record<string, unknown>) => Promise<object>;

export const functions: Readonly<Record<string, FunctionHandler>> = {
  "workstation:index:facts": (host, args) => facts(host, args),
};
