/** What hosts answer to `https://HOST/PATH?go-get=1`. */
import { repositoryOf } from "./repositories.ts";

/**
 * - `gitlab`: a path that the asker may see gets its project, subgroups included; any other the first two elements,
 *   whether that is a project or not.
 * - `gitea` and `github` (Enterprise from 2.13 on): the first two elements, whoever asks.
 * - `plain`: knows nothing of Go; only module paths with `.git` work.
 */
export type Style = "gitlab" | "gitea" | "github" | "plain";

interface Question {
  style: Style;
  host: string;
  /** Below the host. */
  path: string;
  /** Folder of the host's repositories. */
  root: string;
  authorized: boolean;
}

/** The page; undefined where the host has none. */
export function goGetPage({ style, host, path, root, authorized }: Question): string | undefined {
  const parts = path.split("/").filter((part) => part !== "");
  if (style === "plain" || parts.length < 2) return undefined;
  const guess = parts
    .slice(0, 2)
    .join("/")
    .replace(/\.git$/, "");
  const repository = (style === "gitlab" && authorized ? repositoryOf(root, path) : undefined) ?? guess;
  const url = `https://${host}/${repository}`;
  return `<!DOCTYPE html>
<html><head>
<meta name="go-import" content="${host}/${repository} git ${url}.git">
<meta name="go-source" content="${host}/${repository} ${url} ${url}/-/tree/main{/dir} ${url}/-/blob/main{/dir}/{file}#L{line}">
</head><body>go get ${url}</body></html>
`;
}
