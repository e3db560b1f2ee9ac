/** `mesh status`: each link as it is on the wire. Exit 1 when one does not hold. */
import { type Context, requireStack } from "../context.ts";
import { CliError, exitCodes } from "../errors.ts";
import { type LinkStatus, linkStatuses, runInContainer } from "../mesh.ts";
import { loadSettings } from "../settings.ts";
import { table } from "../table.ts";

export async function meshStatus(context: Context): Promise<number> {
  const stack = requireStack(context);
  const settings = loadSettings(context, stack);
  if (!settings.mesh.enabled) {
    throw new CliError(
      "The mesh is off. Set mesh.enabled to true in your stack file, or use the settings of Pulumi.compliance.yaml.",
    );
  }
  const links = await linkStatuses(stack, settings, runInContainer(context.env));
  if (context.globals.json) context.print(JSON.stringify({ links }));
  else if (links.length === 0) context.print("The mesh has no links. mesh.links says who talks to whom.");
  else context.print(render(links, context.terminal));
  return links.every(({ ok }) => ok) ? exitCodes.success : exitCodes.error;
}

type Painter = Pick<Context["terminal"], "paint">;

function render(links: readonly LinkStatus[], terminal: Painter): string {
  const rows = links.map(({ from, to, port, profile, ok, negotiated, lastRotation }) => [
    `${from} -> ${to}:${port}`,
    ok ? "ok" : "DOWN",
    negotiated === null ? `(${profile})` : `${negotiated.version} ${negotiated.suiteName}`,
    negotiated?.peer.names.join(", ") ?? "-",
    minutes(negotiated?.peer.notAfter),
    minutes(lastRotation ?? undefined),
  ]);
  const problems = links.flatMap(({ from, to, port, problem }) =>
    problem === null ? [] : [terminal.paint("red", `! ${from} -> ${to}:${port}: ${problem}`)],
  );
  return [table(["LINK", "STATE", "ON THE WIRE", "PEER", "EXPIRES", "ROTATED"], rows), ...problems].join("\n");
}

const minutes = (time: string | undefined): string => time?.replace("T", " ").slice(0, 16) ?? "-";
