import { LABEL_DEBUG } from "../../domain/names.ts";
import { type Container, defineRule, type Rule } from "../rule.ts";

/** What a debugger needs to attach to a process that it did not start. */
const DEBUG_CAPABILITY = "SYS_PTRACE";

/** Docker takes both spellings. */
const bare = (capability: string): string => capability.toUpperCase().replace(/^CAP_/, "");

function isDebug({ labels }: Container): boolean {
  return (labels ?? []).some(({ label, value }) => label === LABEL_DEBUG && value === "true");
}

export function notPrivileged(): Rule {
  return defineRule({
    id: "container-privileges",
    title: "Containers are not privileged and get no extra capabilities",
    why: "A privileged container, a host device or a capability such as SYS_ADMIN reaches the machine's kernel past everything else that is set here.",
    fix: `Leave out \`privileged\`, \`devices\` and \`capabilities.adds\`. A debugger that attaches needs ${DEBUG_CAPABILITY}: set \`debug: true\` for the project, which adds it with the label ${LABEL_DEBUG}=true.`,
    reference: "CIS Docker Benchmark 1.2.0, 5.3, 5.4 and 5.17",
    level: "mandatory",
    options: { allow: [] as string[] },
    schema: {
      allow: { type: "array", items: { type: "string" }, description: "Capabilities that any container may add." },
    },
    checks: {
      "docker:index/container:Container"(args, report, { allow }) {
        if (args.privileged === true) report("privileged is true", "privileged");
        for (const [i, device] of (args.devices ?? []).entries())
          report(`devices has ${device.hostPath}`, `devices[${i}]`);
        const allowed = new Set(allow.map(bare));
        for (const [i, capability] of (args.capabilities?.adds ?? []).entries()) {
          const path = `capabilities.adds[${i}]`;
          if (allowed.has(bare(capability))) continue;
          if (bare(capability) !== DEBUG_CAPABILITY) report(`capabilities.adds has ${capability}`, path);
          else if (!isDebug(args))
            report(`capabilities.adds has ${capability} without the label ${LABEL_DEBUG}=true`, path);
        }
      },
    },
  });
}

export function dropCapabilities(): Rule {
  return defineRule({
    id: "container-capabilities",
    title: "Containers drop all capabilities",
    why: "Docker's default set lets a process forge network packets, change owners and make device nodes; building and testing Go needs none of it.",
    fix: 'Set `capabilities.drops` to ["ALL"].',
    reference: "CIS Docker Benchmark 1.2.0, 5.3",
    level: "mandatory",
    options: {},
    schema: {},
    checks: {
      "docker:index/container:Container"({ capabilities }, report) {
        const drops = capabilities?.drops ?? [];
        if (!drops.some((capability) => bare(capability) === "ALL")) {
          report(`capabilities.drops is ${JSON.stringify(drops)}`, "capabilities.drops");
        }
      },
    },
  });
}

export function noNewPrivileges(): Rule {
  return defineRule({
    id: "container-no-new-privileges",
    title: "Processes cannot gain privileges",
    why: "Without it a set-uid program in the image, such as su, gives an ordinary user root's powers.",
    fix: 'Set `securityOpts` to ["no-new-privileges:true"].',
    reference: "CIS Docker Benchmark 1.2.0, 5.25",
    level: "mandatory",
    options: {},
    schema: {},
    checks: {
      "docker:index/container:Container"({ securityOpts }, report) {
        const on = (securityOpts ?? []).some((option) => /^no-new-privileges([:=]true)?$/.test(option));
        if (!on) report("securityOpts does not have no-new-privileges:true", "securityOpts");
        for (const [i, option] of (securityOpts ?? []).entries()) {
          if (/^(seccomp|apparmor|systempaths)[:=]unconfined$/.test(option))
            report(`securityOpts has ${option}`, `securityOpts[${i}]`);
        }
      },
    },
  });
}
