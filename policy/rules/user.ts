import { defineRule, type Rule } from "../rule.ts";

const ROOT = new Set(["", "0", "root"]);

/** `uid[:gid]` or `name[:group]`: the part before the colon decides. */
function isRoot(user: string): boolean {
  const name = user.split(":")[0] ?? "";
  return ROOT.has(name) || /^0+$/.test(name);
}

export function nonRootUser(): Rule {
  return defineRule({
    id: "container-user",
    title: "Containers run as an ordinary user",
    why: "Root in a container is root on the machine as soon as anything lets it out, and its files on mounted folders belong to root.",
    fix: "Set `user` to the project owner's uid:gid, such as 1000:1000; it is not enough that the image names one.",
    reference: "CIS Docker Benchmark 1.2.0, 4.1",
    level: "mandatory",
    options: {},
    schema: {},
    checks: {
      "docker:index/container:Container"({ user }, report) {
        if (user === undefined) report("user is not set, so that the image decides who the container runs as", "user");
        else if (isRoot(user)) report(`user is ${JSON.stringify(user)}`, "user");
      },
      "workstation:index:LocalImage"({ recipe }, report) {
        const user = recipe?.config.user ?? "";
        if (isRoot(user)) report(`recipe.config.user is ${JSON.stringify(user)}`, "recipe.config.user");
      },
    },
  });
}
