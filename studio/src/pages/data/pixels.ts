/** What a picture says that it measures: a few bytes may unfold to gigabytes, so it is asked before it is drawn. */

export interface Picture {
  type: string;
  width: number;
  height: number;
}

/** A PNG, GIF, BMP or JPEG by its first bytes, whatever its name says. */
export function measured(bytes: Uint8Array<ArrayBuffer>): Picture | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    if (view.getUint32(0) === 0x89504e47) return { type: "image/png", width: view.getUint32(16), height: view.getUint32(20) };
    if (view.getUint32(0) === 0x47494638) return { type: "image/gif", width: view.getUint16(6, true), height: view.getUint16(8, true) };
    if (view.getUint16(0) === 0x424d) return { type: "image/bmp", width: view.getInt32(18, true), height: Math.abs(view.getInt32(22, true)) };
    if (view.getUint16(0) === 0xffd8) return jpeg(view);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // it ends before it says
  }
  return undefined;
}

/** From segment to segment, up to the one of the frame (SOF0 to SOF15, of which three are something else). */
function jpeg(view: DataView): Picture | undefined {
  for (let at = 2; ; at += 2 + view.getUint16(at + 2)) {
    while (view.getUint8(at + 1) === 0xff) at++;
    const marker = view.getUint8(at + 1);
    if (view.getUint8(at) !== 0xff) return undefined;
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      return { type: "image/jpeg", height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
    }
  }
}
