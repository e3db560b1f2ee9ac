/**
 * `TrustBundle`: all roots in one file, for containers that mount its folder: those that programs of this machine trust,
 * and further ones. Containers read it anew with each process, so that a root that comes or goes reaches them at once.
 * The state holds its hash and the number of roots, not the text.
 */
import path from "node:path";
import type { CheckFailure, DiffResult, ReadResult, ResourceHandler } from "../handler.ts";
import type { Host } from "../host.ts";
import { sha256 } from "../originals.ts";
import { readPem, renderBundle } from "../trust/pem.ts";
import { findStore, trustedNow } from "../trust/store.ts";

export interface TrustBundleInputs {
  /** Absolute. */
  path: string;
  /** PEM, beyond what the machine trusts. */
  certificates: string[];
}

export interface TrustBundleOutputs {
  path: string;
  /** Of the text on disk. */
  sha256: string;
  /** Roots in it. */
  count: number;
  readable: boolean;
}

const MODE = 0o644;

export const trustBundle: ResourceHandler<TrustBundleInputs, TrustBundleOutputs> = {
  async check(_host, news, unknown) {
    const failures: CheckFailure[] = [];
    if (!unknown.has("path") && (typeof news.path !== "string" || path.resolve(news.path) !== news.path))
      failures.push({
        property: "path",
        reason: `is ${JSON.stringify(news.path) ?? "missing"}; must be an absolute path`,
      });
    if (!unknown.has("certificates") && !Array.isArray(news.certificates))
      failures.push({ property: "certificates", reason: "must be a list of certificates as PEM text" });
    return { inputs: news as TrustBundleInputs, failures };
  },

  async diff(host, olds, news, unknown): Promise<DiffResult> {
    const changed: string[] = [];
    if (unknown.has("path") || olds.path !== news.path) changed.push("path");
    const same =
      !unknown.has("certificates") && olds.readable && olds.sha256 === sha256(await render(host, news.certificates));
    if (!same) changed.push("certificates");
    return { changed, replaces: changed.filter((name) => name === "path"), deleteBeforeReplace: false };
  },

  async preview(_host, news) {
    return news.path === undefined ? {} : { path: news.path };
  },

  async create(host, news) {
    return { id: news.path, outputs: await put(host, news) };
  },

  async read(host, id): Promise<ReadResult<TrustBundleInputs, TrustBundleOutputs> | undefined> {
    const [stat, text] = await Promise.all([host.files.stat(id), host.files.text(id)]);
    if (stat === undefined || text === undefined) return undefined;
    return { id, inputs: {}, outputs: outputsOf(id, text, stat.mode === MODE) };
  },

  async update(host, _id, _olds, news) {
    return put(host, news);
  },

  async delete(host, id) {
    await host.files.remove(id);
    await host.files.removeEmptyFolder(path.dirname(id));
  },
};

async function render(host: Host, certificates: readonly string[]): Promise<string> {
  const machine = await trustedNow(host, await findStore(host));
  return renderBundle([...machine, ...certificates.flatMap((pem) => readPem(pem))]);
}

async function put(host: Host, { path: file, certificates }: TrustBundleInputs): Promise<TrustBundleOutputs> {
  const text = await render(host, certificates);
  await host.files.makeFolder(path.dirname(file));
  await host.files.write(file, text, { mode: MODE });
  return outputsOf(file, text, true);
}

const outputsOf = (file: string, text: string, readable: boolean): TrustBundleOutputs => ({
  path: file,
  sha256: sha256(text),
  count: readPem(text).length,
  readable,
});
