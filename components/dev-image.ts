import * as pulumi from "@pulumi/pulumi";
import type { ImageRecipe } from "../domain/recipe.ts";
import { LocalImage } from "../resources/workstation.ts";

export interface DevImageArgs {
  /** Repository without tag; the tag is the recipe's hash. */
  repository: string;
  recipe: ImageRecipe;
}

/** The image that a project owner's containers run: Go SDKs, their tools, the owner's user. */
export class DevImage extends pulumi.ComponentResource {
  readonly reference: pulumi.Output<string>;
  readonly imageId: pulumi.Output<string>;
  readonly size: pulumi.Output<number>;

  constructor(name: string, args: DevImageArgs, opts?: pulumi.ComponentResourceOptions) {
    super("workstation:components:DevImage", name, {}, opts);
    const image = new LocalImage(
      `${name}-image`,
      { repository: args.repository, recipe: args.recipe },
      { parent: this },
    );
    this.reference = image.reference;
    this.imageId = image.imageId;
    this.size = image.size;
    this.registerOutputs({ reference: this.reference, imageId: this.imageId, size: this.size });
  }
}
