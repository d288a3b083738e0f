// The rooms, and which verbs are asked for and answered in each.

export const ROOMS = [
  { name: "classify", title: "Classify", words: "Name the genre of recordings", verbs: ["classify"] },
  { name: "transfer", title: "Transfer", words: "Give a recording the style of another", verbs: ["transfer"] },
  { name: "generate", title: "Generate", words: "Make loops of a class", verbs: ["generate"] },
  { name: "compose", title: "Compose", words: "Go on from MIDI, fill in, or start from nothing", verbs: ["compose", "render"] },
  { name: "train", title: "Train", words: "Teach it your own genres", verbs: ["audit", "train", "corpus"] },
  { name: "measure", title: "Measure", words: "How good a model is, and what makes it better", verbs: ["evaluate", "repeat", "tune", "ladder", "reproduce", "sweep"] },
  { name: "models", title: "Models", words: "What can be chosen, and how good it is", verbs: [] },
];

/** The name of the room where a verb's jobs are shown. */
export const roomOf = (verb) => ROOMS.find((room) => room.verbs.includes(verb)).name;
