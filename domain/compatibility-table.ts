/**
 * Which versions of each tool build with, and work for, which Go. As of 2026-11-23.
 *
 * Sources: `least` is the `go` line of the module's go.mod at that version (`go list -m -json MODULE@VERSION`), or
 * 1.21.0, the oldest Go that this project supports, where that line is older. `most` is the newest Go minor release that
 * the version works for: Delve says so itself (pkg/goversion/compat.go, refuses to debug others); for golangci-lint and
 * for what embeds golang.org/x/tools before v0.24.1 (internal/tokeninternal does not compile from Go 1.25 on) it is what
 * their changelogs say, not tried. Built and run for this table: gopls, dlv and goimports, newest for Go 1.22 and 1.26.
 */
export interface ToolRow {
  /** First and last known version that the row speaks for. */
  from: string;
  to: string;
  /** Full Go release. */
  least: string;
  /** Go minor release, such as `1.25`. */
  most?: string;
}

export interface ToolTable {
  binary: string;
  /** Package by major version of the tool. */
  packages: Record<number, string>;
  /** Oldest first. */
  rows: ToolRow[];
}

export type ToolKey = "gopls" | "dlv" | "goimports" | "golangciLint" | "govulncheck";

export const TOOLS: Record<ToolKey, ToolTable> = {
  gopls: {
    binary: "gopls",
    packages: { 0: "golang.org/x/tools/gopls" },
    rows: [
      { from: "v0.15.0", to: "v0.16.2", least: "1.21.0", most: "1.24" },
      { from: "v0.17.0", to: "v0.17.1", least: "1.23.1" },
      { from: "v0.18.0", to: "v0.18.1", least: "1.23.4" },
      { from: "v0.19.0", to: "v0.20.0", least: "1.24.2" },
      { from: "v0.21.0", to: "v0.21.1", least: "1.25.0" },
      { from: "v0.22.0", to: "v0.23.0", least: "1.26.0" },
    ],
  },
  dlv: {
    binary: "dlv",
    packages: { 1: "github.com/go-delve/delve/cmd/dlv" },
    rows: [
      { from: "v1.22.0", to: "v1.22.1", least: "1.21.0", most: "1.22" },
      { from: "v1.23.0", to: "v1.23.1", least: "1.21.0", most: "1.23" },
      { from: "v1.24.0", to: "v1.25.0", least: "1.21.0", most: "1.24" },
      { from: "v1.25.1", to: "v1.25.2", least: "1.22.0", most: "1.25" },
      { from: "v1.26.0", to: "v1.26.3", least: "1.24.0", most: "1.26" },
      { from: "v1.27.0", to: "v1.27.2", least: "1.25.0", most: "1.27" },
    ],
  },
  goimports: {
    binary: "goimports",
    packages: { 0: "golang.org/x/tools/cmd/goimports" },
    rows: [
      { from: "v0.22.0", to: "v0.24.0", least: "1.21.0", most: "1.24" },
      { from: "v0.24.1", to: "v0.24.1", least: "1.21.0" },
      { from: "v0.25.0", to: "v0.25.0", least: "1.22.0", most: "1.24" },
      { from: "v0.25.1", to: "v0.30.0", least: "1.22.0" },
      { from: "v0.31.0", to: "v0.36.0", least: "1.23.0" },
      { from: "v0.37.0", to: "v0.42.0", least: "1.24.0" },
      { from: "v0.43.0", to: "v0.49.0", least: "1.25.0" },
      { from: "v0.50.0", to: "v0.52.0", least: "1.26.0" },
    ],
  },
  golangciLint: {
    binary: "golangci-lint",
    packages: {
      1: "github.com/golangci/golangci-lint/cmd/golangci-lint",
      2: "github.com/golangci/golangci-lint/v2/cmd/golangci-lint",
    },
    rows: [
      { from: "v1.57.2", to: "v1.59.1", least: "1.21.0", most: "1.22" },
      { from: "v1.60.0", to: "v1.63.4", least: "1.22.1", most: "1.23" },
      { from: "v1.64.2", to: "v1.64.8", least: "1.23.0", most: "1.24" },
      { from: "v2.0.2", to: "v2.3.1", least: "1.23.0", most: "1.24" },
      { from: "v2.4.0", to: "v2.8.0", least: "1.24.0", most: "1.25" },
      { from: "v2.9.0", to: "v2.12.2", least: "1.25.0", most: "1.26" },
      { from: "v2.13.0", to: "v2.13.0", least: "1.26.0" },
    ],
  },
  govulncheck: {
    binary: "govulncheck",
    packages: { 1: "golang.org/x/vuln/cmd/govulncheck" },
    rows: [
      { from: "v1.0.4", to: "v1.1.3", least: "1.21.0", most: "1.24" },
      { from: "v1.1.4", to: "v1.1.4", least: "1.22.0" },
      { from: "v1.2.0", to: "v1.6.0", least: "1.25.0" },
    ],
  },
};
