import { ALGORITHMS, FIRST_ALGORITHM } from "../../domain/certificates.ts";
import { defineRule, type Report, type Rule } from "../rule.ts";
import { secretPaths } from "../values.ts";

const HOUR = 3600;
const UNITS: Record<string, number> = { h: HOUR, m: 60, s: 1 };

/** Seconds of a duration as Go writes it, such as `24h` or `1h30m`; undefined where it is none. */
function seconds(duration: string): number | undefined {
  if (!/^(\d+(\.\d+)?[hms])+$/.test(duration)) return undefined;
  return [...duration.matchAll(/([\d.]+)([hms])/g)].reduce(
    (sum, [, count = "", unit = ""]) => sum + Number(count) * (UNITS[unit] ?? 0),
    0,
  );
}

interface Lifetime {
  name: string;
  lifetime: string;
  path: string;
}

function judgeLifetime({ name, lifetime, path }: Lifetime, hours: number, report: Report): void {
  const found = seconds(lifetime);
  if (found === undefined || found <= 0) report(`${name} is ${JSON.stringify(lifetime)}`, path);
  else if (found > hours * HOUR) report(`${name} is ${lifetime}, more than ${hours}h`, path);
}

const isLoopback = (address: string): boolean => address === "::1" || /^127(\.\d{1,3}){3}$/.test(address);

function isOurs(name: string, stack: string): boolean {
  const domain = `gows-${stack}.internal`;
  return name === "localhost" || name === domain || name.endsWith(`.${domain}`);
}

/** Ten years of 365 days. */
const ROOT_HOURS = 87_600;

export function certificateAuthority(maxLeafHours = 72, maxRootHours = ROOT_HOURS): Rule {
  return defineRule({
    id: "certificate-authority",
    title: "The stack's certificate authority signs little, for a short time, with a sealed root",
    why: "Whoever gets hold of a certificate's key poses as its names until it ends; an authority that signs other names, or whose root lies about unsealed, could pose as every server to whatever trusts it.",
    fix: "Give each leaf a `lifetime` of at most 72h (it is renewed by itself), names below `gows-<stack>.internal` or localhost and addresses of loopback, `rootLifetime` at most 87600h, `algorithm` p256 or sm2 (`pair` only with sm2), and take `passphrase` from a RandomPassword or another secret.",
    reference: "NIST SP 800-57 Part 1 Rev. 5, 5.3 (cryptoperiods)",
    level: "mandatory",
    options: { maxLeafHours, maxRootHours },
    schema: {
      maxLeafHours: { type: "integer", minimum: 1, description: "Longest lifetime of a leaf, in hours." },
      maxRootHours: { type: "integer", minimum: 1, description: "Longest lifetime of the root, in hours." },
    },
    checks: {
      "workstation:index:CertificateAuthority"(args, report, options) {
        // One that is neither known nor marked leaves the rule undecided.
        if (!secretPaths(args).has("passphrase") && args.passphrase !== undefined)
          report("passphrase is not a secret", "passphrase");
        const {
          algorithm = FIRST_ALGORITHM,
          stack = "",
          leaves = [],
          rootLifetime = "",
          intermediateLifetime = "",
        } = args;
        if (!ALGORITHMS.includes(algorithm)) report(`algorithm is ${JSON.stringify(algorithm)}`, "algorithm");
        for (const [name, lifetime] of Object.entries({ rootLifetime, intermediateLifetime })) {
          judgeLifetime({ name, lifetime, path: name }, options.maxRootHours, report);
        }
        for (const [i, { name, dns, ips, lifetime, pair = false }] of leaves.entries()) {
          if (pair && algorithm !== "sm2")
            report(`${name} is a pair, which only sm2 authorities make`, `leaves[${i}].pair`);
          const path = `leaves[${i}].lifetime`;
          judgeLifetime({ name: `lifetime of ${name}`, lifetime, path }, options.maxLeafHours, report);
          for (const one of dns) if (!isOurs(one, stack)) report(`${name} is for ${one}`, `leaves[${i}].dns`);
          for (const one of ips) if (!isLoopback(one)) report(`${name} is for ${one}`, `leaves[${i}].ips`);
        }
      },
    },
  });
}
