import { defineRule, type Rule } from "../rule.ts";

const ID = /^sha256:[0-9a-f]{64}$/;
const DIGEST = /^[^\s@]+@sha256:[0-9a-f]{64}$/;

export function imagesByContent(): Rule {
  return defineRule({
    id: "image-content",
    title: "Images are named by their content",
    why: "A tag can point to something else tomorrow: what was reviewed is then not what runs, and nothing shows it.",
    fix: "Give an image id (sha256:<64 hexadecimal digits>) or NAME@sha256:<digest>; images made here come from LocalImage, whose `imageId` is that.",
    reference: "CIS Docker Benchmark 1.2.0, 4.2 and 5.27",
    level: "mandatory",
    options: {},
    schema: {},
    checks: {
      "docker:index/container:Container"({ image = "" }, report) {
        if (!ID.test(image) && !DIGEST.test(image)) report(`image is ${JSON.stringify(image)}`, "image");
      },
      "docker:index/remoteImage:RemoteImage"({ name = "", build }, report) {
        // What is built here gets its tag here; the container that runs it is judged by the image's id.
        if (build === undefined && !DIGEST.test(name)) report(`name is ${JSON.stringify(name)}`, "name");
      },
      "docker:index/image:Image"({ imageName = "" }, report) {
        report(`${imageName} is a docker.Image, which names its result by tag`, "imageName");
      },
      "workstation:index:LocalImage"({ recipe }, report) {
        if (recipe?.base.kind !== "image") return;
        const { reference } = recipe.base;
        if (!ID.test(reference) && !DIGEST.test(reference)) {
          report(`recipe.base.reference is ${JSON.stringify(reference)}`, "recipe.base.reference");
        }
      },
    },
  });
}
