import { spawn } from "node:child_process";
import path from "node:path";
import { withLock } from "../../provider/lock.ts";

const name = `test-${process.pid}`;
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test("one at a time, and the one that waits is told who holds it", async () => {
  const order: string[] = [];
  const told: string[] = [];
  const first = withLock(name, {}, async () => {
    order.push("first in");
    await sleep(100);
    order.push("first out");
  });
  await sleep(20);
  await withLock(name, { onWait: (holder) => told.push(holder) }, async () => {
    order.push("second in");
  });
  await first;
  expect(order).toEqual(["first in", "first out", "second in"]);
  expect(told).toEqual([`process ${process.pid}`]);
});

test("the result and the exception of the work come through, and free the lock", async () => {
  expect(await withLock(name, {}, async () => 7)).toBe(7);
  await expect(withLock(name, {}, () => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
  expect(await withLock(name, {}, async () => 8)).toBe(8);
});

test("waiting can be cancelled", async () => {
  let release = () => {};
  const first = withLock(name, {}, () => new Promise<void>((resolve) => (release = resolve)));
  await sleep(20);
  const stop = new AbortController();
  const second = withLock(name, { signal: stop.signal, onWait: () => stop.abort(new Error("enough")) }, async () => {});
  await expect(second).rejects.toThrow("enough");
  release();
  await first;
});

test("kill -9 of the holder frees it", async () => {
  const lock = path.join(__dirname, "../../provider/lock.ts");
  const script = `import(${JSON.stringify(lock)}).then(({ withLock }) => withLock(${JSON.stringify(name)}, {}, () => { console.log("held"); return new Promise(() => setInterval(() => {}, 1000)); }));`;
  const holder = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", "-e", script], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  await new Promise((resolve) => holder.stdout.once("data", resolve));
  const second = withLock(name, { onWait: () => holder.kill("SIGKILL") }, async () => "mine");
  expect(await second).toBe("mine");
}, 15_000);
