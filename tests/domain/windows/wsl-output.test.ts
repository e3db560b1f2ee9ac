import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  decodeWindowsText,
  parseDistributions,
  parseNetworkingMode,
  parseRunning,
  parseWslInfoVersion,
  parseWslVersion,
} from "../../../domain/windows/wsl-output.ts";

const recorded = (name: string): string =>
  readFileSync(join(__dirname, "../../standins/windows/recorded", name), "utf8");
const languages = ["english", "german", "chinese"];

describe("encodings", () => {
  const text = "  名称   Wird ausgeführt\n* Ubuntu\n";
  const crlf = text.replaceAll("\n", "\r\n");
  test.each([
    ["UTF-16LE", Buffer.from(crlf, "utf16le")],
    ["UTF-16LE with a mark", Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(crlf, "utf16le")])],
    ["UTF-8", Buffer.from(text)],
    ["UTF-8 with a mark and CRLF", Buffer.from(`\ufeff${crlf}`)],
  ])("%s", (_, bytes) => expect(decodeWindowsText(bytes)).toBe(text));
  test("nothing", () => expect(decodeWindowsText(Buffer.alloc(0))).toBe(""));
});

test.each(languages)("wsl.exe --version, %s", (language) => {
  expect(parseWslVersion(recorded(`wsl-version-${language}.txt`))).toEqual({
    wsl: "2.3.26.0",
    kernel: "5.15.167.4-1",
    wslg: "1.0.65",
    windows: "10.0.22631.4602",
  });
});

test("versions in French order, without WSLg, and a suffix", () => {
  const text = "Version WSL : 2.4.4.0\nVersion du noyau : 5.15.167.4-1-dirty\n";
  expect(parseWslVersion(text)).toEqual({ wsl: "2.4.4.0", kernel: "5.15.167.4-1-dirty", wslg: "", windows: "" });
});

test("the wsl.exe that comes with Windows knows no --version", () => {
  expect(parseWslVersion(recorded("wsl-inbox-help.txt"))).toBeUndefined();
});

test.each(languages)("wsl.exe --list --verbose, %s", (language) => {
  const found = parseDistributions(recorded(`wsl-list-${language}.txt`));
  expect(found.map(({ name, version, isDefault }) => [name, version, isDefault])).toEqual([
    ["Ubuntu-24.04", 2, true],
    ["docker-desktop", 2, false],
    ["Debian", 1, false],
  ]);
  expect(found[0]?.state).not.toBe(found[1]?.state);
});

test("no distribution at all is a sentence, not a list", () => {
  const sentence = "Windows Subsystem for Linux has no installed distributions.\nUse 'wsl.exe --install' version 2\n";
  expect(parseDistributions(sentence)).toEqual([]);
});

test("what runs, of what there is", () => {
  expect(parseRunning("Ubuntu\r\n Debian \n", ["Ubuntu", "Debian", "Arch"])).toEqual(["Ubuntu", "Debian"]);
  expect(parseRunning("Es werden keine Distributionen ausgeführt.\n", ["Ubuntu"])).toEqual([]);
});

test("wslinfo", () => {
  expect(parseNetworkingMode("mirrored\n")).toBe("mirrored");
  expect(parseNetworkingMode("NAT")).toBe("nat");
  expect(parseNetworkingMode("Unknown option")).toBeUndefined();
  expect(parseWslInfoVersion("2.3.26.0\n")).toBe("2.3.26.0");
  expect(parseWslInfoVersion("usage: 1.2")).toBeUndefined();
});
