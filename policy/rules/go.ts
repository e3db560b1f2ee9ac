import { systemFolder } from "../../config/user-folder.ts";
import { defineRule, defineStackRule, type Rule } from "../rule.ts";

const RELEASE = /^1\.\d+\.\d+$/;
const EXACT = /^v\d+\.\d+\.\d+(-[\w.-]+)?$/;

export function goPinned(): Rule {
  return defineRule({
    id: "go-pinned",
    title: "Go and its tools have exact versions, in a folder of the user's",
    why: "A version that moves makes two machines differ and takes in tomorrow's code unseen; in a system folder it replaces what the distribution's packages and other users rely on.",
    fix: "Name a full release (1.22.6) and an exact tool version (v0.16.2), and set goToolchain.folder to a folder of your own.",
    reference: "SLSA 1.0, build requirements (dependencies by exact version)",
    level: "mandatory",
    options: {},
    schema: {},
    checks: {
      "workstation:index:GoSdk"({ version = "", folder = "" }, report) {
        if (!RELEASE.test(version)) report(`version is ${JSON.stringify(version)}`, "version");
        if (!folder.startsWith("/") || systemFolder(folder) !== undefined) report(`folder is ${folder}`, "folder");
      },
      "workstation:index:GoTool"({ version = "", go = "", folder = "" }, report) {
        if (!EXACT.test(version)) report(`version is ${JSON.stringify(version)}`, "version");
        if (!RELEASE.test(go)) report(`go is ${JSON.stringify(go)}`, "go");
        if (!folder.startsWith("/") || systemFolder(folder) !== undefined) report(`folder is ${folder}`, "folder");
      },
    },
  });
}

const SUM = /^h1:[A-Za-z0-9+/]{43}=$/;

export function goSums(): Rule {
  return defineStackRule({
    id: "go-sums",
    title: "Installed Go tools carry the sum of their module",
    why: "A program without it was built from a folder of somebody's, so that nobody can tell which code it is: the checksum database knows only modules.",
    fix: "Remove the program; the next `./workstation up` builds it from its module.",
    reference: "SLSA 1.0, provenance exists",
    level: "mandatory",
    options: {},
    schema: {},
    type: "workstation:index:GoTool",
    check({ args }, _all, report) {
      // Only what is installed has one; before that there is nothing to judge.
      if (!("sum" in args)) return;
      const { sum } = args;
      if (typeof sum !== "string" || !SUM.test(sum)) report(`sum is ${JSON.stringify(sum)}`, "sum");
    },
  });
}
