import { defineRule, type Rule } from "../rule.ts";
import { secretPaths } from "../values.ts";

const isSecretFile = (path: string): boolean => /\/secrets\//.test(path) || /\/\.?netrc$/.test(path);

/** Writing by the group, anything by others. */
const BY_OTHERS = 0o027;

export function secretFiles(): Rule {
  return defineRule({
    id: "secret-files",
    title: "Files with secrets are secrets, and only their owner's",
    why: "A content that is not marked stands in the state and in every preview in the clear; a file that others may read or change gives away, or replaces, what it protects.",
    fix: 'Wrap `content` (or `values`) in pulumi.secret, and set `permissions` to "0600".',
    reference: "CWE-732; Pulumi documentation, Secrets handling",
    level: "mandatory",
    options: {},
    schema: {},
    checks: {
      "workstation:index:ManagedFile"(args, report) {
        if (!isSecretFile(args.path ?? "")) return;
        const secrets = [...secretPaths(args)];
        for (const key of ["content", "values"] as const) {
          const marked = secrets.some((path) => path === key || path.startsWith(`${key}.`));
          if (!marked && args[key] !== undefined) report(`${key} is not a secret`, key);
        }
        const { permissions } = args;
        if (permissions === undefined)
          report("permissions is not set, so that everybody may read a new file", "permissions");
        else if (!/^[0-7]{3,4}$/.test(permissions) || (Number.parseInt(permissions, 8) & BY_OTHERS) !== 0) {
          report(`permissions is ${permissions}`, "permissions");
        }
      },
    },
  });
}
