import { parseSettings } from "../../../config/load.ts";
import type { WindowsProxy } from "../../../domain/facts.ts";
import { renderProxyEnv } from "../../../domain/proxy/files.ts";
import { containerProxy, proxyVariables, resolveProxy } from "../../../domain/proxy/resolve.ts";
import { machine } from "../machine.ts";

const bare = machine().windows;
const windows = (proxy: Partial<WindowsProxy>) => ({
  ...bare,
  reachable: true,
  proxy: { ...bare.proxy, ...proxy },
});
const resolve = (hostSync: object, changes: object = {}) =>
  resolveProxy({ settings: parseSettings({ hostSync }).hostSync, facts: machine([], changes) });

const corp = windows({ http: "http://p:1", https: "http://p:2", bypass: "*.corp.example;192.168.*" });
const shell = { HTTPS_PROXY: "http://env:9", NO_PROXY: "b,a" };

test.each<[string, object, object, object]>([
  [
    "Windows' own",
    {},
    { windows: corp, proxy: shell },
    {
      source: "windows",
      values: { http: "http://p:1", https: "http://p:2", exceptions: [".corp.example", "192.168.0.0/16"] },
    },
  ],
  [
    "the settings before Windows",
    { proxy: { https: "http://s:3/" } },
    { windows: corp },
    { source: "settings", values: { http: "http://s:3", https: "http://s:3" } },
  ],
  [
    "off: the shell's still reaches containers",
    { proxy: "off" },
    { windows: corp, proxy: shell },
    { source: "environment" },
  ],
  ["everything off", { mode: "off", proxy: { https: "http://s:3" } }, { windows: corp }, { source: "none" }],
  [
    "Windows has none: the shell's",
    {},
    { windows: windows({}), proxy: shell },
    { source: "environment", values: { https: "http://env:9", exceptions: ["a", "b"] } },
  ],
  [
    "Windows has none any more: the shell's is ours and old",
    {},
    { windows: windows({}), proxy: shell, proxyIsOurs: true },
    { source: "none" },
  ],
  ["no Windows, no proxy", {}, {}, { source: "none", values: undefined, warnings: [], problems: [] }],
])("%s", (_, hostSync, changes, expected) => expect(resolve(hostSync, changes)).toMatchObject(expected));

test.each<[string, object, RegExp[]]>([
  [
    "a script alone",
    { pac: "http://u:pw@wpad/p.pac?token=1" },
    [/^(?!.*(pw|token)).*PAC script \(http:\/\/\*\*\*@wpad\/p\.pac\?\.\.\.\).*no proxy is set/],
  ],
  ["a script beside an address", { https: "http://p:1", pac: "http://w/p.pac" }, [/static proxy is used/]],
  ["<local>", { https: "http://p:1", bypass: "<local>" }, [/names without a dot/]],
  ["a wildcard inside", { https: "http://p:1", bypass: "web*.x;<-loopback>" }, [/web\*\.x/]],
  ["Windows' loopback", { https: "http://127.0.0.1:3128" }, [/networkingMode=mirrored/]],
  ["a password", { https: "http://me:secret@p:1" }, [/^(?!.*secret).*not taken over/]],
  ["something for a shell", { https: "http://p:1;reboot" }, [/not taken over/]],
])("Windows' %s is told", (_, proxy, warnings) => {
  const resolved = resolve({}, { windows: windows(proxy) });
  expect(resolved.problems).toEqual([]);
  expect(resolved.warnings).toEqual(warnings.map((warning) => expect.stringMatching(warning)));
});

test("settings without an address are a problem", () => {
  expect(resolve({ proxy: { noProxy: ["a"] } }).problems).toEqual([expect.stringContaining("neither http nor https")]);
});

test("containers reach each other directly by one entry that no project changes", () => {
  expect(containerProxy(resolve({}, { windows: corp }), "dev")).toEqual({
    HTTP_PROXY: "http://p:1",
    HTTPS_PROXY: "http://p:2",
    NO_PROXY: "localhost,127.0.0.0/8,127.0.0.1,::1,.gows-dev,.corp.example,192.168.0.0/16",
  });
  expect(containerProxy(resolve({}), "dev")).toEqual({});
});

test("the same exceptions in another order give the same bytes", () => {
  const values = (bypass: string) => resolve({}, { windows: windows({ http: "http://p:1", bypass }) }).values;
  const [one, two] = [values("b;a;c"), values("c;b;a;b")];
  expect(one).toEqual(two);
  expect(one && renderProxyEnv(one)).toBe(
    [
      "# Written by go-workstation from hostSync.proxy. Read by login shells and by the Docker daemon.",
      "HTTP_PROXY=http://p:1",
      "NO_PROXY=localhost,127.0.0.0/8,127.0.0.1,::1,a,b,c",
      "http_proxy=http://p:1",
      "no_proxy=localhost,127.0.0.0/8,127.0.0.1,::1,a,b,c",
      "",
    ].join("\n"),
  );
});

test("what a person lists twice, or lists although it is always there, comes once", () => {
  expect(proxyVariables({ http: "http://p:1", https: "", exceptions: ["localhost", "x"] }).NO_PROXY).toBe(
    "localhost,127.0.0.0/8,127.0.0.1,::1,x",
  );
});
