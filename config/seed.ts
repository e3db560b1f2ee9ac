/** A person's first stack file: the team's default, comments kept, under a heading that says whose file it is. */

const SCHEMA_LINE = /^# yaml-language-server:.*\n/;

export function seedStackFile(team: string, stack: string): string {
  const schema = SCHEMA_LINE.exec(team)?.[0] ?? "";
  const body = team
    .slice(schema.length)
    // The team's own introduction ends where the first key begins.
    .replace(/^(#.*\n|\s*\n)*/, "")
    .replace(/\n*$/, "\n");
  const heading = [
    "#",
    `# Your own settings of the stack "${stack}", begun as a copy of the team's Pulumi.dev.yaml. git ignores this file;`,
    "# change it as you like. What a key means and may hold: docs/settings.md.",
    "",
  ];
  return `${schema}${heading.join("\n")}${dropEngineKeys(body)}`;
}

/** The salt and the secrets provider belong to one stack's key: a copy could not be opened with another. */
const dropEngineKeys = (body: string): string =>
  body.replace(/^(encryptionsalt|encryptedkey|secretsprovider):.*\n/gm, "");
