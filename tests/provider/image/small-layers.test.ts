import { execFileSync } from "node:child_process";
import { type BaseFiles, trustEntries, userEntries } from "../../../provider/image/small-layers.ts";

const base: BaseFiles = {
  "etc/passwd": "root:x:0:0:root:/root:/bin/bash\nnode:x:1000:1000::/home/node:/bin/bash\n",
  "etc/group": "root:x:0:\nshadow:x:42:\nusers:x:100:\nnode:x:1000:\n",
  "etc/shadow": "root:*:19000:0:99999:7:::\nnode:!:19000:0:99999:7:::\n",
};
const user = { name: "dev", uid: 1000, gid: 1000, directories: ["/go", "/home/dev"] };
const text = (entries: ReturnType<typeof userEntries>, name: string) =>
  String(entries.find((entry) => entry.name === name)?.content);

test("the user takes the place of an account with its number", () => {
  const entries = userEntries(base, user);
  expect(text(entries, "etc/passwd")).toBe("root:x:0:0:root:/root:/bin/bash\ndev:x:1000:1000::/home/dev:/bin/bash\n");
  expect(text(entries, "etc/shadow")).not.toContain("node");
  // The group of that number stays: it has the number that the user needs.
  expect(text(entries, "etc/group")).toBe(base["etc/group"]);
});

test("a new number brings a new group; a group of the base with that number is kept", () => {
  expect(text(userEntries(base, { ...user, uid: 5, gid: 5 }), "etc/group")).toContain("dev:x:5:\n");
  expect(text(userEntries(base, { ...user, uid: 5, gid: 100 }), "etc/group")).not.toContain("dev");
});

test("shadow is for root and its group alone; folders are the user's", () => {
  const entries = userEntries(base, user);
  expect(entries.find((entry) => entry.name === "etc/shadow")).toMatchObject({ mode: 0o640, gid: 42 });
  const folders = entries.filter((entry) => entry.type === "directory");
  expect(folders.map((entry) => [entry.name, entry.uid, entry.gid])).toEqual([
    ["go", 1000, 1000],
    ["home/dev", 1000, 1000],
  ]);
});

test("root certificates are added to the base's bundle and stand in files of their own", () => {
  const pem = execFileSync(
    "openssl",
    [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-keyout",
      "/dev/null",
      "-subj",
      "/CN=Test",
      "-days",
      "1",
    ],
    { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] },
  );
  const entries = trustEntries({ "etc/ssl/certs/ca-certificates.crt": "BASE" }, [pem]);
  expect(entries[0]?.name).toMatch(/^usr\/local\/share\/ca-certificates\/go-workstation-[0-9a-f]{64}\.crt$/);
  expect(text(entries, "etc/ssl/certs/ca-certificates.crt")).toBe(`BASE\n${pem}`);
});
