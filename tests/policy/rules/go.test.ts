import { goPinned, goSums } from "../../../policy/rules/go.ts";

const sdk = { version: "1.22.6", folder: "/home/ada/go" };
const tool = {
  package: "golang.org/x/tools/gopls",
  binary: "gopls",
  version: "v0.16.2",
  go: "1.22.6",
  folder: "/home/ada/go",
};

test.each<[string, string, object, string[]]>([
  ["GoSdk", "an exact release", sdk, []],
  ["GoSdk", "a branch", { ...sdk, version: "1.22" }, ['version is "1.22"']],
  ["GoSdk", "a system folder", { ...sdk, folder: "/usr/local/go" }, ["folder is /usr/local/go"]],
  ["GoSdk", "a folder in /opt", { ...sdk, folder: "/opt/go" }, ["folder is /opt/go"]],
  ["GoSdk", "a relative folder", { ...sdk, folder: "go" }, ["folder is go"]],
  ["GoSdk", "root's own folder", { ...sdk, folder: "/root/go" }, []],
  ["GoTool", "an exact version", tool, []],
  ["GoTool", "a pseudo-version", { ...tool, version: "v0.0.0-20260101000000-0123456789ab" }, []],
  ["GoTool", "latest", { ...tool, version: "latest" }, ['version is "latest"']],
  [
    "GoTool",
    "everything wrong",
    { ...tool, version: "v1", go: "", folder: "/" },
    ['version is "v1"', 'go is ""', "folder is /"],
  ],
])("%s with %s", (type, _name, args, says) => {
  const findings = goPinned().judge(`workstation:index:${type}`, args);
  expect(findings.map(({ message }) => message)).toEqual(says);
});

test.each<[string, object, string[]]>([
  ["that of its module", { sum: "h1:BgcpHewrV5AUp2G9MebG4XPFI1E2W41zU1SaqVA9vJY=" }, []],
  ["none yet, before it is installed", {}, []],
  ["none, because it was built from a folder", { sum: "" }, ['sum is ""']],
  ["another kind", { sum: "sha256:00" }, ['sum is "sha256:00"']],
])("a tool with the sum: %s", (_name, more, says) => {
  const declared = { type: "workstation:index:GoTool", urn: "urn:x", args: { ...tool, ...more }, uses: {} };
  expect(
    goSums()
      .judgeStack([declared])
      .map(({ message }) => message),
  ).toEqual(says);
});
