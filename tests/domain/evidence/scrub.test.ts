import { cleaner } from "../../../domain/evidence/scrub.ts";

const clean = cleaner({
  root: "/home/ada/src/ws",
  home: "/home/ada",
  users: ["ada", "root"],
  hosts: ["lab7"],
  places: [],
});

test.each([
  ["/home/ada/x and /home/ada", "~/x and ~"],
  ["/home/ada/src/ws/examples/hello", "examples/hello"],
  ["/home/ada/src/ws", "."],
  ["/home/ada/src/wsx", "~/src/wsx"],
  ["/home/adam/x", "/home/adam/x"],
  ["file:///home/ada/x", "file://~/x"],
  ["/home/ada.", "~."],
  ["gows-ada-hello, ADA, adamant", "gows-user-hello, user, adamant"],
  ["root on lab7, lab70", "root on host, lab70"],
  ["postgres://me:pw@db/x", "postgres://[secret]@db/x"],
  ["golang.org/x/tools@v1", "golang.org/x/tools@v1"],
])("%s", (text, wanted) => {
  expect(clean(text)).toBe(wanted);
});

test("a home that is the root of all takes nothing apart", () => {
  expect(cleaner({ root: "/ws", home: "/", users: [], hosts: [], places: [] })("/ws/a /b")).toBe("a /b");
});
