import { goPinned } from "../../../policy/rules/go.ts";

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
