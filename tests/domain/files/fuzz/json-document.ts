/** Random JSON files, laid out as people, editors and programs lay them out. */
import type { Value } from "../../../../domain/files/format.ts";
import type { Random } from "./random.ts";

const names = ["log-opts", "a.b", "features", "dns", "größe", "__proto__", "debug", ""];
export const scalars: Value[] = [
  1,
  0,
  -2.5,
  true,
  false,
  null,
  "text",
  'with "quotes"',
  "ünï\u2028",
  "",
  "a,b",
  "// no comment",
];

interface Layout {
  lineEnd: string;
  indent: string;
  comments: boolean;
  trailing: boolean;
  many: number;
  compact: boolean;
}

class Writer {
  readonly words: string[] = [];
  private readonly random: Random;
  private readonly layout: Layout;

  constructor(random: Random, layout: Layout) {
    this.random = random;
    this.layout = layout;
  }

  private word(): string {
    const word = `w${this.words.length}q`;
    this.words.push(word);
    return word;
  }

  /** White space, sometimes with a comment in it. */
  private gap(inArray: boolean): string {
    const { random, layout } = this;
    if (layout.compact) return "";
    const space = random.pick(["", " ", " ", "  ", "\t"]);
    if (!layout.comments || inArray || !random.chance(0.12)) return space;
    const { lineEnd } = layout;
    return random.pick([
      `${space}/* ${this.word()} */ `,
      `${space}// ${this.word()}${lineEnd}`,
      `${space}/*${lineEnd}${this.word()}${lineEnd}*/`,
    ]);
  }

  private scalar(): string {
    const { random } = this;
    if (random.chance(0.2)) return `"v ${this.word()}"`;
    return random.pick([
      ...scalars.map((value) => JSON.stringify(value)),
      "1e5",
      "-0.0",
      '"\\u0041\\n"',
      "12345678901234567890",
    ]);
  }

  value(depth: number, level: string, inArray: boolean): string {
    const { random } = this;
    if (depth > 0 && random.chance(0.4)) return this.object(depth, level, inArray);
    if (depth > 0 && random.chance(0.2))
      return this.items(
        "[",
        "]",
        level,
        this.several(() => this.value(depth - 1, level, true)),
        true,
      );
    return this.scalar();
  }

  object(depth: number, level: string, inArray: boolean): string {
    const { random, layout } = this;
    const keys = random.chance(0.15) ? [] : random.some([...names, this.word(), this.word()], 5);
    const deeper = level + layout.indent;
    const properties = keys.map((key) => {
      const colon = layout.compact ? ":" : random.pick([": ", ": ", ":", " : "]);
      return `${JSON.stringify(key)}${colon}${this.value(depth - 1, deeper, inArray)}`;
    });
    return this.items("{", "}", level, properties, inArray);
  }

  private several(make: () => string): string[] {
    return Array.from({ length: this.random.below(4) }, make);
  }

  private items(open: string, close: string, level: string, items: string[], inArray: boolean): string {
    const { random, layout } = this;
    const many = random.chance(layout.many);
    const deeper = level + layout.indent;
    let text = open + this.gap(inArray);
    items.forEach((item, index) => {
      const last = index === items.length - 1;
      const comma = last ? (layout.trailing && random.chance(0.5) ? "," : "") : ",";
      const before = random.chance(0.1) ? this.gap(inArray) : "";
      text += `${many ? layout.lineEnd + deeper : ""}${item}${before}${comma}${this.gap(inArray)}`;
    });
    return text + (many ? layout.lineEnd + level : "") + close;
  }
}

export function randomJson(random: Random, strict: boolean): { text: string; words: string[] } {
  const layout: Layout = {
    lineEnd: random.pick(["\n", "\n", "\r\n"]),
    indent: random.pick(["  ", "    ", "\t", " ", ""]),
    comments: !strict && random.chance(0.8),
    trailing: !strict && random.chance(0.5),
    many: random.pick([0, 0.5, 0.9, 1]),
    compact: random.chance(0.15),
  };
  const writer = new Writer(random, layout);
  const around = () => random.pick(["", "", "", "\n", "\r\n", "  "]);
  const lead = layout.comments && random.chance(0.2) ? `// head ${layout.lineEnd}` : "";
  const tail = layout.comments && random.chance(0.2) ? `${layout.lineEnd}/* tail */` : "";
  if (random.chance(0.05)) return { text: around() + lead, words: [] };
  const text = around() + lead + writer.object(3, "", false) + tail + around();
  return { text, words: writer.words };
}
