/** A file that we do not touch, and why; whoever shows it puts the file's name in front. */
export class FileProblem extends Error {}
