import { debianSources, inheritedAptOptions, parseDeb822, parseOneLine } from "../../../provider/image/apt-sources.ts";
import { scratch } from "../scratch.ts";

const deb822 = `# a comment
Types: deb
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
 bookworm-backports
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb-src
URIs: http://mirror.example/debian
Suites: bookworm
Components: main

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main
`;

test("both formats are read", () => {
  expect(parseDeb822(deb822).map((source) => source.suite)).toEqual([
    "bookworm",
    "bookworm-updates",
    "bookworm-backports",
  ]);
  expect(
    parseOneLine("# deb x y z\ndeb [arch=amd64 signed-by=/k.gpg] http://m/debian trixie main contrib # why\n"),
  ).toEqual([{ uri: "http://m/debian", suite: "trixie", components: ["main", "contrib"], signedBy: "/k.gpg" }]);
});

test("the machine's own mirror is taken, other vendors and backports are not", async () => {
  const machine = scratch();
  machine.put("/etc/apt/sources.list.d/debian.sources", deb822);
  machine.put("/etc/apt/sources.list.d/vendor.list", "deb https://vendor.example/apt bookworm main\n");
  const key = "[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]";
  expect(await debianSources(machine.host, "bookworm")).toEqual([
    `deb ${key} http://mirror.example/debian bookworm main`,
    `deb ${key} http://mirror.example/debian bookworm-updates main`,
  ]);
  // Another release from the same archive.
  expect((await debianSources(machine.host, "trixie"))[0]).toBe(`deb ${key} http://mirror.example/debian trixie main`);
  machine.remove();
});

test("a machine without a Debian archive names none", async () => {
  const machine = scratch();
  machine.put("/etc/apt/sources.list", "deb http://archive.example/ubuntu noble main universe\n");
  expect(await debianSources(machine.host, "bookworm")).toEqual([]);
  machine.remove();
});

test("proxies and date checks of apt are inherited, nothing else", () => {
  const dump =
    'APT::Architecture "amd64";\nAcquire::http::Proxy "http://p:3128";\nAcquire::Check-Date "false";\nAcquire::cdrom "";\nAcquire::https::Proxy "";\n';
  expect(inheritedAptOptions(dump)).toEqual(['Acquire::http::Proxy "http://p:3128";', 'Acquire::Check-Date "false";']);
});
