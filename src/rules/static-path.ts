/**
 * Which paths are those of static assets: pictures, styles, scripts, fonts. Told by their ending alone.
 */

/** Endings of static assets. */
export const STATIC_EXTENSIONS: ReadonlySet<string> = new Set(
  'css js mjs map png jpg jpeg gif svg webp avif ico bmp woff woff2 ttf eot otf mp4 webm mp3 ogg'.split(' '),
);

/** True when a path ends in the extension of a static asset. */
export function isStaticPath(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = end - 1; i >= start && i >= end - 6; i--) {
    const c = bytes[i]!;
    if (c === 47) return false;
    if (c === 46)
      return STATIC_EXTENSIONS.has(
        Buffer.from(bytes.subarray(i + 1, end))
          .toString('latin1')
          .toLowerCase(),
      );
  }
  return false;
}
