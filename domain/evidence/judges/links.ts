/** Certificates, and links as they were on the wire. */
import { nanoseconds } from "../../drift/docker.ts";
import { SUITES } from "../../mesh/suites.ts";
import { type Check, check, type Moment, minutes } from "../check.ts";
import type { Part } from "../schema.ts";

const HOUR = 3_600_000;
/** Longest life of a leaf, in hours: what the authority itself and the rule `certificate-authority` allow. */
const LONGEST = 72;

type Authority = Part<"certificates">["authorities"][number];
type Leaf = Authority["leaves"][number];
type Link = Part<"links">["list"][number];

export function judgeCertificates({ authorities }: Part<"certificates">, { taken }: Moment): Check[] {
  const each = (problems: (authority: Authority) => string[]): string[] =>
    authorities.flatMap((authority) => problems(authority).map((problem) => `${authority.container}: ${problem}`));
  const none = authorities.length === 0 ? ["the stack has no authority"] : [];
  return [
    check("certificates", "authorities", "each authority answered, and found no fault", each(faults), [
      ...each(({ warnings }) => warnings),
      ...none,
    ]),
    check(
      "certificates",
      "lifetimes",
      `no certificate lives longer than ${LONGEST} h`,
      each(({ leaves }) => leaves.flatMap((leaf) => lifetime(leaf, taken))),
    ),
    check(
      "certificates",
      "expiry",
      "no certificate had expired",
      each((authority) => expired(authority, taken)),
    ),
  ];
}

function faults({ problem, sha256, algorithm, leaves, problems }: Authority): string[] {
  if (problem !== null) return [problem];
  const named = leaves.filter(({ fault }) => fault !== "").map(({ name, fault }) => `${name}: ${fault}`);
  return [
    ...(/^[0-9a-f]{64}$/.test(sha256 ?? "") ? [] : ["the fingerprint of its root is missing"]),
    ...(algorithm === undefined ? ["its algorithm is missing"] : []),
    ...new Set([...named, ...problems]),
  ];
}

function lifetime({ name, lifetime: declared, notAfter }: Leaf, taken: number): string[] {
  const hours = (nanoseconds(declared) ?? 0) / 3600e9;
  const left = notAfter === undefined ? 0 : (Date.parse(notAfter) - taken) / HOUR;
  return [
    ...(hours > 0 ? [] : [`${name}: its lifetime ${JSON.stringify(declared)} is no duration`]),
    ...(hours > LONGEST ? [`${name}: its lifetime is ${declared}`] : []),
    ...(left > LONGEST && notAfter !== undefined
      ? [`${name}: good until ${minutes(notAfter)}, ${Math.round(left)} h later`]
      : []),
  ];
}

function expired({ problem, rootNotAfter, intermediateNotAfter, leaves }: Authority, taken: number): string[] {
  if (problem !== null) return [];
  const all = [
    { name: "root", notAfter: rootNotAfter },
    { name: "intermediate", notAfter: intermediateNotAfter },
    ...leaves,
  ];
  return all.flatMap(({ name, notAfter }) => {
    if (notAfter === undefined) return [`${name}: no date of its end`];
    return Date.parse(notAfter) > taken ? [] : [`${name}: expired on ${minutes(notAfter)}`];
  });
}

export function judgeLinks(
  { enabled, list }: Part<"links">,
  certificates: Part<"certificates"> | undefined,
  { taken }: Moment,
): Check[] {
  if (!enabled) {
    const found = list.length > 0 ? ["it is off, and has links"] : [];
    return [check("links", "links", "links between services are encrypted", found, ["the mesh is off (mesh.enabled)"])];
  }
  const each = (problems: (link: Link) => string[]): string[] =>
    list.flatMap((link) => problems(link).map((problem) => `${link.from} -> ${link.to}:${link.port}: ${problem}`));
  const sm2 = certificates === undefined || certificates.authorities.some(({ algorithm }) => algorithm === "sm2");
  return [
    check("links", "links", "each link was up", each(down), list.length === 0 ? ["the mesh has no links"] : []),
    check("links", "suites", "each link used a suite of its profile", each(suite)),
    check("links", "peers", "each server showed a certificate that was good", [
      ...each((link) => peer(link, taken)),
      ...(sm2 ? [] : ["the mesh is on, and no authority has SM2 keys"]),
    ]),
  ];
}

const down = ({ ok, problem, negotiated }: Link): string[] =>
  ok && problem === null && negotiated !== null ? [] : [problem ?? "nothing was negotiated"];

function suite({ profile, negotiated }: Link): string[] {
  const allowed = SUITES[profile];
  if (allowed === undefined) return [`its profile ${JSON.stringify(profile)} is not known`];
  if (negotiated === null) return [];
  return [
    ...(allowed.includes(negotiated.suite)
      ? []
      : [`${negotiated.suiteName} (${negotiated.suite}), and ${profile} allows ${allowed.join(", ")}`]),
    ...(negotiated.profile === profile ? [] : [`it spoke ${negotiated.profile}, and ${profile} is declared`]),
  ];
}

function peer({ negotiated }: Link, taken: number): string[] {
  if (negotiated === null) return [];
  const { names, notAfter } = negotiated.peer;
  const left = (Date.parse(notAfter) - taken) / HOUR;
  return [
    ...(names.length > 0 ? [] : ["its certificate has no names"]),
    ...(left > 0 ? [] : [`its certificate expired on ${minutes(notAfter)}`]),
    ...(left > LONGEST ? [`its certificate is good until ${minutes(notAfter)}, ${Math.round(left)} h later`] : []),
  ];
}
