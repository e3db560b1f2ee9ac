import { planFileProxies } from "../../domain/file-proxy.ts";

const mount = (source: string, number: number) => ({
  type: "bind",
  source,
  target: `/usr/local/share/go-proxy/${number}`,
  readOnly: true,
});

test.each([
  ["https://proxy.example,direct", "https://proxy.example,direct", []],
  ["file:///home/ada/modules", "file:///usr/local/share/go-proxy/0", [mount("/home/ada/modules", 0)]],
  [
    "file:///a%20b,file:///c|https://proxy.example",
    "file:///usr/local/share/go-proxy/0,file:///usr/local/share/go-proxy/1|https://proxy.example",
    [mount("/a b", 0), mount("/c", 1)],
  ],
])("GOPROXY=%s", (given, wanted, mounts) => {
  expect(planFileProxies({ GOPROXY: given, A: "b" })).toEqual({ env: { GOPROXY: wanted, A: "b" }, mounts });
});

test("without GOPROXY nothing changes", () => {
  expect(planFileProxies({ A: "file:///x" })).toEqual({ env: { A: "file:///x" }, mounts: [] });
});
