import { translateBypass } from "../../../domain/proxy/bypass.ts";

test.each([
  ["*.corp.example", ".corp.example"],
  ["*corp.example", ".corp.example"],
  ["Intranet.Corp.Example", "intranet.corp.example"],
  ["host:8443", "host:8443"],
  ["https://secure.example/", "secure.example"],
  ["192.168.*", "192.168.0.0/16"],
  ["10.*.*.*", "10.0.0.0/8"],
  ["172.16.5.*", "172.16.5.0/24"],
  ["10.1.2.3", "10.1.2.3"],
  ["10.0.0.0/8", "10.0.0.0/8"],
  ["[fd00::1]", "[fd00::1]"],
  ["*", "*"],
])("%j is %j", (windows, entry) => expect(translateBypass(windows)).toEqual({ entries: [entry], untold: [] }));

test.each(["<local>", "<-loopback>", "172.*.5.1", "web*.corp.example", "300.*", "*.*", "a$(b)", "'x'"])(
  "%j cannot be said",
  (part) => expect(translateBypass(part)).toEqual({ entries: [], untold: [part] }),
);

test("a list, with the separators that people use, each once", () => {
  expect(translateBypass("*.corp.example;<local>; 192.168.* ;;*.corp.example,b\r\nc")).toEqual({
    entries: [".corp.example", "192.168.0.0/16", "b", "c"],
    untold: ["<local>"],
  });
});
