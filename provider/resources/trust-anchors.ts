/**
 * `TrustAnchors`: a set of root certificates in the distribution's trust store, by fingerprint. One file a certificate,
 * each with valid armour; a root that is no longer in the set goes from the store too. The distribution's own roots and
 * files that somebody else put there are never touched: ours are known by their name.
 *
 * The store is refreshed here and not by a command beside it: on destroy a command would run before the files go.
 * Below a staging root the same files are written, and the bundle beside them; no program of the machine runs.
 */
import { X509Certificate } from "node:crypto";
import path from "node:path";
import type { CheckFailure, DiffResult, ReadResult, ResourceHandler } from "../handler.ts";
import type { Host } from "../host.ts";
import { notingChange } from "../trust/note.ts";
import { fingerprintOf, readPem, renderBundle, toPem } from "../trust/pem.ts";
import { findStore, refreshTrust, STORES, type TrustStore, trustedNow } from "../trust/store.ts";

export interface TrustAnchorsInputs {
  /** PEM, one certificate each. */
  certificates: string[];
  /** Tells the files of two stacks apart: letters, digits and dashes. */
  owner: string;
  /** Staging root; empty for the machine itself. Default empty. */
  root: string;
}

export interface TrustAnchorsOutputs {
  owner: string;
  root: string;
  /** Of the files that are there and intact, sorted. */
  fingerprints: string[];
  /** Those of them that programs find in the store, sorted. */
  trusted: string[];
  /** Files of ours that hold something else than their name says, or that not everybody can read. */
  damaged: string[];
}

const MODE = 0o644;

export const trustAnchors: ResourceHandler<TrustAnchorsInputs, TrustAnchorsOutputs> = {
  async check(_host, news, unknown) {
    const inputs = { root: "", ...news } as TrustAnchorsInputs;
    const failures: CheckFailure[] = [];
    const fail = (property: string, reason: string) => failures.push({ property, reason });
    if (!unknown.has("owner") && !/^[a-z0-9][a-z0-9-]{0,40}$/.test(String(news.owner)))
      fail("owner", `is ${JSON.stringify(news.owner) ?? "missing"}; must be lower-case letters, digits and dashes`);
    if (!unknown.has("root") && inputs.root !== "" && path.normalize(inputs.root) !== path.resolve(inputs.root))
      fail("root", `is ${JSON.stringify(inputs.root)}; must be an absolute path, or empty for the machine itself`);
    if (!unknown.has("certificates")) {
      if (!Array.isArray(news.certificates)) fail("certificates", "must be a list of certificates as PEM text");
      else for (const [index, pem] of news.certificates.entries()) checkPem(pem, `certificates[${index}]`, fail);
    }
    return { inputs, failures };
  },

  async diff(_host, olds, news, unknown): Promise<DiffResult> {
    const changed: string[] = [];
    if (unknown.has("owner") || olds.owner !== news.owner) changed.push("owner");
    if (unknown.has("root") || olds.root !== news.root) changed.push("root");
    const wanted = unknown.has("certificates") ? undefined : fingerprintsOf(news.certificates).join();
    const there = olds.damaged.length === 0 && olds.fingerprints.join() === wanted && olds.trusted.join() === wanted;
    if (!there) changed.push("certificates");
    return { changed, replaces: changed.filter((name) => name !== "certificates"), deleteBeforeReplace: true };
  },

  async preview(_host, { certificates, owner, root }) {
    return {
      ...(owner === undefined ? {} : { owner }),
      root: root ?? "",
      ...(certificates === undefined ? {} : { fingerprints: fingerprintsOf(certificates) }),
    };
  },

  async create(host, news) {
    return { id: `${news.root}/${news.owner}`, outputs: await put(host, news) };
  },

  async read(host, id, olds): Promise<ReadResult<TrustAnchorsInputs, TrustAnchorsOutputs> | undefined> {
    const place = await placeOf(host, rootOf(id), ownerOf(id));
    const { outputs, pems } = await look(host, place);
    const none = outputs.fingerprints.length + outputs.damaged.length === 0;
    // Files that somebody took away may still be trusted: the store is what programs read.
    if (none && !(await isTrusted(host, place, olds)) && !(await isStaged(host, place))) return undefined;
    return { id, inputs: { owner: place.owner, root: place.root, certificates: pems }, outputs };
  },

  async update(host, _id, _olds, news) {
    return put(host, news);
  },

  async delete(host, id, olds) {
    const place = await placeOf(host, rootOf(id), ownerOf(id));
    const files = await ourFiles(host, place);
    if (place.root === "") {
      if (files.length === 0 && !(await isTrusted(host, place, olds))) return;
      await notingChange(host, place.store, async () => {
        for (const file of files) await host.files.remove(file);
        await refreshTrust(host, place.store, true);
      });
      return;
    }
    for (const file of files) await host.files.remove(file);
    await host.files.remove(place.bundle);
    for (const file of [place.bundle, path.join(place.anchors, "x")]) await removeEmptyParents(host, file, place.root);
  },
};

function checkPem(pem: unknown, property: string, fail: (property: string, reason: string) => void): void {
  const found = typeof pem === "string" ? readPem(pem) : [];
  const [der] = found;
  if (der === undefined || found.length > 1) {
    fail(property, `must be one certificate as PEM text; it has ${found.length}`);
    return;
  }
  try {
    new X509Certificate(der);
  } catch {
    fail(property, "has the armour of a certificate, but its content is none");
  }
}

const dersOf = (pems: readonly string[]): Buffer[] => pems.flatMap((pem) => readPem(pem));
const fingerprintsOf = (pems: readonly string[]): string[] => [...new Set(dersOf(pems).map(fingerprintOf))].sort();

/** The id is `<root>/<owner>`, which is also what `pulumi import` takes; an owner has no slash. */
const rootOf = (id: string): string => id.slice(0, Math.max(0, id.lastIndexOf("/")));
const ownerOf = (id: string): string => id.slice(id.lastIndexOf("/") + 1);

interface Place {
  owner: string;
  root: string;
  store: TrustStore;
  anchors: string;
  bundle: string;
}

async function placeOf(host: Host, root: string, owner: string): Promise<Place> {
  const store = root === "" ? await findStore(host) : (STORES[0] as TrustStore);
  return { owner, root, store, anchors: `${root}${store.anchors}`, bundle: `${root}${store.bundle}` };
}

async function isTrusted(host: Host, place: Place, olds: TrustAnchorsOutputs | undefined): Promise<boolean> {
  if (place.root !== "" || olds === undefined) return false;
  const store = new Set(readPem((await host.files.text(place.bundle)) ?? "").map(fingerprintOf));
  return olds.fingerprints.some((fingerprint) => store.has(fingerprint));
}

const isStaged = async (host: Host, { root, bundle }: Place): Promise<boolean> =>
  root !== "" && (await host.files.stat(bundle)) !== undefined;

/** Twelve digits tell roots apart; the whole fingerprint is compared when the file is read. */
function fileName({ owner, store }: Place, der: Buffer): string {
  const subject = new X509Certificate(der).subject ?? "";
  const name = ["CN", "OU", "O"].flatMap((key) => new RegExp(`^${key}=(.*)$`, "m").exec(subject)?.[1] ?? [])[0] ?? "";
  const slug = name
    .toLowerCase()
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "")
    .slice(0, 40);
  return `${prefixOf(owner)}${slug || "root"}-${fingerprintOf(der).slice(0, 12)}${store.suffix}`;
}

/** An owner has no dot: files of stack `a` are not taken for those of `a-b`. */
const prefixOf = (owner: string): string => `go-workstation-${owner}.`;

async function ourFiles(host: Host, place: Place): Promise<string[]> {
  const entries = await host.files.list(place.anchors);
  return entries
    .filter(({ name }) => name.startsWith(prefixOf(place.owner)) && name.endsWith(place.store.suffix))
    .map(({ name }) => path.join(place.anchors, name))
    .sort();
}

async function put(host: Host, news: TrustAnchorsInputs): Promise<TrustAnchorsOutputs> {
  const place = await placeOf(host, news.root, news.owner);
  const wanted = new Map(dersOf(news.certificates).map((der) => [path.join(place.anchors, fileName(place, der)), der]));
  if (place.root === "") {
    await notingChange(host, place.store, async () => {
      const removed = await putFiles(host, place, wanted);
      await refreshTrust(host, place.store, removed);
    });
  } else {
    await putFiles(host, place, wanted);
    // What the distribution would make of them: its own and these.
    const all = [...(await trustedNow(host, await findStore(host))), ...wanted.values()];
    await host.files.makeFolder(path.dirname(place.bundle));
    await host.files.write(place.bundle, renderBundle(all), { mode: MODE });
  }
  return (await look(host, place)).outputs;
}

/** Says whether one had to go. */
async function putFiles(host: Host, place: Place, wanted: ReadonlyMap<string, Buffer>): Promise<boolean> {
  await host.files.makeFolder(place.anchors);
  const gone = (await ourFiles(host, place)).filter((file) => !wanted.has(file));
  for (const file of gone) await host.files.remove(file);
  await Promise.all(
    [...wanted].map(async ([file, der]) => {
      const text = toPem(der);
      const found = await host.files.stat(file);
      if (found?.kind === "file" && found.mode === MODE && (await host.files.text(file)) === text) return;
      await host.files.write(file, text, { mode: MODE });
    }),
  );
  return gone.length > 0;
}

async function look(host: Host, place: Place): Promise<{ outputs: TrustAnchorsOutputs; pems: string[] }> {
  const [files, bundle] = await Promise.all([ourFiles(host, place), host.files.text(place.bundle)]);
  const store = new Set(readPem(bundle ?? "").map(fingerprintOf));
  const read = await Promise.all(
    files.map(async (file) => {
      const [stat, text] = await Promise.all([host.files.stat(file), host.files.text(file)]);
      const [der, ...more] = readPem(text ?? "");
      const intact = der !== undefined && more.length === 0 && stat?.kind === "file" && stat.mode === MODE;
      return intact && file.includes(fingerprintOf(der).slice(0, 12)) ? { file, der } : { file, der: undefined };
    }),
  );
  const ders = read.flatMap(({ der }) => (der === undefined ? [] : [der]));
  const fingerprints = [...new Set(ders.map(fingerprintOf))].sort();
  return {
    pems: ders.map(toPem),
    outputs: {
      owner: place.owner,
      root: place.root,
      fingerprints,
      trusted: fingerprints.filter((fingerprint) => store.has(fingerprint)),
      damaged: read.flatMap(({ file, der }) => (der === undefined ? [path.basename(file)] : [])).sort(),
    },
  };
}

async function removeEmptyParents(host: Host, file: string, root: string): Promise<void> {
  for (let folder = path.dirname(file); folder.startsWith(root); folder = path.dirname(folder)) {
    if (!(await host.files.removeEmptyFolder(folder)) && (await host.files.stat(folder)) !== undefined) return;
  }
}
