/** From the links in the settings to tunnels with ports; and all that is wrong with them. */
import type { MeshProfile } from "../../config/mesh.ts";
import type { Settings } from "../../config/schema.ts";

/** The module proxy's name in links. */
export const PROXY_SERVICE = "goproxy";

export interface Link {
  from: string;
  to: string;
  port: number;
  localPort: number;
  profile: MeshProfile;
}

/** One program, in the network namespace of `service`. */
export interface Tunnel {
  role: "client" | "server";
  service: string;
  /** Last part of names; unique in the stack. */
  name: string;
  profile: MeshProfile;
  /** HOST:PORT in that namespace. */
  listen: string;
  /** A server's: on loopback. A client's: the other container and its tunnel's port. */
  connect: { service: string; port: number };
  /** Whose certificates are taken: names of services. */
  peers: string[];
  admin: number;
}

/** What `sidecars/sm-tunnel` speaks; for the other profile certificates can be had, but no program. */
const SPOKEN: readonly MeshProfile[] = ["rfc8998"];

type MeshQuestion = Pick<Settings, "mesh" | "goProxy"> & { projects: readonly { name?: string | undefined }[] };

/** With `*` written out, each once. */
export function linksOf({ mesh, projects }: MeshQuestion): Link[] {
  if (!mesh.enabled) return [];
  return mesh.links.flatMap(({ from, to, port, localPort, profile }) =>
    (from === "*" ? projects.flatMap(({ name }) => (name === undefined || name === to ? [] : [name])) : [from]).map(
      (one) => ({ from: one, to, port, localPort: localPort ?? port, profile: profile ?? mesh.profile }),
    ),
  );
}

/** Is the module proxy reached through the mesh, and so listens on loopback only? */
export const proxyIsMeshed = (settings: MeshQuestion): boolean =>
  linksOf(settings).some(({ to }) => to === PROXY_SERVICE);

export function meshProblems(settings: MeshQuestion): string[] {
  const links = linksOf(settings);
  const names = settings.projects.flatMap(({ name }) => (name === undefined ? [] : [name]));
  const known = [...names, ...(settings.goProxy.mode === "off" ? [] : [PROXY_SERVICE])];
  const problems = settings.mesh.enabled
    ? settings.mesh.links.flatMap(({ from, to }, index) => {
        const at = `mesh.links[${index}]`;
        return [
          ...(from === "*" || names.includes(from)
            ? []
            : [`${at}.from: "${from}" is not a project; known: ${names.join(", ") || "none"}.`]),
          ...(known.includes(to)
            ? []
            : to === PROXY_SERVICE
              ? [`${at}.to: the module proxy is off; set goProxy.mode to local or take the link out.`]
              : [`${at}.to: "${to}" is not a service of this stack; known: ${known.join(", ") || "none"}.`]),
          ...(from === to ? [`${at}: from and to are both "${to}"; inside of one container nothing is sent.`] : []),
        ];
      })
    : [];
  problems.push(...unspoken(links), ...doubled(links));
  problems.push(...proxyProblems(settings, links, names));
  return problems.length > 0 ? problems : portProblems(tunnelsOf(links));
}

function unspoken(links: readonly Link[]): string[] {
  const asked = [...new Set(links.map(({ profile }) => profile))].filter((profile) => !SPOKEN.includes(profile));
  return asked.map(
    (profile) =>
      `mesh.profile: "${profile}" is not spoken by the tunnel yet; set it, and that of each link, to ${SPOKEN.join(" or ")}.`,
  );
}

function doubled(links: readonly Link[]): string[] {
  const key = ({ from, to, port }: Link): string => `from ${from} to ${to}:${port}`;
  const keys = links.map(key);
  return [...new Set(keys.filter((one, index) => keys.indexOf(one) < index))].map(
    (one) => `mesh.links: the link ${one} is there twice; keep one of them.`,
  );
}

function proxyProblems(settings: MeshQuestion, links: readonly Link[], projects: readonly string[]): string[] {
  const to = links.filter((link) => link.to === PROXY_SERVICE);
  if (to.length === 0 || settings.goProxy.mode === "off") return [];
  const without = projects.filter((name) => !to.some(({ from }) => from === name));
  return [
    ...(without.length === 0
      ? []
      : [
          `mesh.links: ${without.join(", ")} would not reach the module proxy any more, because it listens for the mesh only; link them as well, or use from: "*".`,
        ]),
    ...(settings.goProxy.host
      ? [
          "goProxy.host: publishes the module proxy on this machine, around the mesh; set it to false or take the link to goproxy out.",
        ]
      : []),
  ];
}

const HIGHEST = 65535;
/** A port that belongs to `port`: as far away as it says, in the other direction where there is no room. */
const shifted = (port: number, by: number): number => (port + by <= HIGHEST ? port + by : port - by);
/** Both profiles can lead to one port of a service. */
const apart = (profile: MeshProfile): number => (profile === "tlcp" ? 10_000 : 0);
const serverPort = (port: number, profile: MeshProfile): number => shifted(port, 10_000 + apart(profile));
const serverAdmin = (port: number, profile: MeshProfile): number => shifted(port, 11_000 + apart(profile));
const clientAdmin = (port: number): number => shifted(port, 12_000);

/** One server for all that come to the same port, one client for each link. */
export function tunnelsOf(links: readonly Link[]): Tunnel[] {
  const servers = new Map<string, Tunnel>();
  for (const { from, to, port, profile } of links) {
    const name = `mesh.${to}.${port}.${profile}`;
    const peers = [...new Set([...(servers.get(name)?.peers ?? []), from])].sort();
    servers.set(name, {
      ...{ role: "server", service: to, name, profile, peers },
      listen: `0.0.0.0:${serverPort(port, profile)}`,
      connect: { service: to, port },
      admin: serverAdmin(port, profile),
    });
  }
  const clients = links.map(
    ({ from, to, port, localPort, profile }): Tunnel => ({
      ...{ role: "client", service: from, name: `mesh.${from}.${to}.${port}`, profile, peers: [to] },
      listen: `127.0.0.1:${localPort}`,
      connect: { service: to, port: serverPort(port, profile) },
      admin: clientAdmin(localPort),
    }),
  );
  return [...servers.values(), ...clients].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** All tunnels of a service share its network with it. */
function portProblems(tunnels: readonly Tunnel[]): string[] {
  const taken = new Map<string, { by: string; service: boolean }>();
  const claim = (service: string, port: number, by: string, isService: boolean): string[] => {
    const key = `${service}:${port}`;
    const other = taken.get(key);
    taken.set(key, other ?? { by, service: isService });
    // Two profiles of one service lead to the same port of it.
    if (other === undefined || (other.service && isService)) return [];
    return [
      `mesh.links: port ${port} in the network of "${service}" is needed by ${other.by} and by ${by}; give one of the links another localPort.`,
    ];
  };
  return tunnels.flatMap(({ role, service, name, listen, connect, admin }) => [
    ...(role === "server" ? claim(service, connect.port, `the service itself (${name})`, true) : []),
    ...claim(service, Number(listen.slice(listen.lastIndexOf(":") + 1)), name, false),
    ...claim(service, admin, name, false),
  ]);
}
