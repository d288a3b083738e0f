// Notes that were played in the page, written as a MIDI file, so that they go the way that any file goes.

const SUSTAIN = 64;

/** A number in groups of seven bits, the way MIDI writes times. */
function variable(number) {
  const bytes = [number & 0x7f];
  for (let rest = number >> 7; rest > 0; rest >>= 7) bytes.unshift((rest & 0x7f) | 0x80);
  return bytes;
}

const word = (text) => [...text].map((letter) => letter.charCodeAt(0));
const long = (number) => [24, 16, 8, 0].map((shift) => (number >> shift) & 0xff);

/**
 * The bytes of a MIDI file of one track, whose ticks are milliseconds. `notes` are {start, length, pitch, velocity} and
 * `pedals` {at, down}, in seconds.
 */
export function midiFile(notes, pedals = []) {
  const events = [
    ...notes.flatMap(({ start, length, pitch, velocity }) => [
      { at: start, order: 2, bytes: [0x90, pitch, velocity] }, { at: start + length, order: 0, bytes: [0x80, pitch, 0] },
    ]),
    ...pedals.map(({ at, down }) => ({ at, order: 1, bytes: [0xb0, SUSTAIN, down ? 127 : 0] })),
  ].map((event) => ({ ...event, tick: Math.round(event.at * 1000) }));
  events.sort((a, b) => a.tick - b.tick || a.order - b.order);
  let tick = 0;
  const track = [0, 0xff, 0x51, 3, 0x07, 0xa1, 0x20]; // a beat of half a second, which 500 ticks make
  for (const event of events) {
    track.push(...variable(event.tick - tick), ...event.bytes);
    tick = event.tick;
  }
  track.push(0, 0xff, 0x2f, 0);
  return new Uint8Array([...word("MThd"), ...long(6), 0, 0, 0, 1, 500 >> 8, 500 & 0xff, ...word("MTrk"), ...long(track.length), ...track]);
}
