import { defineRule, type Rule } from "../rule.ts";

const RELEASE = /^1\.\d+\.\d+$/;
const EXACT = /^v\d+\.\d+\.\d+(-[\w.-]+)?$/;
const SYSTEM = /^\/(bin|boot|dev|etc|lib\w*|opt|proc|run|sbin|sys|usr|var)?(\/|$)/;

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
        if (!RELEASE.test(version)) report(`version is ${JSON.stringify(version)}`);
        if (SYSTEM.test(folder)) report(`folder is ${folder}`);
      },
      "workstation:index:GoTool"({ version = "", go = "", folder = "" }, report) {
        if (!EXACT.test(version)) report(`version is ${JSON.stringify(version)}`);
        if (!RELEASE.test(go)) report(`go is ${JSON.stringify(go)}`);
        if (SYSTEM.test(folder)) report(`folder is ${folder}`);
      },
    },
  });
}
