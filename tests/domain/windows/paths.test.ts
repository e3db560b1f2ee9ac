import { automountRoot, mountedPath } from "../../../domain/windows/paths.ts";

test.each([
  ["C:\\Users\\Ada", "/mnt/", "/mnt/c/Users/Ada"],
  ["d:/x\\y\\", "/mnt", "/mnt/d/x/y"],
  ["C:\\", "/", "/c"],
  ["C:\\Users\\Zoë Ünal", "/win/", "/win/c/Users/Zoë Ünal"],
  ["\\\\server\\home\\ada", "/mnt/", undefined],
  ["", "/mnt/", undefined],
])("%j below %j", (windows, root, expected) => expect(mountedPath(windows, root)).toBe(expected));

test.each([
  ["9p", "C:\\134 /mnt/c 9p rw,noatime,aname=drvfs;path=C:\\134 0 0", "", "/mnt/"],
  ["at the root", "none /x tmpfs rw 0 0\nC:\\134 /c 9p rw 0 0", "", "/"],
  ["a space in it", "D:\\134 /my\\040drives/d drvfs rw 0 0", "", "/my drives/"],
  ["a drive mounted by hand elsewhere", "C:\\134 /data 9p rw 0 0", "", "/mnt/"],
  [
    "none: wsl.conf",
    "",
    "[boot]\nsystemd=true\n[automount]\nenabled = true\nroot = /windir\n[user]\nroot=/no",
    "/windir/",
  ],
  ["none: quotes", "", '[automount]\r\nroot="/w/"\r\n', "/w/"],
  ["none, and root of another section", "", "[automount]\nenabled=true\n[x]\nroot=/no", "/mnt/"],
  ["nothing", "", "", "/mnt/"],
])("where drives are mounted: %s", (_, mounts, conf, expected) => expect(automountRoot(mounts, conf)).toBe(expected));
