/** Settings as one person wrote them into settings for everybody: what is secret or personal becomes a parameter. */
import { isBelow, isOwnPath, isPersonal, type Personal, personalSpans } from "./personal.ts";
import { type Piece, renderPieces } from "./placeholders.ts";
import { isSecure, type Step, secretsIn } from "./secret-places.ts";
import { secretSpans } from "./secrets.ts";
import { isGroup, type Json, merged, occurrences, pathText } from "./spans.ts";

export interface Parameter {
  name: string;
  description: string;
  /** Places in the settings, sorted. */
  usedBy: string[];
  /** Never shown, and may be left out. */
  secret?: true | undefined;
  /** The setting is a number. Default: text. */
  type?: "number" | undefined;
}

export interface Shared {
  settings: Record<string, Json>;
  /** Sorted by name. */
  parameters: Parameter[];
  /** Whose secrets the importer stores with `credential set`. */
  credentials: string[];
}

export interface Made extends Shared {
  /** What each parameter stands for here: with these an import gives the same settings. Never to be written. */
  answers: Map<string, string>;
}

/** Keys whose paths are taken from the checkout when they are relative. */
const RELATIVE = [
  /^projects\[\d+\]\.path$/,
  /^image\.dockerfile$/,
  /^hostSync\.roots\.files\[\d+\]$/,
  /^files\[\d+\]\.path$/,
];
const PROJECT = /^projects\[\d+\]\.path$/;

/** A password such as `postgres` is also a plain word, which stands elsewhere and means something else there. */
const isUnmistakable = (secret: string): boolean => secret.length >= (/^[a-z]*$/i.test(secret) ? 16 : 8);

const ABOUT: Record<string, string> = {
  checkout: "Folder of this checkout",
  home: "Your home folder",
  user: "Your login name",
  hostname: "Name of your machine",
  name: "Your name, as git has it",
  email: "Your mail address, as git has it",
};

/** `vocabulary`: words that settings are written in, which mean no person even when somebody is called so. */
export function makeExport(
  raw: Record<string, Json>,
  personal: Personal,
  vocabulary: ReadonlySet<string> = new Set(),
): Made {
  return new Maker(raw, personal, vocabulary).make();
}

class Maker {
  private readonly raw: Record<string, Json>;
  private readonly personal: Personal;
  private readonly vocabulary: ReadonlySet<string>;
  private readonly secrets: ReturnType<typeof secretsIn>;
  private readonly repeated: string[];
  private readonly parameters = new Map<string, Parameter>();
  private readonly answers = new Map<string, string>();

  constructor(raw: Record<string, Json>, personal: Personal, vocabulary: ReadonlySet<string>) {
    const { credentials: _credentials, ...rest } = raw;
    this.raw = raw;
    this.personal = personal;
    this.vocabulary = vocabulary;
    this.secrets = secretsIn(rest);
    this.repeated = [...this.secrets.texts].filter(isUnmistakable);
  }

  make(): Made {
    const { credentials, ...rest } = this.raw;
    const settings = this.group(rest, [], []);
    const hosts = isGroup(credentials) ? Object.keys(credentials) : [];
    return {
      settings,
      credentials: hosts.map((host) => this.text(host, ["credentials", host], ["credentials"])).sort(),
      parameters: [...this.parameters.values()]
        .map((parameter) => ({ ...parameter, usedBy: [...new Set(parameter.usedBy)].sort() }))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
      answers: this.answers,
    };
  }

  /** `path` is as written, to find what was noted there; `shown` is the same without what is personal. */
  private value(value: Json, path: Step[], shown: Step[]): Json {
    const place = pathText(path);
    if (this.secrets.places.has(place)) return this.wholeSecret(value, shown);
    if (typeof value === "string") return this.text(value, path, shown);
    if (Array.isArray(value)) return value.map((item, index) => this.value(item, [...path, index], [...shown, index]));
    return isGroup(value) ? this.group(value, path, shown) : value;
  }

  private group(group: Record<string, Json>, path: Step[], shown: Step[]): Record<string, Json> {
    const entries = Object.entries(group).map(([key, value]): [string, Json] => {
      const name = this.pieces(key, shown);
      const below = [...shown, name];
      return [name, this.value(value, [...path, key], below)];
    });
    const project = this.projectName(group, path);
    return Object.fromEntries(project === undefined ? entries : [...entries, ["name", project]]);
  }

  /** A project without a name has its folder's: elsewhere that is another folder, and would be another container. */
  private projectName(group: Record<string, Json>, path: Step[]): string | undefined {
    const { path: folder, name } = group;
    if (!PROJECT.test(pathText([...path, "path"])) || name !== undefined || typeof folder !== "string")
      return undefined;
    if (!isOwnPath(folder, this.personal, true)) return undefined;
    const last = folder.replace(/\/+$/, "").split("/").at(-1) ?? "";
    return /^[a-z0-9][a-z0-9-]{0,38}[a-z0-9]$/.test(last) && !isPersonal(last, this.personal) ? last : undefined;
  }

  private wholeSecret(value: Json, shown: Step[]): string {
    const text = isSecure(value) ? "" : String(value);
    const name = this.parameter(`secret.${this.nameFor(shown)}`, text, shown, {
      secret: true,
      ...(typeof value === "number" ? { type: "number" } : {}),
    });
    return renderPieces([{ parameter: name }]);
  }

  private text(text: string, path: Step[], shown: Step[]): string {
    if (this.vocabulary.has(text)) return text;
    const place = pathText(path);
    if (secretSpans(text).length > 0) return this.pieces(text, shown);
    const relative = RELATIVE.some((pattern) => pattern.test(place));
    if (relative && text.startsWith(`${this.personal.root}/`) && isBelow(text, this.personal.root)) {
      return this.pieces(text.slice(this.personal.root.length).replace(/^\/+/, "") || ".", shown);
    }
    if (isOwnPath(text, this.personal, PROJECT.test(place))) {
      return renderPieces([{ parameter: this.parameter(`path.${this.pathName(path, shown)}`, text, shown) }]);
    }
    return this.pieces(text, shown);
  }

  private pieces(text: string, shown: Step[]): string {
    const secret = merged([...secretSpans(text), ...this.repeated.flatMap((known) => occurrences(text, known))]);
    const pieces: Piece[] = [];
    let at = 0;
    for (const { start, end } of secret) {
      pieces.push(...this.personalPieces(text.slice(at, start), shown));
      const name = this.parameter(`secret.${this.nameFor(shown)}`, text.slice(start, end), shown, { secret: true });
      pieces.push({ parameter: name });
      at = end;
    }
    pieces.push(...this.personalPieces(text.slice(at), shown));
    return renderPieces(pieces);
  }

  private personalPieces(text: string, shown: Step[]): Piece[] {
    if (this.vocabulary.has(text)) return [{ text }];
    const pieces: Piece[] = [];
    let at = 0;
    for (const { start, end, kind } of personalSpans(text, this.personal)) {
      pieces.push({ text: text.slice(at, start) });
      const base = kind === "path" ? `path.${this.nameFor(shown)}` : kind;
      pieces.push({ parameter: this.parameter(base, text.slice(start, end), shown) });
      at = end;
    }
    pieces.push({ text: text.slice(at) });
    return pieces.filter((piece) => "parameter" in piece || piece.text !== "");
  }

  /** The same text under the same kind of name is one parameter; another one gets a number. */
  private parameter(base: string, text: string, shown: Step[], extra: Pick<Parameter, "secret" | "type"> = {}): string {
    const used = pathText(shown);
    const [kind] = base.split(".");
    const same = [...this.parameters.values()].find(
      ({ name, type }) =>
        name.split(/[.-]/)[0] === kind && type === extra.type && this.answers.get(name) === text && text !== "",
    );
    if (same !== undefined) {
      same.usedBy.push(used);
      return same.name;
    }
    const name = this.freeName(base, text);
    const description = ABOUT[base] ?? (extra.secret === true ? `Secret of ${used}` : `Where ${used} is`);
    this.parameters.set(name, { name, description, usedBy: [used], ...extra });
    this.answers.set(name, text);
    return name;
  }

  /** The plain name of a person's value is for its usual spelling alone: an import fills it in. */
  private freeName(base: string, text: string): string {
    const usual = new Map(Object.entries({ ...this.personal, checkout: this.personal.root })).get(base);
    const plain = usual === undefined || usual === text;
    if (plain && !this.parameters.has(base)) return base;
    for (let number = 2; ; number++) {
      const name = `${base}-${number}`;
      if (!this.parameters.has(name)) return name;
    }
  }

  /** After the key, which is known not to be personal: keys were shown without what is. */
  private nameFor(shown: Step[]): string {
    const key = shown.findLast((step) => typeof step === "string" && !step.includes("$") && /[A-Za-z0-9]/.test(step));
    const name = String(key ?? "value")
      .replace(/[^A-Za-z0-9_-]+/g, "-")
      .replace(/^-+|-+$/g, "")
      .slice(0, 40);
    return name === "" ? "value" : name;
  }

  private pathName(path: Step[], shown: Step[]): string {
    if (!PROJECT.test(pathText(path))) return this.nameFor(shown);
    const list = this.raw.projects;
    const project = Array.isArray(list) ? list[Number(path[1])] : undefined;
    const { name, path: folder } = isGroup(project) ? project : {};
    const wanted = String(name ?? String(folder).replace(/\/+$/, "").split("/").at(-1) ?? "");
    const usable = /^[\w-]+$/.test(wanted) && !isPersonal(wanted, this.personal) && secretSpans(wanted).length === 0;
    return usable ? wanted : `project-${Number(path[1]) + 1}`;
  }
}
