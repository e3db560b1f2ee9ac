/** Where a distribution keeps roots that were added to it, what it makes of them, and how it is told. */
import path from "node:path";
import { rootCertificates } from "node:tls";
import type { Host } from "../host.ts";
import { readPem } from "./pem.ts";

export interface TrustStore {
  kind: "debian" | "fedora" | "arch";
  /** Folder of added roots, one file each. */
  anchors: string;
  suffix: string;
  /** All trusted roots in one file, generated. */
  bundle: string;
  /** Folder of the distribution's own, and whether they are one file each; empty where they cannot be told apart. */
  own: string;
  refresh: [command: string, ...args: string[]];
}

export const STORES: readonly TrustStore[] = [
  {
    kind: "debian",
    anchors: "/usr/local/share/ca-certificates",
    suffix: ".crt",
    bundle: "/etc/ssl/certs/ca-certificates.crt",
    own: "/usr/share/ca-certificates",
    refresh: ["update-ca-certificates"],
  },
  {
    kind: "fedora",
    anchors: "/etc/pki/ca-trust/source/anchors",
    suffix: ".crt",
    bundle: "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    own: "",
    refresh: ["update-ca-trust", "extract"],
  },
  {
    kind: "arch",
    anchors: "/etc/ca-certificates/trust-source/anchors",
    suffix: ".crt",
    bundle: "/etc/ca-certificates/extracted/tls-ca-bundle.pem",
    own: "",
    refresh: ["trust", "extract-compat"],
  },
];

/** The first whose folder is there. A machine with none is taken for Debian, whose package makes the folder. */
export async function findStore(host: Host): Promise<TrustStore> {
  for (const store of STORES) {
    if ((await host.files.stat(store.anchors))?.kind === "folder") return store;
  }
  return STORES[0] as TrustStore;
}

/** Every root that programs of this machine trust now. Without a bundle: the list that Node carries. */
export async function trustedNow(host: Host, store: TrustStore): Promise<Buffer[]> {
  const text = await host.files.text(store.bundle);
  return readPem(text ?? rootCertificates.join("\n"));
}

/** The distribution's own. Only Debian and its kin keep them apart as files. */
export async function distributionOwn(host: Host, store: TrustStore): Promise<Buffer[]> {
  if (store.own === "") return [];
  const folders = (await host.files.list(store.own)).filter((entry) => entry.isDirectory());
  const names = await Promise.all(
    folders.map(async ({ name }) =>
      (await host.files.list(path.join(store.own, name))).map((it) => `${name}/${it.name}`),
    ),
  );
  const isOn = await switchedOn(host);
  const files = names.flat().filter(isOn);
  const texts = await Promise.all(files.map((file) => host.files.text(path.join(store.own, file))));
  return texts.flatMap((text) => readPem(text ?? ""));
}

/** A line of Debian's list that begins with `!` switches a root off: the distribution brings it and does not trust it. */
async function switchedOn(host: Host): Promise<(name: string) => boolean> {
  const text = await host.files.text("/etc/ca-certificates.conf");
  const off = new Set([...(text ?? "").matchAll(/^!\s*(\S+)/gm)].map(([, name = ""]) => name));
  return (name) => !off.has(name);
}

const REFRESH_LIMIT_MS = 120_000;

/** Has the distribution generate what programs read from the files that are there now. */
export async function refreshTrust(host: Host, store: TrustStore, removed: boolean): Promise<void> {
  if (host.privileged !== undefined) {
    await host.privileged.refreshTrust(store.kind);
    return;
  }
  const [command, ...args] = store.refresh;
  // Debian's tool leaves the links to a root that is gone, unless it is told to make all of them anew.
  const fresh = removed && store.kind === "debian" ? ["--fresh"] : [];
  await host.run(command, [...args, ...fresh, ...elsewhere(host, store)], {
    timeoutMs: REFRESH_LIMIT_MS,
    env: { ...host.env, PATH: `${host.env.PATH ?? ""}:/usr/sbin:/sbin` },
  });
}

/** A host below a folder of its own: Debian's tool can be told where everything is, the others cannot. */
function elsewhere(host: Host, store: TrustStore): string[] {
  const real = host.files.real("/");
  if (real === "/") return [];
  if (store.kind !== "debian") throw new Error(`${store.refresh[0]} cannot work below ${real}`);
  return [
    ...["--localcertsdir", host.files.real(store.anchors)],
    ...["--certsdir", host.files.real(store.own)],
    ...["--etccertsdir", host.files.real(path.dirname(store.bundle))],
    ...["--certsconf", host.files.real("/etc/ca-certificates.conf")],
    ...["--hooksdir", host.files.real("/etc/ca-certificates/update.d")],
  ];
}
