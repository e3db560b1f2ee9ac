/** Git hosts over https with basic auth, several on one port, told apart by the name that the client asks for. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { Certificate } from "../certificate.ts";
import { gitBackend } from "./backend.ts";
import { goGetPage, type Style } from "./meta.ts";

export interface VirtualHost {
  name: string;
  style: Style;
  root: string;
  user: string;
  password: string;
}

/** What was asked; never a password. */
export interface Asked {
  host: string;
  path: string;
  user: string | undefined;
  status: number;
}

function basicAuth(header: string | undefined): { user: string; password: string } | undefined {
  const [, encoded] = /^basic\s+(\S+)$/i.exec(header ?? "") ?? [];
  if (encoded === undefined) return undefined;
  const [user = "", password = ""] = Buffer.from(encoded, "base64").toString("utf8").split(/:(.*)/s);
  return { user, password };
}

function answer(host: VirtualHost, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? "/", "https://lab");
  const given = basicAuth(request.headers.authorization);
  const authorized = given?.user === host.user && given.password === host.password;
  if (url.searchParams.get("go-get") === "1") {
    const { name, style, root } = host;
    const page = goGetPage({ style, host: name, path: url.pathname, root, authorized });
    response.writeHead(page === undefined ? 404 : 200, { "content-type": "text/html" }).end(page ?? "not found\n");
  } else if (!authorized) {
    response.writeHead(401, { "www-authenticate": `Basic realm="${host.name}"` }).end("HTTP Basic: Access denied\n");
  } else gitBackend(host.root, host.user, request, response);
}

export function gitServer(
  hosts: () => readonly VirtualHost[],
  { cert, key }: Certificate,
  asked: (one: Asked) => void,
): Server {
  return createServer({ cert, key }, (request, response) => {
    const name = (request.headers.host ?? "").replace(/:\d+$/, "");
    // By address, where a client goes by a rewritten URL: the first one that knows the user.
    const user = basicAuth(request.headers.authorization)?.user;
    const host = hosts().find((one) => one.name === name) ?? hosts().find((one) => one.user === user) ?? hosts()[0];
    response.once("finish", () => {
      asked({ host: host?.name ?? name, path: request.url ?? "", user, status: response.statusCode });
    });
    if (host === undefined) response.writeHead(404).end();
    else answer(host, request, response);
  });
}
