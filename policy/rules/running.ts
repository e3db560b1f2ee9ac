import { type Container, defineRule, type Rule } from "../rule.ts";

/** Runs once and ends: there is nothing to restart or to ask whether it is well. */
const endsByItself = ({ mustRun }: Container): boolean => mustRun === false;

/** Drivers that keep what they wrote on this machine and only rotate it when told to. */
const FILE_DRIVERS = new Set(["json-file"]);

export function logRotation(): Rule {
  return defineRule({
    id: "container-logs",
    title: "Logs are kept and rotated",
    why: "A container that logs without end fills the disk, and with it stops every other; one without logs cannot be explained afterwards.",
    fix: 'Set `logDriver` to "json-file" with `logOpts` max-size and max-file, or to "local", which rotates by itself.',
    reference: "CIS Docker Benchmark 1.2.0, 2.12",
    level: "mandatory",
    options: {},
    schema: {},
    checks: {
      "docker:index/container:Container"({ logDriver, logOpts }, report) {
        if (logDriver === undefined) report("logDriver is not set, so that the daemon's default decides", "logDriver");
        else if (logDriver === "none") report("logDriver is none", "logDriver");
        else if (FILE_DRIVERS.has(logDriver)) {
          const size = logOpts?.["max-size"];
          if (size === undefined || !/^[1-9]\d*[kmg]?$/i.test(size))
            report(`logOpts max-size is ${size ?? "not set"}`, "logOpts.max-size");
          const files = logOpts?.["max-file"];
          if (files === undefined || !/^[1-9]\d*$/.test(files))
            report(`logOpts max-file is ${files ?? "not set"}`, "logOpts.max-file");
        }
      },
    },
  });
}

export function restartPolicy(policies: string[] = ["unless-stopped", "on-failure", "always"]): Rule {
  return defineRule({
    id: "container-restart",
    title: "Containers come back after a restart",
    why: "After the machine or Docker has restarted, the editor must find its container running.",
    fix: 'Set `restart` to "unless-stopped". A container that ends by itself says so with `mustRun: false`.',
    reference: "CIS Docker Benchmark 1.2.0, 5.14",
    level: "mandatory",
    options: { policies },
    schema: {
      policies: { type: "array", items: { type: "string" }, minItems: 1, description: "Restart policies to accept." },
    },
    checks: {
      "docker:index/container:Container"(args, report, options) {
        if (endsByItself(args)) return;
        if (args.restart === undefined) report("restart is not set", "restart");
        else if (!options.policies.includes(args.restart)) report(`restart is ${args.restart}`, "restart");
      },
    },
  });
}

export function healthcheck(): Rule {
  return defineRule({
    id: "container-health",
    title: "Containers say whether they are well",
    why: "A container can run and be of no use: its volume full, its SDK gone. Only a healthcheck shows that before a person meets it.",
    fix: "Set `healthcheck.tests`, such as CMD-SHELL with a command that is cheap. A container that ends by itself says so with `mustRun: false`.",
    reference: "CIS Docker Benchmark 1.2.0, 5.26",
    level: "mandatory",
    options: {},
    schema: {},
    checks: {
      "docker:index/container:Container"(args, report) {
        if (endsByItself(args)) return;
        const tests = args.healthcheck?.tests ?? [];
        if (tests.length === 0) report("healthcheck is not set", "healthcheck.tests");
        else if (tests[0] === "NONE") report("healthcheck is switched off", "healthcheck.tests");
      },
    },
  });
}
