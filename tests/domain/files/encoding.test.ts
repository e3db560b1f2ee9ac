import { decodeText, encodeText } from "../../../domain/files/encoding.ts";

const le = Buffer.from("[a]\r\nk=ü\r\n", "utf16le");

test.each([
  ["UTF-8", Buffer.from("ü")],
  ["UTF-8 with a mark", Buffer.from("\uFEFFü")],
  ["UTF-16 little-endian", Buffer.concat([Buffer.from([0xff, 0xfe]), le])],
  ["UTF-16 big-endian", Buffer.concat([Buffer.from([0xfe, 0xff]), Buffer.from(le).swap16()])],
  ["nothing", Buffer.alloc(0)],
])("%s comes back byte for byte, without its mark in the text", (_name, bytes) => {
  const { text, encoding } = decodeText(bytes);
  expect(text).not.toContain("\uFEFF");
  expect(encodeText(text, encoding).equals(bytes)).toBe(true);
});

test.each([
  ["a broken sequence", Buffer.from([0x61, 0xff, 0x62]), "not valid UTF-8"],
  ["half a character of UTF-16", Buffer.from([0xff, 0xfe, 0x61]), "not valid UTF-16"],
  ["UTF-16 without a mark", le, "zero bytes"],
])("%s is refused", (_name, bytes, reason) => {
  expect(() => decodeText(bytes)).toThrow(reason);
});
