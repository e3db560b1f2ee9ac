import { posix } from "node:path";
import { type Container, defineRule, type Report, type Rule } from "../rule.ts";

/** Whoever can write to one of these starts containers as root on the machine. */
const ENGINE_SOCKETS = [
  "/run/docker.sock",
  "/run/containerd/containerd.sock",
  "/run/podman/podman.sock",
  "/run/crio/crio.sock",
];

/** /var/run is a link to /run on every distribution of the last ten years. */
const canonical = (path: string): string => posix.resolve("/", path).replace(/^\/var\/run(?=\/|$)/, "/run");

/** The folder itself, or one that holds it: mounting /run hands out the socket too. */
const exposes = (mounted: string, socket: string): boolean =>
  mounted === socket || mounted === "/" || socket.startsWith(`${mounted}/`);

interface HostPath {
  path: string;
  /** The property that names it. */
  at: string;
}

function* hostPaths({ mounts, volumes }: Container): Generator<HostPath> {
  for (const [i, { type, source }] of (mounts ?? []).entries()) {
    if (type === "bind" && source !== undefined) yield { path: source, at: `mounts[${i}].source` };
  }
  for (const [i, { hostPath }] of (volumes ?? []).entries()) {
    if (hostPath !== undefined) yield { path: hostPath, at: `volumes[${i}].hostPath` };
  }
}

function judgePath({ path, at }: HostPath, further: readonly string[], report: Report): void {
  const folder = canonical(path);
  const socket = [...ENGINE_SOCKETS, ...further.map(canonical)].find((one) => exposes(folder, one));
  // A rootless engine's socket is below a folder that names the user.
  if (socket === undefined && !/^\/run\/user(\/\d+)?$|\/docker\.sock$/.test(folder)) return;
  report(`${path} is mounted${socket === undefined || socket === folder ? "" : `, which holds ${socket}`}`, at);
}

export function noEngineSocket(sockets: string[] = []): Rule {
  return defineRule({
    id: "container-engine-socket",
    title: "Containers do not see the container engine's socket",
    why: "A process that reaches the engine can start a privileged container with the whole disk mounted: it owns the machine.",
    fix: "Take the mount out. What a build needs of the engine runs outside, through `./workstation`.",
    reference: "CIS Docker Benchmark 1.2.0, 5.31",
    level: "mandatory",
    options: { sockets },
    schema: {
      sockets: { type: "array", items: { type: "string" }, description: "Further sockets, as absolute paths." },
    },
    checks: {
      "docker:index/container:Container"(args, report, options) {
        for (const path of hostPaths(args)) judgePath(path, options.sockets, report);
      },
      // A volume of the local driver can be a folder of the machine under another name.
      "docker:index/volume:Volume"({ driverOpts }, report, options) {
        const { device } = driverOpts ?? {};
        if (device?.startsWith("/")) judgePath({ path: device, at: "driverOpts.device" }, options.sockets, report);
      },
    },
  });
}

export function noHostNamespaces(): Rule {
  return defineRule({
    id: "container-host-namespaces",
    title: "Containers share no namespace with the machine",
    why: "On the machine's network every port of the container is open to it and every local service is reachable; sharing processes or memory lets it read others' secrets.",
    fix: "Leave out `pidMode`, `ipcMode` and `usernsMode`, and set `networkMode` to the stack's own network.",
    reference: "CIS Docker Benchmark 1.2.0, 5.9, 5.15, 5.16 and 5.30",
    level: "mandatory",
    options: {},
    schema: {},
    checks: {
      "docker:index/container:Container"(args, report) {
        for (const key of ["networkMode", "pidMode", "ipcMode", "usernsMode"] as const) {
          if (args[key] === "host") report(`${key} is host`, key);
        }
        for (const [i, { name }] of (args.networksAdvanced ?? []).entries()) {
          if (name === "host") report("networksAdvanced has host", `networksAdvanced[${i}].name`);
        }
      },
    },
  });
}

export function portsOnLoopback(addresses: string[] = ["127.0.0.1", "::1"]): Rule {
  return defineRule({
    id: "container-ports",
    title: "Ports are published on loopback only",
    why: "Without an address Docker publishes on every network of the machine and opens the firewall for it.",
    fix: 'Set `ip` of each port to "127.0.0.1".',
    reference: "CIS Docker Benchmark 1.2.0, 5.13",
    level: "mandatory",
    options: { addresses },
    schema: {
      addresses: { type: "array", items: { type: "string" }, minItems: 1, description: "Addresses to publish on." },
    },
    checks: {
      "docker:index/container:Container"({ ports, publishAllPorts }, report, options) {
        if (publishAllPorts === true) report("publishAllPorts is true", "publishAllPorts");
        for (const [i, { ip, internal }] of (ports ?? []).entries()) {
          const path = `ports[${i}].ip`;
          if (ip === undefined) report(`port ${internal} is published on every address`, path);
          else if (!options.addresses.includes(ip)) report(`port ${internal} is published on ${ip}`, path);
        }
      },
    },
  });
}
