// Exact sound. Browsers seek in an MP3 by guessing, which puts the music up to 0.1 s away from where they say it is.
// So the MP3 is unpacked once and handed back to the audio element as WAV, in which every seek is exact.

const ENCODER_DELAY = 1105;  // samples that an MP3 starts late when its decoder does not cut them (LAME: 576 + 529)
const LONGEST_EXACT = 30e6;  // samples; beyond them the memory of a phone would not do, and the MP3 plays as it is

async function exactSound(given, rate, samples) {
  const comma = given.indexOf(",");
  const kind = given.slice(5, given.indexOf(";")), bytes = bytesOf(given.slice(comma + 1));
  if (!kind.endsWith("mpeg") || samples > LONGEST_EXACT) {
    return new Blob([bytes], { type: kind });
  }
  try {
    const Offline = window.OfflineAudioContext || window.webkitOfflineAudioContext;
    const sound = await new Offline(1, 1, rate).decodeAudioData(bytes.buffer);
    const first = sound.length - samples > 600 ? ENCODER_DELAY : 0;
    return new Blob([wavOf(sound, first, samples)], { type: "audio/wav" });
  } catch (error) {  // not unpacked; it may still play
    return new Blob([bytesOf(given.slice(comma + 1))], { type: kind });
  }
}

function wavOf(sound, first, count) {
  const channels = sound.numberOfChannels, size = count * channels * 2, view = new DataView(new ArrayBuffer(44 + size));
  const text = (at, letters) => [...letters].forEach((letter, i) => view.setUint8(at + i, letter.charCodeAt(0)));
  text(0, "RIFF"); view.setUint32(4, 36 + size, true); text(8, "WAVEfmt "); view.setUint32(16, 16, true);
  view.setUint16(20, 1, true); view.setUint16(22, channels, true); view.setUint32(24, sound.sampleRate, true);
  view.setUint32(28, sound.sampleRate * channels * 2, true); view.setUint16(32, channels * 2, true); view.setUint16(34, 16, true);
  text(36, "data"); view.setUint32(40, size, true);
  const out = new Int16Array(view.buffer, 44);  // browsers run on little-endian machines, as WAV wants
  for (let c = 0; c < channels; c++) {
    const from = sound.getChannelData(c).subarray(first);
    for (let i = 0, last = Math.min(count, from.length); i < last; i++)
      out[i * channels + c] = Math.max(-32768, Math.min(32767, Math.round(from[i] * 32767)));
  }
  return view.buffer;
}
