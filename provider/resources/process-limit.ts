/**
 * `ProcessLimit`: how many processes and threads a container may have. The Docker provider has no such argument, and the
 * `nproc` ulimit it has instead counts every process of the same user on the whole machine. The limit belongs to the
 * container: it ends with it, and a new container needs a new one.
 */
import type { CheckFailure, DiffResult, ReadResult, ResourceHandler } from "../handler.ts";
import type { Host } from "../host.ts";

export interface ProcessLimitInputs {
  /** The container's id. */
  container: string;
  limit: number;
}

export interface ProcessLimitOutputs {
  container: string;
  /** As the daemon has it; 0 when there is none. */
  limit: number;
}

export const processLimit: ResourceHandler<ProcessLimitInputs, ProcessLimitOutputs> = {
  async check(_host, news, unknown) {
    const failures: CheckFailure[] = [];
    if (!unknown.has("container") && (typeof news.container !== "string" || news.container === "")) {
      failures.push({ property: "container", reason: "must be a container's id" });
    }
    if (!unknown.has("limit") && !(Number.isInteger(news.limit) && Number(news.limit) > 0)) {
      failures.push({ property: "limit", reason: `is ${JSON.stringify(news.limit)}; must be a whole number above 0` });
    }
    return { inputs: news as ProcessLimitInputs, failures };
  },

  async diff(_host, olds, news, unknown): Promise<DiffResult> {
    const changed: string[] = [];
    if (unknown.has("container") || olds.container !== news.container) changed.push("container");
    if (unknown.has("limit") || olds.limit !== news.limit) changed.push("limit");
    return { changed, replaces: changed.filter((name) => name === "container"), deleteBeforeReplace: true };
  },

  async preview(_host, news) {
    return news;
  },

  async create(host, news) {
    return { id: news.container, outputs: await apply(host, news) };
  },

  async read(host, id): Promise<ReadResult<ProcessLimitInputs, ProcessLimitOutputs> | undefined> {
    try {
      const container = await (await host.docker()).getContainer(id).inspect();
      const outputs = { container: container.Id, limit: Math.max(0, container.HostConfig.PidsLimit ?? 0) };
      return { id: container.Id, inputs: outputs, outputs };
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  },

  async update(host, _id, _olds, news) {
    return await apply(host, news);
  },

  async delete() {},
};

async function apply(host: Host, { container, limit }: ProcessLimitInputs): Promise<ProcessLimitOutputs> {
  await (await host.docker()).getContainer(container).update({ PidsLimit: limit });
  return { container, limit };
}

function isMissing(error: unknown): boolean {
  return (error as { statusCode?: number }).statusCode === 404;
}
