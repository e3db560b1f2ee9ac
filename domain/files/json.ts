/**
 * JSON and JSON with comments: deep keys, everything else kept byte for byte. The reader is jsonc-parser, which knows where
 * each value stands. Its writer (`modify`) is not used: with formatting it changes spaces beside our key, and without it
 * takes comments away together with a key.
 */
import {
  digest,
  type Format,
  type Leaf,
  type Merged,
  nest,
  type Path,
  recorded,
  samePath,
  type Touch,
  touchedAt,
  type Undone,
  type Values,
} from "./format.ts";
import { addProperty, inside, newFile, removeProperty, replaceNode, trailAfter } from "./json-edit.ts";
import { type Found, lookUp, type Node, parseJson, plainValue, type Strictness } from "./json-tree.ts";
import { FileProblem } from "./problem.ts";

export function jsonFormat(strictness: Strictness): Format {
  return {
    read: (text, wanted) => read(text, wanted),
    merge: (text, wanted, touch) => merge(text, wanted, touch, strictness),
    undo,
    all: (text) => {
      const root = parseJson(text, strictness);
      return root === undefined ? {} : (plainValue(root) as Values);
    },
  };
}

/** Comments do not hinder: whether they are allowed is asked before something is written. */
function read(text: string, wanted: readonly Leaf[]): Leaf[] {
  const root = parseJson(text, "jsonc");
  if (root === undefined) return [];
  return wanted.flatMap(({ path }): Leaf[] => {
    const found = lookUp(text, root, path);
    return found.kind === "there" ? [{ path, value: plainValue(found.value) }] : [];
  });
}

function merge(text: string, wanted: readonly Leaf[], touch: Touch, strictness: Strictness): Merged {
  let now = text;
  let after = touch;
  parseJson(text, strictness);
  for (const { path, value } of wanted) {
    const root = parseJson(now, strictness);
    const wrote = digest(value);
    if (root === undefined) {
      const created = newFile(now, nest([{ path, value }]));
      now = created.text;
      const made = [{ path: [], space: created.space }, ...objectsAbove(path, 0)];
      after = recorded({ ...after, made: withMade(after, made) }, path, wrote, []);
      continue;
    }
    const found = lookUp(now, root, path);
    refuse(found, path);
    if (found.kind === "there") {
      const { offset, length } = found.value;
      after = recorded(after, path, wrote, [now.slice(offset, offset + length)]);
      if (digest(plainValue(found.value)) !== wrote) now = replaceNode(now, found.value, value);
    } else if (found.kind === "absent") {
      const rest = path.slice(found.depth + 1);
      const added = rest.length === 0 ? value : nest([{ path: rest, value }]);
      const made = objectsAbove(path, found.depth);
      const trail = trailAfter(now, found.object);
      if (trail !== "") made.unshift({ path: path.slice(0, found.depth), space: trail });
      now = addProperty(now, found.object, path[found.depth] ?? "", added);
      after = recorded({ ...after, made: withMade(after, made) }, path, wrote, []);
    }
  }
  return { text: now, touch: after };
}

function refuse(found: Found, path: Path): void {
  if (found.kind === "twice") {
    throw new FileProblem(
      `"${path.slice(0, found.depth + 1).join(".")}" stands there twice (lines ${found.lines.join(" and ")}); take one of them out`,
    );
  }
  if (found.kind === "blocked") {
    const at = path.slice(0, found.depth).join(".");
    throw new FileProblem(
      `"${at}" is ${found.type}, not an object, so it cannot hold "${path.slice(found.depth).join(".")}"; remove "${at}" or make it an object`,
    );
  }
}

const objectMark = "object";

/** Objects that come with a key: those below the one that is there. */
function objectsAbove(path: Path, depth: number): { path: string[]; space: string }[] {
  return path.slice(depth + 1).map((_, index) => ({ path: path.slice(0, depth + 1 + index), space: objectMark }));
}

function withMade(touch: Touch, made: Touch["made"]): Touch["made"] {
  const key = (one: Touch["made"][number]) => JSON.stringify([one.path, one.space === objectMark]);
  const now = new Set(made.map(key));
  return [...touch.made.filter((one) => !now.has(key(one))), ...made];
}

function undo(text: string, touch: Touch, paths: readonly Path[]): Undone {
  let now = text;
  const left: Path[] = [];
  for (const path of paths.toReversed()) {
    const key = touchedAt(touch, path);
    const root = parseJson(now, "jsonc");
    if (key === undefined || root === undefined) continue;
    const found = lookUp(now, root, path);
    if (found.kind === "twice") left.push(path);
    if (found.kind !== "there") continue;
    const [was] = key.was;
    const raw = now.slice(found.value.offset, found.value.offset + found.value.length);
    if (!key.wrote.includes(digest(plainValue(found.value)))) {
      if (raw !== was) left.push(path);
    } else if (was !== undefined)
      now = now.slice(0, found.value.offset) + was + now.slice(found.value.offset + raw.length);
    else now = removeProperty(now, found.property);
  }
  const keys = touch.keys.filter((key) => !paths.some((path) => samePath(path, key.path)));
  // An object that went was made first and emptied last: deepest first, and its space before itself.
  const made = touch.made.toReversed().filter((one) => {
    const cleaned = clean(now, one.path, one.space);
    if (cleaned !== undefined) now = cleaned;
    return cleaned === undefined;
  });
  return { text: now, touch: { keys, made: keys.length === 0 ? [] : made.toReversed() }, left };
}

/** Without the empty object that we made, or without our space in one that is empty again; `undefined` when it is in use. */
function clean(text: string, path: Path, space: string): string | undefined {
  const root = parseJson(text, "jsonc");
  if (root === undefined) return text;
  const found: Found = path.length === 0 ? { kind: "there", value: root, property: root } : lookUp(text, root, path);
  if (found.kind !== "there" || found.value.type !== "object") return text;
  if (found.value.children?.length !== 0) return undefined;
  const content = inside(text, found.value);
  if (space === objectMark) return content.trim() === "" ? removeProperty(text, found.property) : undefined;
  if (path.length === 0 && space.startsWith("file")) {
    return content.trim() === "" ? withoutRoot(text, found.value, space.slice("file".length)) : undefined;
  }
  const from = found.value.offset + 1;
  const ours = content.startsWith(space) && content.trim() === "";
  return ours ? text.slice(0, from) + text.slice(from + space.length) : text;
}

function withoutRoot(text: string, root: Node, lead: string): string {
  const before = text.slice(0, root.offset);
  const after = text.slice(root.offset + root.length).replace(/^\r?\n/, "");
  return (lead !== "" && before.endsWith(lead) ? before.slice(0, -lead.length) : before) + after;
}
