/**
 * Runs a command and draws what it printed: `node docs/pictures/terminal.ts NAME COMMAND...` writes
 * docs/pictures/NAME.svg. The output is real: nothing is added, and only what tells this machine apart is replaced.
 */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { join } from "node:path";

const [name, command, ...args] = process.argv.slice(2);
if (name === undefined || command === undefined) {
  console.error("usage: node docs/pictures/terminal.ts NAME COMMAND [ARGUMENT...]");
  process.exit(1);
}

const ran = spawnSync("sh", ["-c", 'exec "$0" "$@" 2>&1', command, ...args], {
  encoding: "utf8",
  env: { ...process.env, FORCE_COLOR: "1", COLUMNS: "100" },
  maxBuffer: 1 << 24,
});

const colours: Record<string, string> = {
  "2": "fill:#94a3b8",
  "31": "fill:#f87171",
  "32": "fill:#4ade80",
  "33": "fill:#facc15",
  "34": "fill:#60a5fa",
  "35": "fill:#e879f9",
  "36": "fill:#22d3ee",
  "90": "fill:#94a3b8",
};

const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

const start = "\u001b[";

/** The line cut at its colour changes: the codes that begin a piece, and its text. */
function pieces(line: string): { codes: string[]; text: string }[] {
  return line.split(start).map((piece, index) => {
    if (index === 0) return { codes: [], text: piece };
    const [, codes = "", final, text = ""] = /^([0-9;]*)([A-Za-z])(.*)$/.exec(piece) ?? ["", "", "", piece];
    return { codes: final === "m" ? codes.split(";") : [], text };
  });
}

/** One line of terminal output as SVG text spans. */
function spans(line: string): string {
  let weight = "";
  let colour = "";
  return pieces(line)
    .map(({ codes, text }) => {
      for (const code of codes) {
        if (code === "0" || code === "22") weight = "";
        if (code === "0" || code === "22" || code === "39") colour = "";
        if (code === "1") weight = "font-weight:600;";
        colour = colours[code] ?? colour;
      }
      return text === "" ? "" : `<tspan style="${weight}${colour}">${escaped(text)}</tspan>`;
    })
    .join("");
}

const checkout = join(import.meta.dirname, "..", "..");
const lines = `${ran.stdout}`
  .replaceAll(checkout, "~/go-workstation")
  .replaceAll(homedir(), "~")
  .replaceAll(`Pulumi.${userInfo().username}.yaml`, "Pulumi.you.yaml")
  .replaceAll(`gows-${userInfo().username}`, "gows-you")
  .trimEnd()
  .split("\n")
  .map((line) => line.replace(/^.*\r(?=.)/, ""));

// Which stack it was tried with is nothing that a reader types.
const typed = [command, ...args].join(" ").replace(/ --stack \S+/, "");
const prompt = `${start}32m$${start}39m ${start}1m${typed}${start}22m`;
const shown = [prompt, ...lines, ...(ran.status === 0 ? [] : [`${start}2m(exit ${ran.status})${start}22m`])];
const columns = Math.max(60, ...shown.map((line) => pieces(line).reduce((sum, { text }) => sum + text.length, 0)));
const width = Math.ceil(columns * 7.85) + 32;
const height = shown.length * 19 + 30;

const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, monospace" font-size="13">
  <title>${escaped(typed)}</title>
  <rect width="${width}" height="${height}" rx="8" fill="#0f172a"/>
${shown.map((line, index) => `  <text x="16" y="${28 + index * 19}" fill="#e2e8f0" xml:space="preserve">${spans(line)}</text>`).join("\n")}
</svg>
`;
writeFileSync(join(import.meta.dirname, `${name}.svg`), svg);
