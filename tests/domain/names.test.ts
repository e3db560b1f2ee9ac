import {
  containerName,
  containerOwner,
  imageRepository,
  networkName,
  ownerSuffix,
  searchPath,
  stackSlug,
  volumeName,
} from "../../domain/names.ts";

test("names of a stack", () => {
  expect(networkName("dev")).toBe("gows-dev");
  expect(volumeName("dev", "gomod")).toBe("gows-dev-gomod");
  expect(volumeName("dev", "gopls", "-u1001")).toBe("gows-dev-gopls-u1001");
  expect(containerName("dev", "hello")).toBe("gows-dev-hello");
  expect(imageRepository("dev")).toBe("go-workstation/dev/dev");
});

test.each(["dev", "a", "ada-2"])("%s stays as it is", (stack) => expect(stackSlug(stack)).toBe(stack));

test.each(["Ada", "a.b", "a_b", "-a", "ünï", "x".repeat(80), "___"])(
  "%s becomes a name that Docker takes everywhere",
  (stack) => {
    expect(stackSlug(stack)).toMatch(/^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])$/);
  },
);

test("stacks that differ only in what Docker does not allow do not share names", () => {
  expect(new Set(["a.b", "a_b", "A-b", "a-b"].map(stackSlug)).size).toBe(4);
});

test.each([
  [
    { uid: 0, gid: 0 },
    { uid: 1000, gid: 1000 },
  ],
  [
    { uid: 1001, gid: 100 },
    { uid: 1001, gid: 100 },
  ],
])("owner %j runs as %j", (folder, owner) => expect(containerOwner(folder)).toEqual(owner));

test.each([
  [{ uid: 1000, gid: 1000 }, { uid: 1000, gid: 1000 }, ""],
  [{ uid: 1000, gid: 1000 }, { uid: 0, gid: 0 }, ""],
  [{ uid: 1001, gid: 1001 }, { uid: 1000, gid: 1000 }, "-u1001"],
  [{ uid: 1001, gid: 100 }, { uid: 1000, gid: 1000 }, "-u1001-g100"],
])("owner %j with %j running up has suffix %j", (owner, user, suffix) => expect(ownerSuffix(owner, user)).toBe(suffix));

test("a project's Go comes before what the base image brings", () => {
  expect(searchPath("1.22.6").split(":").slice(0, 3)).toEqual([
    "/go/bin",
    "/usr/local/sdk/go1.22.6/bin",
    "/usr/local/sdk/go1.22.6-tools/bin",
  ]);
});
