import { addresses, readWindowsProxy } from "../../../domain/windows/proxy.ts";

test.each([
  ["proxy:8080", { http: "http://proxy:8080", https: "http://proxy:8080" }],
  ["http=a:1;https=b:2;ftp=c:3", { http: "http://a:1", https: "http://b:2" }],
  ["https=b:2", { http: "", https: "http://b:2" }],
  ["http=a:1 https=http://b:2/", { http: "http://a:1", https: "http://b:2" }],
  ["socks=s:1080", { http: "socks5://s:1080", https: "socks5://s:1080" }],
  ["http=a:1;socks=s:2", { http: "http://a:1", https: "socks5://s:2" }],
  ["", { http: "", https: "" }],
])("ProxyServer %j", (server, expected) => expect(addresses(server)).toEqual(expected));

const none = { http: "", https: "", bypass: "", pac: "" };
const set = (server: string, more: object = {}) => ({
  enable: 1,
  server,
  override: "*.corp;<local>",
  pac: "",
  ...more,
});

function winHttp(flags: number, server: string, bypass: string): string {
  const number = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    return bytes;
  };
  const text = (value: string): Buffer[] => [number(value.length), Buffer.from(value, "latin1")];
  return Buffer.concat([number(0x28), number(0), number(flags), ...text(server), ...text(bypass)]).toString("base64");
}

test.each<[string, object, object]>([
  ["the user's", { user: set("u:1"), machine: set("m:1") }, { http: "http://u:1", bypass: "*.corp;<local>" }],
  ["off, although an address stands there", { user: set("u:1", { enable: 0 }) }, none],
  ["the machine's by policy", { user: set("u:1"), machine: set("m:1"), perUser: 0 }, { http: "http://m:1" }],
  ["policy that leaves it to the user", { user: set("u:1"), machine: set("m:1"), perUser: 1 }, { http: "http://u:1" }],
  ["a script alone", { user: set("", { enable: 0, pac: "http://wpad/p.pac" }) }, { ...none, pac: "http://wpad/p.pac" }],
  ["both", { user: set("u:1", { pac: "http://wpad/p.pac" }) }, { http: "http://u:1", pac: "http://wpad/p.pac" }],
  [
    "WinHTTP's where there is no other",
    { user: {}, winhttp: winHttp(3, "w:8", "*.x") },
    { http: "http://w:8", bypass: "*.x" },
  ],
  ["WinHTTP direct", { winhttp: winHttp(1, "w:8", "") }, none],
  ["WinHTTP cut short", { winhttp: winHttp(3, "w:8", "").slice(0, 22) }, none],
  ["nothing", {}, none],
  ["types that are wrong", { user: 3, machine: [], winhttp: {} }, none],
])("%s", (_, answer, expected) => expect(readWindowsProxy(answer as never)).toMatchObject(expected));
