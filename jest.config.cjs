// jest still loads configuration and tests as CommonJS; swc turns our erasable TypeScript modules into that.
// The program itself never runs through this: Node strips the types.
const common = {
  rootDir: __dirname,
  testEnvironment: "node",
  // Many tests start real programs; a busy machine takes its time.
  testTimeout: 30_000,
  transform: {
    "^.+\\.ts$": [
      "@swc/jest",
      {
        jsc: { parser: { syntax: "typescript" }, target: "es2023" },
        module: { type: "commonjs", ignoreDynamic: false },
        sourceMaps: "inline",
      },
    ],
  },
  moduleFileExtensions: ["ts", "js", "json"],
  modulePathIgnorePatterns: ["<rootDir>/.workstation/"],
};

module.exports = {
  projects: [
    {
      ...common,
      displayName: "unit",
      testMatch: ["<rootDir>/tests/**/*.test.ts"],
      testPathIgnorePatterns: ["/node_modules/", "<rootDir>/tests/integration/"],
    },
    {
      ...common,
      displayName: "integration",
      testMatch: ["<rootDir>/tests/integration/**/*.test.ts"],
      globalSetup: "<rootDir>/tests/integration/support/shared-daemon.ts",
      globalTeardown: "<rootDir>/tests/integration/support/shared-daemon-end.ts",
    },
  ],
};
