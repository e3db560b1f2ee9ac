/** `git http-backend` (CGI) behind a Node server. */
import { spawn } from "node:child_process";
import type { IncomingMessage, ServerResponse } from "node:http";

/** The head of a CGI answer ends with an empty line; lines end with CRLF or LF. */
function splitHead(data: Buffer): { head: string; rest: Buffer } | undefined {
  for (const end of ["\r\n\r\n", "\n\n"]) {
    const at = data.indexOf(end);
    if (at >= 0) return { head: data.subarray(0, at).toString("latin1"), rest: data.subarray(at + end.length) };
  }
  return undefined;
}

function writeHead(response: ServerResponse, head: string): void {
  for (const line of head.split(/\r?\n/)) {
    const [name = "", value = ""] = line.split(/:\s*(.*)/s);
    if (name.toLowerCase() === "status") response.statusCode = Number.parseInt(value, 10);
    else if (name !== "") response.setHeader(name, value);
  }
}

export function gitBackend(root: string, user: string, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? "/", "https://lab");
  const child = spawn("git", ["http-backend"], {
    env: {
      PATH: process.env.PATH,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: "1",
      // The repositories may belong to another user than the one who runs this.
      GIT_CONFIG_COUNT: "1",
      GIT_CONFIG_KEY_0: "safe.directory",
      GIT_CONFIG_VALUE_0: "*",
      PATH_INFO: decodeURIComponent(url.pathname),
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers["content-type"] ?? "",
      ...(request.headers["content-length"] === undefined ? {} : { CONTENT_LENGTH: request.headers["content-length"] }),
      HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "",
      GIT_PROTOCOL: `${request.headers["git-protocol"] ?? ""}`,
      REMOTE_USER: user,
      REMOTE_ADDR: request.socket.remoteAddress,
    },
    stdio: ["pipe", "pipe", "ignore"],
  });
  child.stdin.on("error", () => {});
  request.pipe(child.stdin);
  let pending: Buffer | undefined = Buffer.alloc(0);
  child.stdout.on("data", (chunk: Buffer) => {
    if (pending === undefined) {
      response.write(chunk);
      return;
    }
    pending = Buffer.concat([pending, chunk]);
    const found = splitHead(pending);
    if (found === undefined) return;
    pending = undefined;
    writeHead(response, found.head);
    response.write(found.rest);
  });
  child.once("error", (error) => response.writeHead(500).end(error.message));
  child.once("close", () => {
    if (pending !== undefined) response.writeHead(500).end("git http-backend gave no answer");
    else response.end();
  });
  response.once("close", () => child.kill());
}
