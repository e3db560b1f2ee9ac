/** Lines for people. Results go to stdout; progress and questions to stderr, so that `--json` output stays clean. */
import { createInterface } from "node:readline/promises";
import { CliError } from "./errors.ts";

export interface TerminalOptions {
  color: boolean;
  /** A live line that is drawn again and again; otherwise each piece of news is a line of its own. */
  live: boolean;
  write: (text: string) => void;
  columns: () => number;
  now: () => number;
}

/** Seconds with one decimal: `0.0 s`, `72.4 s`. */
export function seconds(millis: number): string {
  return `${(millis / 1000).toFixed(1)} s`;
}

/** Long work without news says so at this interval where there is no live line. */
const QUIET_MILLIS = 30_000;

/** Where there is no live line, news that only counts on (`12 of 300`) is said at this interval. */
const COUNTING_MILLIS = 15_000;

const withoutNumbers = (text: string): string => text.replaceAll(/\d+(\.\d+)?/g, "");

export class Terminal {
  readonly options: TerminalOptions;
  private current: { title: string; news: string; started: number; spoken: number } | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(options: TerminalOptions) {
    this.options = options;
  }

  line(text: string): void {
    this.erase();
    this.options.write(`${text}\n`);
    this.draw();
  }

  paint(code: "bold" | "red" | "green" | "yellow" | "dim", text: string): string {
    if (!this.options.color) return text;
    const codes = { bold: 1, red: 31, green: 32, yellow: 33, dim: 2 };
    return `\u001b[${codes[code]}m${text}\u001b[0m`;
  }

  /** Runs a piece of work under a title. `news` replaces the text behind it; the result names what is there now. */
  async step<T>(
    title: string,
    work: (news: (text: string) => void) => Promise<T>,
    describe: (result: T) => string = () => "ready",
  ): Promise<T> {
    const started = this.options.now();
    this.current = { title, news: "", started, spoken: started };
    this.timer = setInterval(() => this.tick(), this.options.live ? 120 : 1000);
    this.timer.unref();
    try {
      const result = await work((text) => this.news(text));
      const text = describe(result);
      this.end();
      this.options.write(`${title}: ${text} (${seconds(this.options.now() - started)})\n`);
      return result;
    } catch (error) {
      this.end();
      this.options.write(`${title}: ${this.paint("red", "failed")} (${seconds(this.options.now() - started)})\n`);
      throw error;
    }
  }

  private news(text: string): void {
    if (this.current === undefined || this.current.news === text) return;
    const { news, spoken } = this.current;
    this.current.news = text;
    if (this.options.live) this.draw();
    else if (withoutNumbers(news) !== withoutNumbers(text) || this.options.now() - spoken >= COUNTING_MILLIS)
      this.speak();
  }

  private speak(): void {
    if (this.current === undefined) return;
    const { title, news, started } = this.current;
    this.current.spoken = this.options.now();
    this.options.write(`${title}: ${news || "still working"} (${seconds(this.current.spoken - started)})\n`);
  }

  private tick(): void {
    if (this.options.live) this.draw();
    else if (this.current !== undefined && this.options.now() - this.current.spoken >= QUIET_MILLIS) this.speak();
  }

  private draw(): void {
    if (!this.options.live || this.current === undefined) return;
    const { title, news, started } = this.current;
    const time = ` (${seconds(this.options.now() - started)})`;
    const room = this.options.columns() - time.length - 1;
    const text = `${title}: ${news || "..."}`;
    this.options.write(`\r\u001b[2K${text.length > room ? `${text.slice(0, room - 1)}…` : text}${time}`);
  }

  private erase(): void {
    if (this.options.live && this.current !== undefined) this.options.write("\r\u001b[2K");
  }

  private end(): void {
    clearInterval(this.timer);
    this.erase();
    this.current = undefined;
  }
}

export function openTerminal(color: boolean): Terminal {
  const live = process.stderr.isTTY === true && process.env.TERM !== "dumb";
  return new Terminal({
    color,
    live,
    write: (text) => process.stderr.write(text),
    columns: () => process.stderr.columns ?? 80,
    now: () => performance.now(),
  });
}

/** Asks; `yes` answers without asking. Where nobody can answer, an error says what to pass. */
export async function confirm(question: string, yes: boolean): Promise<boolean> {
  if (yes) return true;
  if (process.stdin.isTTY !== true) {
    throw new CliError(`${question}\nNobody can be asked here (no terminal). Run it again with --yes to agree.`);
  }
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `)).trim());
  } finally {
    lines.close();
  }
}
