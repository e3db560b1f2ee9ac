/** What `wsl.exe` and `wslinfo` print, in whatever language and encoding. */

/** wsl.exe writes UTF-16LE, newer ones UTF-8 when WSL_UTF8 is set; either may begin with a byte order mark. */
export function decodeWindowsText(bytes: Uint8Array): string {
  const text = Buffer.from(bytes);
  if (text[0] === 0xff && text[1] === 0xfe) return clean(text.toString("utf16le", 2));
  // Spaces and line ends in UTF-16 have a zero byte, which no text in UTF-8 or a code page has.
  if (text.includes(0)) return clean(text.toString("utf16le"));
  return clean(text.toString("utf8"));
}

const clean = (text: string): string => text.replace(/^\ufeff/, "").replaceAll("\r\n", "\n");

export interface WslVersions {
  /** Of WSL itself, such as `2.3.26.0`. */
  wsl: string;
  kernel: string;
  wslg: string;
  /** Of Windows, such as `10.0.22631.4602`. */
  windows: string;
}

/** `wsl.exe --version`; undefined from the wsl.exe that comes with Windows, which prints its help instead. */
export function parseWslVersion(output: string): WslVersions | undefined {
  const found: WslVersions = { wsl: "", kernel: "", wslg: "", windows: "" };
  for (const line of output.split("\n")) {
    // Languages put the words in their own order and have their own colon; names and numbers stay.
    const [, label, version] = /^(.*?)[\s:：]+(\d+\.\d+[\w.-]*)\s*$/.exec(line) ?? [];
    if (label === undefined || version === undefined) continue;
    if (/msrdc|direct ?3d|dxcore/i.test(label)) continue;
    if (/wslg/i.test(label)) found.wslg ||= version;
    else if (/wsl/i.test(label)) found.wsl ||= version;
    else if (/windows/i.test(label)) found.windows ||= version;
    else found.kernel ||= version;
  }
  return found.wsl === "" ? undefined : found;
}

export interface WslDistribution {
  name: string;
  /** As printed, in Windows' language. */
  state: string;
  /** 1 or 2. */
  version: number;
  isDefault: boolean;
}

/** `wsl.exe --list --verbose`: the heading's words differ by language, the shape of the lines does not. */
export function parseDistributions(output: string): WslDistribution[] {
  return output.split("\n").flatMap((line) => {
    const [, mark, name, state, version] = /^\s*(\*?)\s*([A-Za-z0-9._-]+)\s{2,}(\S.*?)\s+([12])\s*$/.exec(line) ?? [];
    if (name === undefined || state === undefined) return [];
    return [{ name, state, version: Number(version), isDefault: mark === "*" }];
  });
}

/** Names of `wsl.exe --list --running --quiet`; a sentence that none runs is none of the names that there are. */
export function parseRunning(output: string, known: readonly string[]): string[] {
  const lines = output.split("\n").map((line) => line.trim());
  return known.filter((name) => lines.includes(name));
}

export const NETWORKING_MODES = ["nat", "mirrored", "bridged", "virtioproxy", "none", "wsl1"] as const;
export type NetworkingMode = (typeof NETWORKING_MODES)[number];

/** `wslinfo --networking-mode`. */
export const parseNetworkingMode = (output: string): NetworkingMode | undefined =>
  NETWORKING_MODES.find((mode) => mode === output.trim().toLowerCase());

/** `wslinfo --wsl-version`. */
export const parseWslInfoVersion = (output: string): string | undefined =>
  /^(\d+(\.\d+){1,3})\s*$/.exec(output.trim())?.[1];
