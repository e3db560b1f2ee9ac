/** Draws docs/pictures/architecture.svg: `node docs/pictures/architecture.ts`. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";

interface Room {
  name: string;
  says: string;
  x: number;
  y: number;
  tone: "wish" | "plan" | "machine" | "side";
}

const width = 158;
const height = 62;
const tones = { wish: "#e0f2fe", plan: "#ecfccb", machine: "#ffedd5", side: "#f3f4f6" };

const rooms: Room[] = [
  { name: "Pulumi.*.yaml", says: "what a person wants", x: 20, y: 130, tone: "wish" },
  { name: "config/", says: "checked, typed settings", x: 210, y: 130, tone: "wish" },
  { name: "domain/", says: "pure plans and tables", x: 400, y: 130, tone: "plan" },
  { name: "components/", says: "declare resources", x: 590, y: 130, tone: "plan" },
  { name: "Pulumi engine", says: "state, order, diff", x: 780, y: 130, tone: "plan" },
  { name: "provider/", says: "files, images, facts", x: 970, y: 80, tone: "machine" },
  { name: "Docker provider", says: "containers, volumes", x: 970, y: 180, tone: "machine" },
  { name: "this machine", says: "files, Docker Engine", x: 1160, y: 130, tone: "machine" },
  { name: "policy/", says: "judges what is declared", x: 780, y: 20, tone: "side" },
  { name: "cli/", says: "set-up, drift, doctor", x: 400, y: 260, tone: "side" },
];

const arrows: [string, string, string?][] = [
  ["Pulumi.*.yaml", "config/"],
  ["config/", "domain/"],
  ["domain/", "components/"],
  ["components/", "Pulumi engine"],
  ["Pulumi engine", "provider/"],
  ["Pulumi engine", "Docker provider"],
  ["provider/", "this machine"],
  ["Docker provider", "this machine"],
];

const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
const find = (name: string): Room => {
  const room = rooms.find((candidate) => candidate.name === name);
  if (room === undefined) throw new Error(`no room is called ${name}`);
  return room;
};

const boxes = rooms.map(
  ({
    name,
    says,
    x,
    y,
    tone,
  }) => `  <rect x="${x}" y="${y}" width="${width}" height="${height}" rx="8" fill="${tones[tone]}" stroke="#64748b"/>
  <text x="${x + width / 2}" y="${y + 27}" class="name">${escaped(name)}</text>
  <text x="${x + width / 2}" y="${y + 46}" class="says">${escaped(says)}</text>`,
);

const lines = arrows.map(([from, to]) => {
  const a = find(from);
  const b = find(to);
  const [x1, y1, x2, y2] = [a.x + width, a.y + height / 2, b.x - 3, b.y + height / 2];
  return `  <path d="M${x1} ${y1} C${x1 + 16} ${y1} ${x2 - 16} ${y2} ${x2} ${y2}" class="flow"/>`;
});

const middle = (name: string) => find(name).x + width / 2;
const dashed = [
  `M${middle("policy/")} ${find("policy/").y + height} V${find("Pulumi engine").y - 3}`,
  `M${find("cli/").x + width} ${find("cli/").y + 22} H${middle("Pulumi engine")} V${find("Pulumi engine").y + height + 3}`,
  `M${find("cli/").x + width} ${find("cli/").y + 42} H${middle("this machine")} V${find("this machine").y + height + 3}`,
].map((path) => `  <path d="${path}" class="side"/>`);

const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1340 340" font-family="sans-serif">
  <title>How data flows through go-workstation</title>
  <style>
    .name { font-size: 14px; font-weight: 600; text-anchor: middle; fill: #0f172a; }
    .says { font-size: 11.5px; text-anchor: middle; fill: #334155; }
    .note { font-size: 11.5px; fill: #475569; }
    .flow { fill: none; stroke: #0f172a; stroke-width: 1.6; marker-end: url(#tip); }
    .side { fill: none; stroke: #64748b; stroke-width: 1.4; stroke-dasharray: 5 4; marker-end: url(#tip); }
  </style>
  <defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="#0f172a"/></marker></defs>
  <rect width="1340" height="340" fill="#ffffff"/>
${[...boxes, ...lines, ...dashed].join("\n")}
  <text x="${middle("Pulumi engine") + 10}" y="276" class="note">starts</text>
  <text x="900" y="296" class="note">looks at reality once, through provider/host.ts</text>
</svg>
`;

writeFileSync(join(import.meta.dirname, "architecture.svg"), svg);
