import { parseSettings } from "../../../config/load.ts";
import { meshHosts } from "../../../domain/mesh/hosts.ts";
import { linksOf, meshProblems, proxyIsMeshed, tunnelsOf } from "../../../domain/mesh/links.ts";

type Written = Parameters<typeof parseSettings>[0];

const projects = [{ path: "shop" }, { path: "billing" }];
const settings = (mesh: object, more: object = {}) =>
  parseSettings({ projects, mesh: { enabled: true, ...mesh }, ...more } as Written);
const problems = (links: object[], more: object = {}) => meshProblems(settings({ links }, more));
const proxy = { goProxy: { mode: "local" } };

test("a link is a server in the network of who answers, and a client in that of who asks", () => {
  const links = linksOf(settings({ links: [{ from: "shop", to: "billing", port: 9000 }] }));
  expect(tunnelsOf(links)).toEqual([
    {
      role: "server",
      service: "billing",
      name: "mesh.billing.9000.rfc8998",
      profile: "rfc8998",
      peers: ["shop"],
      listen: "0.0.0.0:19000",
      connect: { service: "billing", port: 9000 },
      admin: 20000,
    },
    {
      role: "client",
      service: "shop",
      name: "mesh.shop.billing.9000",
      profile: "rfc8998",
      peers: ["billing"],
      listen: "127.0.0.1:9000",
      connect: { service: "billing", port: 19000 },
      admin: 21000,
    },
  ]);
});

test("* is every project but the one that answers, and all of them share its server", () => {
  const all = settings({ links: [{ from: "*", to: "goproxy", port: 8443 }] }, proxy);
  expect(linksOf(all).map(({ from }) => from)).toEqual(["shop", "billing"]);
  const servers = tunnelsOf(linksOf(all)).filter(({ role }) => role === "server");
  expect(servers.map(({ peers }) => peers)).toEqual([["billing", "shop"]]);
  expect(proxyIsMeshed(all)).toBe(true);
  expect(meshHosts("dev", all, "shop")).toEqual([{ host: "goproxy.gows-dev.internal", ip: "127.0.0.1" }]);
  const own = settings({ links: [{ from: "*", to: "shop", port: 80 }] });
  expect(linksOf(own).map(({ from }) => from)).toEqual(["billing"]);
});

test("two profiles of one port have two servers; a port near the end goes the other way", () => {
  const links = linksOf(
    settings({
      links: [
        { from: "shop", to: "billing", port: 60000 },
        { from: "shop", to: "billing", port: 60000, localPort: 7000, profile: "tlcp" },
      ],
    }),
  );
  const servers = tunnelsOf(links).filter(({ role }) => role === "server");
  expect(servers.map(({ name, listen }) => `${name} ${listen}`)).toEqual([
    "mesh.billing.60000.rfc8998 0.0.0.0:50000",
    "mesh.billing.60000.tlcp 0.0.0.0:40000",
  ]);
});

test("off is nothing", () => {
  const off = settings({ enabled: false, links: [{ from: "nobody", to: "nobody", port: 1 }] });
  expect([linksOf(off), meshProblems(off), meshHosts("dev", off, "shop")]).toEqual([[], [], []]);
});

test("what is right has no problem", () => {
  expect(problems([{ from: "*", to: "goproxy", port: 8443 }], proxy)).toEqual([]);
  const both = [
    { from: "shop", to: "billing", port: 9000 },
    { from: "billing", to: "shop", port: 9001 },
  ];
  expect(problems(both)).toEqual([]);
});

test.each([
  [
    "an unknown asker",
    [{ from: "shopp", to: "billing", port: 1 }],
    {},
    /links\[0\]\.from: "shopp" is not a project; known: shop, billing/,
  ],
  ["an unknown service", [{ from: "shop", to: "bill", port: 1 }], {}, /links\[0\]\.to: "bill" is not a service/],
  ["no module proxy", [{ from: "*", to: "goproxy", port: 8443 }], {}, /links\[0\]\.to: the module proxy is off/],
  [
    "a profile without a program",
    [{ from: "shop", to: "billing", port: 1, profile: "tlcp" }],
    {},
    /mesh\.profile: "tlcp" is not spoken by the tunnel yet; set it, and that of each link, to rfc8998/,
  ],
  ["itself", [{ from: "shop", to: "shop", port: 1 }], {}, /from and to are both "shop"/],
  [
    "the same twice",
    [
      { from: "*", to: "billing", port: 80 },
      { from: "shop", to: "billing", port: 80 },
    ],
    {},
    /from shop to billing:80 is there twice/,
  ],
  [
    "a project left out",
    [{ from: "shop", to: "goproxy", port: 8443 }],
    proxy,
    /billing would not reach the module proxy/,
  ],
  [
    "the proxy published as well",
    [{ from: "*", to: "goproxy", port: 8443 }],
    { goProxy: { mode: "local", host: true } },
    /goProxy\.host: publishes the module proxy on this machine, around the mesh/,
  ],
  [
    "one local port for two",
    [
      { from: "shop", to: "billing", port: 80 },
      { from: "shop", to: "goproxy", port: 8443, localPort: 80 },
      { from: "billing", to: "goproxy", port: 8443 },
    ],
    proxy,
    /port 80 in the network of "shop" is needed by mesh\.shop\.billing\.80 and by mesh\.shop\.goproxy\.8443/,
  ],
  [
    "the service's own port",
    [
      { from: "shop", to: "billing", port: 80 },
      { from: "billing", to: "shop", port: 80 },
    ],
    {},
    /port 80 in the network of "billing" is needed by the service itself/,
  ],
])("refused: %s", (_, links, more, wanted) => {
  expect(problems(links, more).join("\n")).toMatch(wanted);
});
