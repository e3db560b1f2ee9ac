import { folders } from "../../provider/folders.ts";

test.each([
  [{}, "/home/u/.cache/go-workstation", "/home/u/.local/state/go-workstation"],
  [{ XDG_CACHE_HOME: "/x/c", XDG_STATE_HOME: "/x/s" }, "/x/c/go-workstation", "/x/s/go-workstation"],
  [
    { XDG_CACHE_HOME: "relative", XDG_STATE_HOME: "" },
    "/home/u/.cache/go-workstation",
    "/home/u/.local/state/go-workstation",
  ],
  [{ WORKSTATION_CACHE_DIR: "/c/", WORKSTATION_STATE_DIR: "/s", XDG_CACHE_HOME: "/x" }, "/c", "/s"],
])("%j", (env, cache, state) => {
  expect(folders(env, "/home/u")).toEqual({ cache, state });
});
