/** Gets a secret from a person or a pipe. It is never an argument: those can be seen by everybody on the machine. */
import type { Readable } from "node:stream";
import { CliError, InterruptedError } from "../errors.ts";

export type SecretInput = Readable & { isTTY?: boolean; setRawMode?: (raw: boolean) => unknown };

/** Far above any password or key. */
const MOST_CHARACTERS = 64 * 1024;

export async function readSecret(input: SecretInput, write: (text: string) => void, what: string): Promise<string> {
  if (input.isTTY !== true) return await readAll(input);
  const first = await askHidden(input, write, `${what}: `);
  if (first === "") throw new CliError(`${what}: is empty. Nothing was changed.`);
  if ((await askHidden(input, write, "Once more: ")) !== first) {
    throw new CliError("The two are not the same. Nothing was changed.");
  }
  return first;
}

function readAll(input: SecretInput): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    input.setEncoding("utf8");
    input.on("data", (chunk: string) => {
      text += chunk;
      if (text.length > MOST_CHARACTERS) {
        input.pause();
        reject(new CliError(`stdin has more than ${MOST_CHARACTERS} characters: that is no password and no key.`));
      }
    });
    input.on("end", () => resolve(text));
    input.on("error", reject);
    input.resume();
  });
}

/** One line, nothing of which appears. In raw mode the terminal's own keys have to be obeyed here. */
export async function askHidden(input: SecretInput, write: (text: string) => void, question: string): Promise<string> {
  write(question);
  input.setRawMode?.(true);
  input.setEncoding("utf8");
  try {
    return await new Promise((resolve, reject) => {
      const typed: string[] = [];
      const listen = (chunk: string): void => {
        for (const key of chunk) {
          const ends = key === "\r" || key === "\n" || (key === "\u0004" && typed.length === 0);
          if (ends || key === "\u0003") {
            done(() => (ends ? resolve(typed.join("")) : reject(new InterruptedError())));
            return;
          }
          if (key === "\u007f" || key === "\b") typed.pop();
          else if (key === "\u0015") typed.length = 0;
          else typed.push(key);
        }
      };
      const gone = (): void => done(() => reject(new CliError("The terminal was closed. Nothing was changed.")));
      const done = (finish: () => void): void => {
        input.off("data", listen);
        input.off("end", gone);
        input.pause();
        finish();
      };
      input.on("data", listen);
      input.on("end", gone);
      input.resume();
    });
  } finally {
    input.setRawMode?.(false);
    write("\n");
  }
}
