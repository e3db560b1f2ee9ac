/** An https proxy (CONNECT) that leads the lab's host names to the lab's server: no name service, no port 443. */
import { createServer, type Server } from "node:http";
import { connect } from "node:net";

/** Other hosts get 403, so that a test never leaves the machine by mistake. */
export function connectProxy(names: () => readonly string[], port: number, address: string): Server {
  const server = createServer((_, response) => response.writeHead(405).end());
  server.on("connect", (request, client, head) => {
    const name = (request.url ?? "").replace(/:\d+$/, "");
    client.on("error", () => client.destroy());
    if (!names().includes(name)) {
      client.end("HTTP/1.1 403 Not a host of this lab\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    const server = connect(port, address, () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      server.write(head);
      client.pipe(server).pipe(client);
    });
    server.on("error", () => client.destroy());
    client.on("close", () => server.destroy());
  });
  return server;
}
