import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DownloadError, download, downloadText } from "../../../cli/setup/download.ts";

const body = Buffer.from(Array.from({ length: 200_000 }, (_, index) => index % 251));
const sha256 = createHash("sha256").update(body).digest("hex");
const quick = { connect: 500, stall: 200 };

let folder: string;
let server: Server;
let requests: IncomingMessage[];

/** A server on loopback that answers as told; gives back its address. */
async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  requests = [];
  server = createServer((request, response) => {
    requests.push(request);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function startOf(request: IncomingMessage): number {
  return Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
}

/** A well-behaved answer, cut after `bytes` of the body. */
function sendFrom(request: IncomingMessage, response: ServerResponse, bytes = Number.POSITIVE_INFINITY): void {
  const start = startOf(request);
  const rest = body.subarray(start);
  response.writeHead(start > 0 ? 206 : 200, {
    "content-length": rest.length,
    ...(start > 0 ? { "content-range": `bytes ${start}-${body.length - 1}/${body.length}` } : {}),
  });
  if (bytes >= rest.length) response.end(rest);
  else response.write(rest.subarray(0, bytes), () => setTimeout(() => response.destroy(), 20));
}

const failure = async (work: Promise<unknown>): Promise<DownloadError> => {
  const error = await work.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  expect(error).toBeInstanceOf(DownloadError);
  return error as DownloadError;
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "download-"));
});

afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => server?.close(resolve) ?? resolve(undefined));
  rmSync(folder, { recursive: true, force: true });
});

test("a good file arrives whole, with progress, and leaves no part", async () => {
  const url = await serve((request, response) => sendFrom(request, response));
  const dest = join(folder, "deep", "file");
  const seen: number[] = [];
  await download({ url, dest, sha256, report: ({ received }) => seen.push(received) });
  expect(readFileSync(dest).equals(body)).toBe(true);
  expect(existsSync(`${dest}.part`)).toBe(false);
  expect(seen.at(-1)).toBe(body.length);
});

test("a wrong checksum names both digests and leaves nothing behind", async () => {
  const url = await serve((request, response) => sendFrom(request, response));
  const dest = join(folder, "file");
  const wanted = "0".repeat(64);
  const error = await failure(download({ url, dest, sha256: wanted }));
  expect(error.kind).toBe("checksum");
  expect(error.message).toContain(wanted);
  expect(error.message).toContain(sha256);
  expect(existsSync(dest)).toBe(false);
  expect(existsSync(`${dest}.part`)).toBe(false);
});

test("a cut transfer goes on where it stopped", async () => {
  const url = await serve((request, response) => sendFrom(request, response, requests.length < 3 ? 70_000 : undefined));
  const dest = join(folder, "file");
  await download({ url, dest, sha256 });
  expect(readFileSync(dest).equals(body)).toBe(true);
  expect(requests.length).toBe(3);
  expect(requests.slice(1).every((request) => startOf(request) > 0)).toBe(true);
});

test("a transfer that is cut every time ends with the number of resumes, and keeps its part for the next run", async () => {
  const url = await serve((request, response) => sendFrom(request, response, 10));
  const dest = join(folder, "file");
  const error = await failure(download({ url, dest, sha256, resumes: 2 }));
  expect(error.kind).toBe("cut");
  expect(error.message).toContain("2 resumes");
  expect(requests.length).toBe(3);
  expect(existsSync(dest)).toBe(false);
  expect(existsSync(`${dest}.part`)).toBe(true);
});

test("a part of an earlier run is used", async () => {
  const url = await serve((request, response) => sendFrom(request, response));
  const dest = join(folder, "file");
  writeFileSync(`${dest}.part`, body.subarray(0, 150_000));
  await download({ url, dest, sha256 });
  expect(requests[0]?.headers.range).toBe("bytes=150000-");
  expect(readFileSync(dest).equals(body)).toBe(true);
});

test("a part of another file is thrown away and the file fetched anew", async () => {
  const url = await serve((request, response) => sendFrom(request, response));
  const dest = join(folder, "file");
  writeFileSync(`${dest}.part`, Buffer.alloc(1000, 7));
  await download({ url, dest, sha256 });
  expect(readFileSync(dest).equals(body)).toBe(true);
});

test("a server that ignores Range sends the whole file again", async () => {
  const url = await serve((_, response) => response.writeHead(200, { "content-length": body.length }).end(body));
  const dest = join(folder, "file");
  writeFileSync(`${dest}.part`, body.subarray(0, 100));
  await download({ url, dest, sha256 });
  expect(readFileSync(dest).equals(body)).toBe(true);
});

test("404 is an error at once", async () => {
  const url = await serve((_, response) => response.writeHead(404).end());
  const error = await failure(download({ url, dest: join(folder, "file"), sha256 }));
  expect(error.kind).toBe("status");
  expect(error.message).toContain("404");
  expect(requests.length).toBe(1);
});

test.each([
  ["before the first byte", () => {}],
  [
    "in the middle",
    (_: IncomingMessage, response: ServerResponse) => {
      response.writeHead(200, { "content-length": body.length }).write(body.subarray(0, 10));
    },
  ],
])("a server that hangs %s is noticed", async (_, answer) => {
  const url = await serve(answer);
  const error = await failure(download({ url, dest: join(folder, "file"), sha256, timeouts: quick, resumes: 1 }));
  expect(error.kind).toBe("stalled");
  expect(error.message).toContain("no byte for 200 ms");
});

test("nobody listening is 'unreachable', without resumes", async () => {
  const url = await serve(() => {});
  await new Promise((resolve) => server.close(resolve));
  const started = Date.now();
  const error = await failure(download({ url, dest: join(folder, "file"), sha256, timeouts: quick }));
  expect(error.kind).toBe("unreachable");
  expect(Date.now() - started).toBeLessThan(2000);
});

test("redirects are followed, a loop of them is not", async () => {
  const url = await serve((request, response) => {
    if (request.url === "/file") return sendFrom(request, response);
    return response.writeHead(302, { location: request.url === "/loop" ? "/loop" : "/file" }).end();
  });
  await download({ url: `${url}/start`, dest: join(folder, "file"), sha256 });
  expect(readFileSync(join(folder, "file")).equals(body)).toBe(true);
  const error = await failure(download({ url: `${url}/loop`, dest: join(folder, "other"), sha256 }));
  expect(error.message).toContain("redirects");
});

test("an abort stops the transfer with its reason", async () => {
  const url = await serve((_, response) => {
    response.writeHead(200, { "content-length": body.length }).write(body.subarray(0, 10));
  });
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error("stopped by the person")), 50);
  await expect(download({ url, dest: join(folder, "file"), sha256, signal: controller.signal })).rejects.toThrow(
    "stopped by the person",
  );
});

test("a proxy named in the environment is used, except for hosts it is not for", async () => {
  const proxy = await serve((request, response) => sendFrom(request, response));
  const env = { HTTP_PROXY: proxy, NO_PROXY: "" };
  await download({ url: "http://release.invalid/file", dest: join(folder, "file"), sha256, env });
  expect(requests[0]?.url).toBe("http://release.invalid/file");
  await download({
    url: `${proxy}/direct`,
    dest: join(folder, "other"),
    sha256,
    env: { ...env, NO_PROXY: "127.0.0.1" },
  });
  expect(requests[1]?.url).toBe("/direct");
});

test("a short text is fetched as text", async () => {
  const url = await serve((_, response) => response.end("abc  file\n"));
  expect(await downloadText({ url })).toBe("abc  file\n");
});
