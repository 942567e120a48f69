// A Flamenco 3 job type: the lines of a batch as tasks of Blender's own render farm.
// Copy it into the Manager's scripts folder, restart the Manager, choose "Lipsync Batch" in Blender's Flamenco panel.
//
// Every task bakes the ids that match one pattern into a folder of its own, for two runs never share one.
const JOB_TYPE = {
  label: "Lipsync Batch",
  settings: [
    { key: "table", type: "string", required: true, subtype: "file_path",
      description: "Table of lines, on storage that all workers share" },
    { key: "out", type: "string", required: true, subtype: "dir_path",
      description: "Folder for the results, on shared storage; each task gets a folder in it" },
    { key: "patterns", type: "string", required: true, default: "*",
      description: "Patterns of ids separated by spaces, a task for each: \"act1/* act2/*\"" },
    { key: "arguments", type: "string", default: "--to {id}.csv --to {id}.json",
      description: "What else `lipsync batch` is told, separated by spaces" },
    { key: "lipsync", type: "string", default: "lipsync", visible: "submission",
      description: "The command on the workers" },
  ],
};

function compileJob(job) {
  const { table, out, patterns, arguments: more, lipsync } = job.settings;
  for (const pattern of words(patterns)) {
    const name = pattern.replace(/[^A-Za-z0-9_-]+/g, "_");
    const task = author.Task(`bake ${pattern}`, "misc");
    const told = ["batch", table, "--out", `${out}/${name}`, "--only", pattern, "--machine-readable", ...words(more)];
    task.addCommand(author.Command("exec", { exe: lipsync, args: told }));
    job.addTask(task);
  }
}

function words(text) {
  return text.split(" ").filter((word) => word);
}
