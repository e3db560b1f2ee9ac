/** Typed resources and functions of our own provider plugin (`provider/`). Nothing here touches the machine. */
import * as pulumi from "@pulumi/pulumi";
import type { Facts, FactsArgs } from "../domain/facts.ts";
import type { ImageRecipe } from "../domain/recipe.ts";

/** What a key of a managed file can hold: `ini` takes texts, numbers and booleans, `json` everything. */
export type FileValue = null | boolean | number | string | FileValue[] | { [key: string]: FileValue };

export interface ManagedFileArgs {
  /** Absolute path. */
  path: pulumi.Input<string>;
  /**
   * Who owns what in the file. `whole`: all of it is ours. `ini`, `json`, `jsonc` (JSON with comments): the keys of
   * `values`. `block`: lines between two marks. Default `whole`.
   */
  mode?: pulumi.Input<"whole" | "ini" | "json" | "jsonc" | "block">;
  /** For `whole` and `block`: the text. */
  content?: pulumi.Input<string>;
  /** For `ini` `{ section: { key: value } }`; for `json` and `jsonc` keys nested as in the file, arrays are values. */
  values?: pulumi.Input<{ [key: string]: pulumi.Input<FileValue> }>;
  /** For `block`: what begins a comment line. Default `#`. */
  comment?: pulumi.Input<string>;
  /** For `block`: the name in its marks, so that a file can have several. Default `settings`. */
  block?: pulumi.Input<string>;
  /** A symbolic link at the path: an error, or the file that it points at is managed. Default `refuse`. */
  symlink?: pulumi.Input<"refuse" | "follow">;
  /** Unix permissions as octal text. Default `0644` for a new file; a file that was there keeps its own. */
  permissions?: pulumi.Input<string>;
  /** For `whole`: `UID:GID` in numbers, such as `1000:1000`. Default: the file's own, or whoever runs this. */
  owner?: pulumi.Input<string>;
}

/** A file, or our keys or lines in one, kept as declared; what stood there before is given back on delete. */
export class ManagedFile extends pulumi.CustomResource {
  declare readonly path: pulumi.Output<string>;
  /** SHA-256 of what is ours on disk (`whole`: the content), lower-case hexadecimal; empty where nothing of it is. */
  declare readonly sha256: pulumi.Output<string>;

  constructor(name: string, args: ManagedFileArgs, opts?: pulumi.CustomResourceOptions) {
    super("workstation:index:ManagedFile", name, { sha256: undefined, ...args }, opts);
  }
}

export interface LocalImageArgs {
  /** Repository name without tag, such as `go-workstation/root/dev`. The tag is the recipe's content hash. */
  repository: pulumi.Input<string>;
  recipe: pulumi.Input<ImageRecipe>;
}

/** An image that was assembled or built on this machine, named by the hash of what went into it. */
export class LocalImage extends pulumi.CustomResource {
  /** `repository:tag`, known at preview. */
  declare readonly reference: pulumi.Output<string>;
  /** The engine's id, `sha256:…`. */
  declare readonly imageId: pulumi.Output<string>;
  /** Bytes, layers that are shared with other images included. */
  declare readonly size: pulumi.Output<number>;

  constructor(name: string, args: LocalImageArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      "workstation:index:LocalImage",
      name,
      { reference: undefined, imageId: undefined, size: undefined, ...args },
      opts,
    );
  }
}

export interface ProcessLimitArgs {
  /** The container's id: a new container needs a new limit. */
  container: pulumi.Input<string>;
  /** Processes and threads together. */
  limit: pulumi.Input<number>;
}

/** How many processes and threads a container may have; the Docker provider has no argument for it. */
export class ProcessLimit extends pulumi.CustomResource {
  declare readonly limit: pulumi.Output<number>;

  constructor(name: string, args: ProcessLimitArgs, opts?: pulumi.CustomResourceOptions) {
    super("workstation:index:ProcessLimit", name, { ...args }, opts);
  }
}

/** Asks the provider what is true of this machine. Read-only, the same answer at preview and at update. */
export function getFacts(args: FactsArgs, opts?: pulumi.InvokeOptions): Promise<Facts> {
  return pulumi.runtime.invoke("workstation:index:facts", args, opts ?? {});
}
