import { type GateConfig, withSecrets } from "../../../domain/go-proxy/gate-config.ts";

const config: GateConfig = {
  listen: ":8443",
  admin: "127.0.0.1:8081",
  tls: { pem: "/tls.pem" },
  auth: { user: "go", password: "" },
  storage: "/storage",
  programs: { athens: "/a", sumdb: "/s", go: "/g" },
  upstream: {},
  offline: false,
  private: [{ host: "git.a", modules: ["git.a"], protocol: "https", user: "git" }],
  shared: {
    s3: { bucket: "b", region: "r", endpoint: "", forcePathStyle: false, accessKeyId: "k", secretAccessKey: "" },
    redis: { endpoint: "r:6379", password: "" },
  },
};

test("each secret goes where it belongs", () => {
  const whole = withSecrets(config, "clients", { s3: "of the bucket", redis: "of the lock", "git.a": "of git" });
  expect(whole.auth.password).toBe("clients");
  expect(whole.private[0]?.password).toBe("of git");
  expect(whole.shared?.s3.secretAccessKey).toBe("of the bucket");
  expect(whole.shared?.redis.password).toBe("of the lock");
});

test("a Redis without a password has none, and a proxy that is not shared has no bucket", () => {
  expect(withSecrets(config, "clients", { s3: "x" }).shared?.redis.password).toBe("");
  const { shared: _shared, ...local } = config;
  expect(withSecrets(local, "clients", { s3: "x" })).not.toHaveProperty("shared");
});
