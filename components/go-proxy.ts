import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { withSecrets } from "../domain/go-proxy/gate-config.ts";
import { type GoProxyPlan, PROXY_USER } from "../domain/go-proxy/plan.ts";
import { ownLabels } from "../domain/names.ts";
import { TrustBundle } from "../resources/trust.ts";
import { ManagedFile } from "../resources/workstation.ts";
import { labelList } from "./labels.ts";
import { sidecar } from "./sidecar.ts";

export interface GoProxyArgs {
  stack: string;
  plan: GoProxyPlan;
  imageId: pulumi.Input<string>;
  /** Of git servers, S3 and Redis, by host: secret. */
  credentials: pulumi.Input<Record<string, string>>;
  /** The root of the proxy's certificate, and roots that the machine's own bundle may lack. */
  roots: pulumi.Input<string>[];
}

/**
 * The module proxy (Athens) behind TLS and a password, with a copy of the checksum database; and what developers'
 * containers, and this machine's shells where asked, need to use it.
 */
export class GoProxy extends pulumi.ComponentResource {
  /** Address for containers. */
  readonly container: pulumi.Output<string>;
  readonly containerId: pulumi.Output<string>;

  constructor(name: string, args: GoProxyArgs, opts?: pulumi.ComponentResourceOptions) {
    super("workstation:components:GoProxy", name, {}, opts);
    const { plan, stack } = args;
    const own = { parent: this };
    const password = new random.RandomPassword(`${name}-password`, { length: 40, special: false }, own).result;
    const volume = new docker.Volume(
      `${name}-storage`,
      { name: plan.volume, driver: "local", labels: labelList(ownLabels(stack, `${name}-storage`)) },
      { ...own, deleteBeforeReplace: true },
    );
    const config = new ManagedFile(
      `${name}-config`,
      {
        ...plan.configFile,
        content: pulumi.secret(
          pulumi
            .all([password, args.credentials])
            .apply(
              ([secret, credentials]) => `${JSON.stringify(withSecrets(plan.config, secret, credentials), null, 2)}\n`,
            ),
        ),
        permissions: "0600",
      },
      own,
    );
    const netrc = (host: string): pulumi.Output<string> =>
      pulumi.secret(pulumi.interpolate`machine ${host} login ${PROXY_USER} password ${password}\n`);
    for (const { suffix, path, owner, host } of plan.netrc)
      new ManagedFile(`${name}-netrc${suffix}`, { path, owner, content: netrc(host), permissions: "0600" }, own);
    if (plan.host !== undefined) {
      const { path, host } = plan.host.netrc;
      new ManagedFile(`${name}-host-netrc`, { path, content: netrc(host), permissions: "0600" }, own);
      new TrustBundle(`${name}-host-roots`, { path: plan.host.roots, certificates: args.roots }, own);
    }
    const container = sidecar(plan.proxy, args.imageId, { ...own, dependsOn: [config, volume] });
    this.container = container.name;
    this.containerId = container.id;
    this.registerOutputs({ container: this.container });
  }
}
