/** What each profile has to have negotiated. TLCP: ECC-SM2-SM4-GCM-SM3 and ECDHE-SM2-SM4-GCM-SM3. */
export const SUITES: Readonly<Record<string, readonly string[]>> = {
  rfc8998: ["0x00c6"],
  tlcp: ["0xe053", "0xe051"],
};
